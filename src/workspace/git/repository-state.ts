/** The state of git and of a working tree just now: too old, uncommitted, merging, sparse. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SkeinError } from '#protocol/errors.ts';
import { gitText, runGit } from './run-git.ts';
import { splitAtZero } from './tracked-files.ts';

const MAX_DIRTY_PATHS = 100;

/** An operation that git has begun and not ended. */
export type GitOperation = 'merge' | 'rebase' | 'cherry-pick' | 'revert' | 'bisect';

/** One uncommitted change: git's two status letters and the path. */
export interface DirtyPath {
  readonly path: string;
  readonly status: string;
}

/** What HEAD does not hold. `paths` are the first 100 of `count`. */
export interface DirtyState {
  readonly paths: readonly DirtyPath[];
  readonly count: number;
  /** How many of them are changes of tracked files (the others are new files). */
  readonly trackedCount: number;
}

const MARKERS: readonly (readonly [string, GitOperation])[] = [
  ['MERGE_HEAD', 'merge'],
  ['rebase-merge', 'rebase'],
  ['rebase-apply', 'rebase'],
  ['CHERRY_PICK_HEAD', 'cherry-pick'],
  ['REVERT_HEAD', 'revert'],
  ['BISECT_LOG', 'bisect'],
];

/** The operation in progress in the working tree whose git folder is `gitDir`. */
export function findOperation(gitDir: string): GitOperation | null {
  return MARKERS.find(([name]) => existsSync(join(gitDir, name)))?.[1] ?? null;
}

/** Whether `top` shows only a part of its tree. */
export async function isSparse(top: string): Promise<boolean> {
  const args = ['config', '--type=bool', '--get', 'core.sparseCheckout'];
  const { code, stdout } = await runGit({ cwd: top, args, okCodes: [0, 1] });
  return code === 0 && stdout.toString().trim() === 'true';
}

/** The uncommitted changes in `top`, new files included, ignored ones not. */
export async function listDirty(
  top: string,
  settings: readonly string[] = [],
): Promise<DirtyState> {
  const args = ['status', '--porcelain=v1', '-z', '--no-renames', '--ignore-submodules=dirty'];
  const { stdout } = await runGit({ cwd: top, args, settings });
  const all = splitAtZero(stdout).map((entry) => ({
    status: entry.subarray(0, 2).toString('latin1'),
    path: entry.subarray(3).toString('utf8'),
  }));
  return {
    paths: all.slice(0, MAX_DIRTY_PATHS),
    count: all.length,
    trackedCount: all.filter(({ status }) => status !== '??').length,
  };
}

// what Skein uses of git exists from 2.30 on
const FLOOR = [2, 30] as const;

/** `major.minor` of what `git --version` prints, or null when it can't be read. */
export function parseGitVersion(text: string): readonly [number, number] | null {
  const match = /git version (\d+)\.(\d+)/u.exec(text);
  return match === null ? null : [Number(match[1]), Number(match[2])];
}

/** The version of the git on PATH as text; throws `git-missing` when none or older than 2.30. */
export async function assertGitVersion(cwd: string): Promise<string> {
  const text = await gitText({ cwd, args: ['--version'] });
  const version = parseGitVersion(text);
  const [major, minor] = version ?? [0, 0];
  if (major > FLOOR[0] || (major === FLOOR[0] && minor >= FLOOR[1])) return `${major}.${minor}`;
  throw new SkeinError('git-missing', `Cannot work with ${text}: git 2.30 or newer is needed`, {
    fix: 'Install a newer git (https://git-scm.com/downloads).',
  });
}
