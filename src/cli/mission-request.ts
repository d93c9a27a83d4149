/** What "skein run" and "skein plan" take alike: the goal, its repository, what else is asked for. */
import { resolve } from 'node:path';
import { SkeinError } from '#protocol/errors.ts';
import type { Submission } from '#supervisor/supervisor.ts';
import type { CliOption, Typed } from './command.ts';

const MOST_JOBS = 64;

/** Options that say what the mission is. */
export const MISSION_OPTIONS = {
  repo: { type: 'string', value: '<folder>', help: 'the git repository (default: here)' },
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
  jobs: {
    type: 'string',
    value: '<n>',
    help: `how many tasks may be at work at once, 1 to ${MOST_JOBS} (default: the node decides)`,
  },
} as const satisfies Record<string, CliOption>;

/** Options that say how a mission is shown while it is followed. */
export const SHOW_OPTIONS = {
  plain: { type: 'boolean', help: 'tell the story in plain lines, also on a terminal' },
  verbose: { type: 'boolean', short: 'v', help: 'tell every event' },
} as const satisfies Record<string, CliOption>;

/** The request as it was typed; throws `usage` for a number of jobs that can't be. */
export function readRequest(typed: Typed): Submission {
  const jobs = readJobs(typed.value('jobs'));
  return {
    goal: typed.words[0] ?? '',
    repository: resolve(typed.value('repo') ?? '.'),
    searchPath: process.env['PATH'] ?? '',
    options: {
      checks: typed.values('check'),
      merge: typed.flag('merge'),
      hooks: typed.flag('hooks'),
      keepExports: typed.flag('keep-exports'),
      ...(jobs === undefined ? {} : { jobs }),
    },
  };
}

/** How it is shown, as it was typed. */
export const readShow = (
  typed: Typed,
): { readonly json: boolean; readonly plain: boolean; readonly verbose: boolean } => ({
  json: typed.flag('json'),
  plain: typed.flag('plain'),
  verbose: typed.flag('verbose'),
});

/** The number that was typed; throws `usage` for one that can't be. */
export function readJobs(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const jobs = /^\d{1,3}$/u.test(value) ? Number(value) : 0;
  if (jobs >= 1 && jobs <= MOST_JOBS) return jobs;
  throw new SkeinError('usage', `Cannot use --jobs ${value}: it is no number of tasks`, {
    fix: `Give a whole number from 1 to ${MOST_JOBS}.`,
  });
}
