/** skein approve: says yes to a waiting plan, and follows the mission. */
import { SkeinError } from '#protocol/errors.ts';
import type { CliCommand } from '../../command.ts';
import { connect } from '../../connect.ts';
import { followMission } from '../../follow-mission.ts';
import { findMission } from '../../mission-lookup.ts';

/** The command. */
export const command: CliCommand = {
  usage: 'approve [<mission>] [--detach]',
  summary: 'approve the plan that a mission waits with',
  words: [0, 1],
  options: {
    detach: { type: 'boolean', help: 'do not wait for the end' },
    verbose: { type: 'boolean', short: 'v', help: 'tell every event' },
  },
  run: async (typed) => {
    const client = await connect(typed);
    const { id: mission, space, body } = await findMission(client, typed.words[0]);
    if (body.status !== 'waiting') {
      throw new SkeinError('conflict', `Cannot approve mission ${mission}: it is ${body.status}`);
    }
    const [json, detach, verbose] = [
      typed.flag('json'),
      typed.flag('detach'),
      typed.flag('verbose'),
    ];
    const approvedBy = 'skein approve';
    return followMission({ client, space, mission, yes: true, approvedBy, json, detach, verbose });
  },
};
