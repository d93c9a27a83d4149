/**
 * The worktree of a mission: a second working tree of the user's repository, detached at the base
 * commit, outside the user's own tree. Each effect comes as add, probe and remove; calls on one
 * repository wait for each other, because git's own commands race.
 */
import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import { deleteFolder } from '#lib/delete-folder.ts';
import { SkeinError } from '#protocol/errors.ts';
import { oneAtTime } from '#workspace/one-at-time.ts';
import type { EffectState } from '#workspace/workspace.ts';
import { WORKTREE_SETTINGS } from './git-environment.ts';
import type { Repository } from './open-repository.ts';
import { runGit } from './run-git.ts';
import { isOrphan, isWorktreeOf, listWorktrees, readLockReason } from './worktree-files.ts';

const CHECKOUT_TIMEOUT_MS = 600_000;

/** What identifies a worktree: where, at which commit, and for whom (shown by git). */
export interface WorktreePlan {
  /** Absolute path of a folder that doesn't exist yet. */
  readonly path: string;
  readonly commit: string;
  /** Shown by `git worktree list`, and a lock against `git worktree prune`. */
  readonly reason: string;
}

/**
 * Refuses a place where a worktree would do harm or not work; returns the plan with a real path.
 * Makes the parent folder. Throws `workspace-failed`.
 */
export function prepareWorktree(repository: Repository, plan: WorktreePlan): WorktreePlan {
  mkdirSync(dirname(plan.path), { recursive: true, mode: 0o700 });
  const path = join(realpathSync(dirname(plan.path)), basename(plan.path));
  const inside = [repository.top, repository.commonDir, repository.gitDir].find(
    (folder) => path === folder || path.startsWith(folder + sep),
  );
  if (inside !== undefined) {
    throw refusePlace(path, `it is inside the repository (${inside})`);
  }
  if (path.split(sep).includes('node_modules')) {
    // tools treat everything below a folder of this name as someone else's code
    throw refusePlace(path, 'a folder above it is named node_modules');
  }
  return { ...plan, path };
}

const refusePlace = (path: string, state: string): SkeinError =>
  new SkeinError('workspace-failed', `Cannot make a worktree at ${path}: ${state}`, {
    fix: 'Choose another home for Skein (--home or SKEIN_HOME).',
  });

/**
 * Makes the worktree that `prepareWorktree` returned and fills it, without hooks and downloads.
 * Throws `workspace-failed` when the folder exists; on other failures what was made is removed.
 */
export function addWorktree(repository: Repository, plan: WorktreePlan): Promise<void> {
  return oneAtTime(repository.commonDir, async () => {
    if (existsSync(plan.path)) {
      throw new SkeinError(
        'workspace-failed',
        `Cannot make a worktree at ${plan.path}: the folder exists`,
        { fix: 'Run skein clean, or remove the folder.' },
      );
    }
    try {
      await fillWorktree(repository, plan);
    } catch (error) {
      await removeNow(repository, plan.path).catch(() => undefined);
      throw error;
    }
  });
}

async function fillWorktree(repository: Repository, plan: WorktreePlan): Promise<void> {
  const { path, commit, reason } = plan;
  const add = ['worktree', 'add', '--detach', '--no-checkout', '--lock', path, commit];
  await runGit({ cwd: repository.top, args: add });
  await runGit({
    cwd: path,
    args: ['reset', '--hard', '--quiet', commit],
    settings: WORKTREE_SETTINGS,
    timeoutMs: CHECKOUT_TIMEOUT_MS,
  });
  await runGit({ cwd: repository.top, args: ['worktree', 'unlock', path] });
  await runGit({ cwd: repository.top, args: ['worktree', 'lock', '--reason', reason, path] });
}

/** Whether the worktree stands, complete and at its commit: its lock's reason is written last. */
export async function probeWorktree(
  repository: Repository,
  plan: WorktreePlan,
): Promise<EffectState> {
  const known = (await listWorktrees(repository.top)).find(({ path }) => path === plan.path);
  if (known === undefined) return existsSync(plan.path) ? 'unknown' : 'not-done';
  const complete = known.head === plan.commit && readLockReason(plan.path) === plan.reason;
  return complete ? 'done' : 'unknown';
}

/**
 * Removes the worktree at `path`, half-made ones too, and what git knows of it; a missing one is
 * fine. Nothing is deleted that isn't a worktree of this repository: then `workspace-failed`.
 */
export function removeWorktree(repository: Repository, path: string): Promise<void> {
  return oneAtTime(repository.commonDir, () => removeNow(repository, path));
}

/**
 * Removes a worktree whose repository is gone: its folder names a git folder that doesn't exist. A
 * missing folder is fine; anything else is refused with `workspace-failed`.
 */
export async function removeOrphanWorktree(path: string): Promise<void> {
  if (!existsSync(path)) return;
  if (!isOrphan(path)) throw notOurs(path, 'a worktree without its repository');
  await deleteFolder(path);
}

async function removeNow(repository: Repository, path: string): Promise<void> {
  const known = await listWorktrees(repository.top);
  const registered = known.some((tree) => !tree.main && tree.path === path);
  if (existsSync(path)) {
    if (path === repository.top || !(registered || isWorktreeOf(path, repository.commonDir))) {
      throw notOurs(path, `a worktree of ${repository.top}`);
    }
    await deleteFolder(path);
  }
  // the folder goes first: while git still knows the worktree, a crash here can be taken up again
  if (registered) {
    const args = ['worktree', 'remove', '--force', '--force', path];
    await runGit({ cwd: repository.top, args });
  }
}

const notOurs = (path: string, expected: string): SkeinError =>
  new SkeinError('workspace-failed', `Cannot remove ${path}: it is not ${expected}`, {
    fix: 'Look what it is, and remove it by hand if it is not needed.',
  });
