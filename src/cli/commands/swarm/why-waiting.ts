/** skein why-waiting: why a mission or a task does not go on, and who could end the wait. */
import { SkeinError } from '#protocol/errors.ts';
import { whyWaiting, type Standing } from '#supervisor/why-waiting.ts';
import type { CliCommand } from '../../command.ts';
import { connect } from '../../connect.ts';
import { findMission, shortId } from '../../mission-lookup.ts';
import type { NodeClient } from '../../node-client.ts';
import { fetchSwarm } from '../../swarm-state.ts';
import { style, type Style } from '../../terminal/style.ts';
import { firstLine, taskName } from '../../terminal/wording.ts';

/** The command. */
export const command: CliCommand = {
  usage: 'why-waiting [<mission>|<mission>.<task>]',
  summary: 'why missions and tasks do not go on, and who could end the wait (default: all)',
  words: [0, 1],
  options: {},
  run: async (typed) => {
    const client = await connect(typed);
    const [word] = typed.words;
    const standings = await standingsOf(client, word);
    for (const standing of standings) {
      if (typed.flag('json')) process.stdout.write(`${JSON.stringify(standing)}\n`);
      else process.stdout.write(`${standingLines(standing, style(process.stdout)).join('\n')}\n`);
    }
    if (standings.length === 0) process.stderr.write('Nothing waits: no mission is under way.\n');
    return 0;
  },
};

/** All of the home, those of one mission, or one task. */
async function standingsOf(
  client: NodeClient,
  word: string | undefined,
): Promise<readonly Standing[]> {
  const standings = whyWaiting(await fetchSwarm(client));
  if (word === undefined) return standings;
  const [, prefix = word, number] = /^(.+)\.(\d+)$/u.exec(word) ?? [];
  const { id, body } = await findMission(client, prefix);
  const ofMission = standings.filter(({ mission }) => mission === id);
  if (number === undefined) {
    if (ofMission.length > 0) return ofMission;
    throw new SkeinError('conflict', `Cannot say why ${shortId(id)} waits: it is ${body.status}`);
  }
  const task = ofMission.find((each) => each.id === `${id}.${number}`);
  if (task !== undefined) return [task];
  const state = `it has ended, or there is no task ${number}`;
  throw new SkeinError(
    'not-found',
    `Cannot say why task ${number} of ${shortId(id)} waits: ${state}`,
    {
      fix: `See: skein tasks ${shortId(id)}`,
    },
  );
}

function standingLines(
  { kind, id, title, state, agent, reasons }: Standing,
  painted: Style,
): string[] {
  const { bold, dim, yellow } = painted;
  const name = kind === 'mission' ? bold(`mission ${shortId(id)}`) : `  ${taskName(id)}`;
  const indent = kind === 'mission' ? '  ' : '    ';
  const atWork = agent === null ? 'at work' : `at work: ${agent}`;
  if (state === 'at work') return [`${name}  ${firstLine(title)}  ${dim(atWork)}`];
  const why = reasons.map(({ text, endedBy, fix }) => {
    const isNamed = text.includes(endedBy);
    const who = fix !== undefined ? `: ${fix}` : isNamed ? '' : dim(` (ended by ${endedBy})`);
    return `${indent}${yellow(text)}${who}`;
  });
  return [`${name}  ${firstLine(title)}`, ...why];
}
