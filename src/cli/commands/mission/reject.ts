/** skein reject: says no to a waiting plan. */
import { SkeinError } from '#protocol/errors.ts';
import type { CliCommand } from '../../command.ts';
import { connect } from '../../connect.ts';
import { findMission, isWaiting, shortId } from '../../mission-lookup.ts';
import { newCommandId } from '../../new-id.ts';

/** The command. */
export const command: CliCommand = {
  usage: 'reject [<mission>] [--reason <text>]',
  summary: 'reject the plan that a mission waits with',
  words: [0, 1],
  options: { reason: { type: 'string', value: '<text>', help: 'why; it goes onto the record' } },
  run: async (typed) => {
    const client = await connect(typed);
    const { id: mission, space, body } = await findMission(client, typed.words[0], isWaiting);
    if (body.status !== 'waiting' || body.hash === null) {
      throw new SkeinError('conflict', `Cannot reject mission ${mission}: it is ${body.status}`);
    }
    const reason = typed.value('reason') ?? 'no reason given';
    const input = { mission, hash: body.hash, reason };
    await client.post({ id: newCommandId(), name: 'mission.reject', input, space });
    process.stderr.write(`mission ${shortId(mission)} rejected; nothing was changed\n`);
    return 0;
  },
};
