/** skein resume: continues a mission after a crash or an interruption. */
import type { CliCommand } from '../../command.ts';
import { connect } from '../../connect.ts';
import { followMission } from '../../follow-mission.ts';
import { findMission } from '../../mission-lookup.ts';
import { readShow, SHOW_OPTIONS } from '../../mission-request.ts';
import { newCommandId } from '../../new-id.ts';

/** The command. */
export const command: CliCommand = {
  usage: 'resume [<mission>] [--yes]',
  summary: 'continue a mission that was interrupted',
  words: [0, 1],
  options: {
    yes: {
      type: 'boolean',
      short: 'y',
      help: 'approve the plan without asking, if it still waits or changes on the way',
    },
    ...SHOW_OPTIONS,
  },
  run: async (typed) => {
    const client = await connect(typed);
    const { id: mission, space, body } = await findMission(client, typed.words[0]);
    // One that waits has not stopped: it lacks an answer, which who follows it is asked for.
    if (body.status !== 'waiting') {
      await client.post({ id: newCommandId(), name: 'mission.resume', input: { mission }, space });
    }
    const answer = { type: typed.flag('yes') ? ('yes' as const) : ('ask' as const) };
    const how = { ...readShow(typed), answer, detach: false };
    return followMission({ client, space, mission, ...how });
  },
};
