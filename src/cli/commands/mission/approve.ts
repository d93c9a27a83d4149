/** skein approve: says yes to a waiting plan, and follows the mission. */
import { SkeinError } from '#protocol/errors.ts';
import type { CliCommand } from '../../command.ts';
import { connect } from '../../connect.ts';
import { followMission } from '../../follow-mission.ts';
import { findMission, isWaiting } from '../../mission-lookup.ts';
import { readShow, SHOW_OPTIONS } from '../../mission-request.ts';

/** The command. */
export const command: CliCommand = {
  usage: 'approve [<mission>] [--yes] [--detach]',
  summary: 'approve the plan that a mission waits with',
  words: [0, 1],
  options: {
    yes: { type: 'boolean', short: 'y', help: 'approve also a plan that changes on the way' },
    detach: { type: 'boolean', help: 'do not wait for the end' },
    ...SHOW_OPTIONS,
  },
  run: async (typed) => {
    const client = await connect(typed);
    const { id: mission, space, body } = await findMission(client, typed.words[0], isWaiting);
    if (body.status !== 'waiting' || body.hash === null) {
      throw new SkeinError('conflict', `Cannot approve mission ${mission}: it is ${body.status}`);
    }
    const { hash } = body;
    const answer = typed.flag('yes')
      ? { type: 'yes' as const }
      : { type: 'approve' as const, hash };
    const how = { ...readShow(typed), answer, detach: typed.flag('detach') };
    return followMission({ client, space, mission, ...how });
  },
};
