/** skein diff: what a mission changed, or would change. */
import type { CliCommand } from '../../command.ts';
import { connect } from '../../connect.ts';
import { findMission } from '../../mission-lookup.ts';
import { newCommandId } from '../../new-id.ts';
import { style } from '../../terminal/style.ts';

/** The command. */
export const command: CliCommand = {
  usage: 'diff [<mission>]',
  summary: 'the change of a mission as a unified diff; of its plan, while it waits',
  words: [0, 1],
  options: {},
  run: async (typed) => {
    const client = await connect(typed);
    const { id: mission, space } = await findMission(client, typed.words[0]);
    const call = { id: newCommandId(), name: 'mission.diff', input: { mission }, space };
    const { diff } = await client.post<{ diff: string }>(call);
    if (typed.flag('json')) process.stdout.write(`${JSON.stringify({ mission, diff })}\n`);
    else process.stdout.write(paint(diff));
    return 0;
  },
};

function paint(diff: string): string {
  const { green, red, cyan, bold } = style(process.stdout);
  const painted = diff.split('\n').map((line) => {
    if (/^(diff|index|---|\+\+\+) /u.test(line)) return bold(line);
    if (line.startsWith('@@')) return cyan(line);
    if (line.startsWith('+')) return green(line);
    return line.startsWith('-') ? red(line) : line;
  });
  return painted.join('\n');
}
