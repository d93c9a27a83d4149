/** skein diff: what a mission changed, or would change. */
import type { CliCommand } from '../../command.ts';
import { connect } from '../../connect.ts';
import { printDiffThen } from '../../history/diff-then.ts';
import { AT_OPTION } from '../../history/mission-then.ts';
import { findMission } from '../../mission-lookup.ts';
import { newCommandId } from '../../new-id.ts';
import { paintDiff } from '../../terminal/paint-diff.ts';
import { style } from '../../terminal/style.ts';

/** The command. */
export const command: CliCommand = {
  usage: 'diff [<mission>] [--at <moment>]',
  summary: 'the change of a mission as a unified diff; of its plan, while it waits',
  words: [0, 1],
  options: { ...AT_OPTION },
  run: async (typed) => {
    const client = await connect(typed);
    const found = await findMission(client, typed.words[0]);
    const at = typed.value('at');
    if (at !== undefined) return printDiffThen(client, found, { at, json: typed.flag('json') });
    const { id: mission, space } = found;
    const call = { id: newCommandId(), name: 'mission.diff', input: { mission }, space };
    const { diff } = await client.post<{ diff: string }>(call);
    if (typed.flag('json')) process.stdout.write(`${JSON.stringify({ mission, diff })}\n`);
    else process.stdout.write(paintDiff(diff, style(process.stdout)));
    return 0;
  },
};
