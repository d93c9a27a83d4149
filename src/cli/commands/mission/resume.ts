/** skein resume: continues a mission after a crash or an interruption. */
import type { CliCommand } from '../../command.ts';
import { connect } from '../../connect.ts';
import { followMission } from '../../follow-mission.ts';
import { findMission } from '../../mission-lookup.ts';
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
      help: 'approve the plan without asking, if it still waits',
    },
    verbose: { type: 'boolean', short: 'v', help: 'tell every event' },
  },
  run: async (typed) => {
    const client = await connect(typed);
    const { id: mission, space, body } = await findMission(client, typed.words[0]);
    // One that waits has not stopped: it lacks an answer, which who follows it is asked for.
    if (body.status !== 'waiting') {
      await client.post({ id: newCommandId(), name: 'mission.resume', input: { mission }, space });
    }
    const [yes, json, verbose] = [typed.flag('yes'), typed.flag('json'), typed.flag('verbose')];
    const how = { yes, approvedBy: '--yes', json, detach: false, verbose } as const;
    return followMission({ client, space, mission, ...how });
  },
};
