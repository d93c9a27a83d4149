/** skein compare: two missions side by side, or a fork beside what it was forked from. */
import { SkeinError } from '#protocol/errors.ts';
import type { Comparison } from '#supervisor/history/compare/compare-missions.ts';
import type { CliCommand, Typed } from '../../command.ts';
import { connect } from '../../connect.ts';
import { findMission, type FoundMission } from '../../mission-lookup.ts';
import { newCommandId } from '../../new-id.ts';
import type { NodeClient } from '../../node-client.ts';
import { compareLines } from '../../terminal/history/compare-table.ts';
import { paintDiff } from '../../terminal/paint-diff.ts';
import { style } from '../../terminal/style.ts';

/** Where there is no terminal to fit. */
const PLAIN_COLUMNS = 160;

const LEAST_COLUMNS = 40;

/** The command. */
export const command: CliCommand = {
  usage: 'compare <mission> [<mission>] [--diff]',
  summary: 'two missions (or a fork and its original): plan, files, decisions, checks, price',
  words: [1, 2],
  options: {
    diff: { type: 'boolean', help: 'the diff from the files of the first to those of the second' },
  },
  run: async (typed) => {
    const client = await connect(typed);
    const [a, b] = (await pairOf(client, typed)).map(({ id, space }) => ({ mission: id, space }));
    const diff = typed.flag('diff');
    const call = { id: newCommandId(), name: 'mission.compare', input: { a, b, diff } };
    const comparison = await client.post<Comparison>(call);
    const painted = style(process.stdout);
    if (typed.flag('json')) process.stdout.write(`${JSON.stringify(comparison)}\n`);
    else if (comparison.diff !== null) process.stdout.write(paintDiff(comparison.diff, painted));
    else {
      process.stdout.write(`${compareLines(comparison, painted, columnsOf()).join('\n')}\n`);
    }
    return 0;
  },
};

/** Those of the terminal; of a pipe those that COLUMNS asks for, as other programs do. */
function columnsOf(): number {
  const asked = Number(process.env['COLUMNS']);
  return process.stdout.columns ?? (asked >= LEAST_COLUMNS ? asked : PLAIN_COLUMNS);
}

/** A fork alone stands beside its original, which comes first. */
async function pairOf(client: NodeClient, { words }: Typed): Promise<readonly FoundMission[]> {
  const first = await findMission(client, words[0]);
  if (words.length > 1) return [first, await findMission(client, words[1])];
  const { forked } = first.body;
  if (forked !== null) return [await findMission(client, forked.from), first];
  throw new SkeinError('usage', `Cannot compare mission ${first.id} alone: it is no fork`, {
    fix: 'Name a second mission. See: skein missions',
  });
}
