/** skein run: states a goal, shows the plan, follows the mission. */
import { resolve } from 'node:path';
import type { CliCommand } from '../../command.ts';
import { connect } from '../../connect.ts';
import { startMission, type MissionRequest } from '../../start-mission.ts';

/** The command. */
export const command: CliCommand = {
  usage: 'run "<goal>" [--repo <folder>] [--yes] [--check <command>]... [--merge] [--detach]',
  summary: 'state a goal: plan it, approve it, carry it out',
  words: [1, 1],
  options: {
    repo: { type: 'string', value: '<folder>', help: 'the git repository (default: here)' },
    yes: { type: 'boolean', short: 'y', help: 'approve the plan without asking' },
    check: {
      type: 'string',
      multiple: true,
      value: '<command>',
      help: 'a check that must pass (repeatable; default: skein.yaml, else package.json)',
    },
    hooks: { type: 'boolean', help: "run the repository's commit hooks as a check" },
    merge: { type: 'boolean', help: 'fast-forward your branch when it is clean and unmoved' },
    'keep-exports': {
      type: 'boolean',
      help: 'keep an alias of the old name where a module exports it',
    },
    detach: { type: 'boolean', help: 'do not wait for the end' },
    verbose: { type: 'boolean', short: 'v', help: 'tell every event' },
  },
  run: async (typed) => {
    const request: MissionRequest = {
      goal: typed.words[0] ?? '',
      repository: resolve(typed.value('repo') ?? '.'),
      searchPath: process.env['PATH'] ?? '',
      options: {
        checks: typed.values('check'),
        merge: typed.flag('merge'),
        hooks: typed.flag('hooks'),
        keepExports: typed.flag('keep-exports'),
      },
    };
    return startMission(await connect(typed), request, {
      yes: typed.flag('yes'),
      json: typed.flag('json'),
      detach: typed.flag('detach'),
      verbose: typed.flag('verbose'),
    });
  },
};
