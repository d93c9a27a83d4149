/** skein run: states a goal, shows the plan, follows the mission. */
import type { CliCommand } from '../../command.ts';
import { connect } from '../../connect.ts';
import { MISSION_OPTIONS, readRequest, readShow, SHOW_OPTIONS } from '../../mission-request.ts';
import { startMission } from '../../start-mission.ts';

/** The command. */
export const command: CliCommand = {
  usage:
    'run "<goal>" [--repo <folder>] [--yes] [--check <command>]... [--merge] [--jobs <n>] [--detach]',
  summary: 'state a goal: plan it, approve it, carry it out',
  words: [1, 1],
  options: {
    yes: {
      type: 'boolean',
      short: 'y',
      help: 'approve the plan without asking, also a plan that changes on the way',
    },
    ...MISSION_OPTIONS,
    detach: {
      type: 'boolean',
      help: 'do not wait for the end (a plan that changes then waits for its answer)',
    },
    ...SHOW_OPTIONS,
  },
  run: async (typed) => {
    const request = readRequest(typed);
    return startMission(await connect(typed), request, {
      ...readShow(typed),
      answer: { type: typed.flag('yes') ? 'yes' : 'ask' },
      detach: typed.flag('detach'),
    });
  },
};
