/** skein cancel: ends a mission for good, and says what is kept. */
import type { Cancelled } from '#supervisor/supervisor.ts';
import type { CliCommand } from '../../command.ts';
import { connect } from '../../connect.ts';
import { findMission, shortId } from '../../mission-lookup.ts';
import { newCommandId } from '../../new-id.ts';

/** The command. */
export const command: CliCommand = {
  usage: 'cancel [<mission>] [--reason <text>]',
  summary: 'end a mission that waits, works or was interrupted; says what is kept',
  words: [0, 1],
  options: { reason: { type: 'string', value: '<text>', help: 'why; it goes onto the record' } },
  run: async (typed) => {
    const client = await connect(typed);
    const { id: mission, space } = await findMission(client, typed.words[0]);
    const input = { mission, reason: typed.value('reason') ?? 'cancelled by the person' };
    const call = { id: newCommandId(), name: 'mission.cancel', input, space };
    const { worktree, gitCommit } = await client.post<Cancelled>(call);
    if (typed.flag('json')) {
      process.stdout.write(`${JSON.stringify({ mission, worktree, gitCommit })}\n`);
      return 0;
    }
    const kept = [
      'its record',
      ...(worktree === null ? [] : [`its worktree ${worktree} (until "skein clean")`]),
      ...(gitCommit === null ? [] : [`git commit ${gitCommit}`]),
    ];
    process.stderr.write(`mission ${shortId(mission)} cancelled. Kept: ${kept.join(', ')}.\n`);
    return 0;
  },
};
