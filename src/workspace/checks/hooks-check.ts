/**
 * The user's own commit hooks as checks, for `--hooks`. Skein's git commits run no hook; asked to,
 * it runs those two that judge a commit, in the worktree and after the change is staged in the
 * worktree's index. What they change is not taken into the commit.
 */
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { WORKTREE_SETTINGS } from '#workspace/git/git-environment.ts';
import type { Repository } from '#workspace/git/open-repository.ts';
import { gitText, runGit, runPlainGit } from '#workspace/git/run-git.ts';
import type { Check } from './check.ts';

/** What the hooks shall judge. */
export interface HooksRequest {
  readonly worktree: string;
  readonly paths: readonly string[];
  readonly message: string;
}

/**
 * Stages `paths` in the worktree's own index, puts the message where git does, and returns the
 * checks that run the repository's `pre-commit` and `commit-msg`; none when it has no such hooks.
 */
export async function mergeHooksCheck(
  repository: Repository,
  { worktree, paths, message }: HooksRequest,
): Promise<readonly Check[]> {
  const folder = await hooksFolder(repository.top);
  const find = (name: string): string | null =>
    findHook(repository.top, worktree, join(folder, name));
  const [preCommit, commitMessage] = [find('pre-commit'), find('commit-msg')];
  if (preCommit === null && commitMessage === null) return [];
  const at = (name: string): Promise<string> =>
    gitText({ cwd: worktree, args: ['rev-parse', '--git-path', name] });
  const index = resolve(worktree, await at('index'));
  const messageFile = resolve(worktree, await at('COMMIT_EDITMSG'));
  const input = paths.map((path) => `${path}\0`).join('');
  const stage = ['update-index', '-z', '--stdin'];
  await runGit({ cwd: worktree, args: stage, input, settings: WORKTREE_SETTINGS });
  writeFileSync(messageFile, message);
  const setting = `GIT_EDITOR=: GIT_INDEX_FILE=${quote(index)}`;
  return [
    ...hookCheck('pre-commit', setting, preCommit, []),
    ...hookCheck('commit-msg', setting, commitMessage, [messageFile]),
  ];
}

function hookCheck(
  name: string,
  setting: string,
  file: string | null,
  more: readonly string[],
): readonly Check[] {
  if (file === null) return [];
  const command = [setting, quote(file), ...more.map(quote)].join(' ');
  return [{ name: `hook ${name}`, command, source: 'hook', afterOnly: true }];
}

/** Where the user's git looks for hooks: their settings count, ours switch hooks off. */
async function hooksFolder(top: string): Promise<string> {
  const args = ['rev-parse', '--git-path', 'hooks'];
  const { stdout } = await runPlainGit({ cwd: top, args });
  return resolve(top, stdout.toString('utf8').replace(/\n$/u, ''));
}

/** A hook that the commit itself holds is taken from the worktree, else it is the user's file. */
function findHook(top: string, worktree: string, file: string): string | null {
  const inside = file.startsWith(top + sep) && !file.startsWith(join(top, '.git') + sep);
  const own = inside ? join(worktree, relative(top, file)) : file;
  return [own, file].find((each) => existsSync(each) && isProgram(each)) ?? null;
}

function isProgram(file: string): boolean {
  const stats = statSync(file);
  return stats.isFile() && (stats.mode & 0o111) !== 0;
}

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
