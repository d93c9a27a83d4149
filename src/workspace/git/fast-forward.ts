/**
 * Moves the user's own branch to a mission's git commit: the one effect on their tree, only asked
 * for (--merge), only when the branch has not moved and the tree where it is checked out is clean.
 * git writes files and index first and the branch last: cut off in between, the tree holds exactly
 * the new commit, and the branch is moved by the next try. Else it is left for the person to see.
 */
import { realpathSync } from 'node:fs';
import { SkeinError } from '#protocol/errors.ts';
import { oneAtTime } from '#workspace/one-at-time.ts';
import type { EffectState } from '#workspace/workspace.ts';
import { readBranch, updateBranch } from './branch-ref.ts';
import type { Repository } from './open-repository.ts';
import { findOperation, listDirty } from './repository-state.ts';
import { gitText, runGit } from './run-git.ts';
import { listWorktrees } from './worktree-files.ts';

/** A fast-forward of the user's branch from one commit to a descendant of it. */
export interface FastForward {
  readonly repository: Repository;
  /** Short name of the branch. */
  readonly branch: string;
  readonly expectedOld: string;
  readonly to: string;
}

/**
 * Does it, or throws `merge-blocked` and changes nothing: the branch moved, the tree where it is
 * checked out is not clean, or a merge or rebase is under way there.
 */
export function fastForward(move: FastForward): Promise<void> {
  return oneAtTime(move.repository.commonDir, async () => {
    await assertUnmoved(move);
    const tree = await checkedOutAt(move);
    const reason = `skein: fast-forward to ${move.to.slice(0, 12)}`;
    if (tree === null || (await holdsTarget(tree, move))) {
      await updateBranch(move.repository, { ...move, reason });
      return;
    }
    await assertMergeable(tree, move);
    const flags = ['--ff-only', '--no-verify-signatures', '--no-autostash', '--no-stat', '--quiet'];
    const args = ['merge', ...flags, move.to];
    const { code, stderr } = await runGit({ cwd: tree, args, okCodes: [0, 1, 2, 128] });
    if ((await readBranch(move.repository, move.branch)) === move.to) return;
    const said = stderr.trim().split('\n')[0] ?? '';
    throw blocked(move, said === '' ? `git merge ended with ${code}` : said);
  });
}

/**
 * Whether the branch holds its target (done); not done: the tree is as it was, or as the branch is
 * now that somebody else moved it (then `fastForward` refuses and says so); anything else is unknown.
 */
export async function probeFastForward(move: FastForward): Promise<EffectState> {
  const now = await readBranch(move.repository, move.branch);
  if (now === null) return 'unknown';
  if (now === move.to || (await isAncestor(move, move.to, now))) return 'done';
  const tree = await checkedOutAt(move);
  if (tree === null || (await holdsTarget(tree, move))) return 'not-done';
  const { trackedCount } = await listDirty(tree);
  return trackedCount === 0 ? 'not-done' : 'unknown';
}

async function assertUnmoved(move: FastForward): Promise<void> {
  const { repository, branch, expectedOld, to } = move;
  const now = await readBranch(repository, branch);
  if (now !== expectedOld) {
    throw blocked(move, `it is at ${now?.slice(0, 12) ?? 'no commit'}, the work began elsewhere`);
  }
  if (await isAncestor(move, expectedOld, to)) return;
  throw blocked(move, 'the new commit does not follow it');
}

async function isAncestor(
  { repository }: FastForward,
  old: string,
  next: string,
): Promise<boolean> {
  const args = ['merge-base', '--is-ancestor', old, next];
  return (await runGit({ cwd: repository.top, args, okCodes: [0, 1] })).code === 0;
}

/** The working tree that has the branch checked out, the repository's own first. */
async function checkedOutAt({ repository, branch }: FastForward): Promise<string | null> {
  const args = ['symbolic-ref', '--quiet', 'HEAD'];
  const { stdout } = await runGit({ cwd: repository.top, args, okCodes: [0, 1] });
  if (stdout.toString().trim() === `refs/heads/${branch}`) return repository.top;
  const other = (await listWorktrees(repository.top)).find((tree) => tree.branch === branch);
  if (other === undefined) return null;
  try {
    return realpathSync(other.path);
  } catch (cause) {
    const message = `Cannot merge into ${branch}: it is checked out at ${other.path}, which is gone`;
    throw new SkeinError('merge-blocked', message, { fix: 'Run git worktree prune.', cause });
  }
}

/** Whether index and files of `tree` are exactly those of the target already. */
async function holdsTarget(tree: string, move: FastForward): Promise<boolean> {
  const args = ['diff-index', '--cached', '--quiet', move.to, '--'];
  if ((await runGit({ cwd: tree, args, okCodes: [0, 1] })).code !== 0) return false;
  // as the index holds the target, its difference to the files is what `diff-files` says
  const { stdout } = await runGit({ cwd: tree, args: ['status', '--porcelain', '-uno'] });
  return stdout
    .toString()
    .split('\n')
    .every((line) => line === '' || line[1] === ' ');
}

async function assertMergeable(tree: string, move: FastForward): Promise<void> {
  const gitDir = await gitText({ cwd: tree, args: ['rev-parse', '--absolute-git-dir'] });
  const operation = findOperation(gitDir);
  if (operation !== null) throw blocked(move, `a ${operation} is in progress in ${tree}`);
  const dirty = await listDirty(tree);
  // new files are no obstacle: git itself refuses to write over them
  const changed = dirty.paths.filter(({ status }) => status !== '??').map(({ path }) => path);
  if (dirty.trackedCount > 0) {
    const some = changed.slice(0, 3).join(', ');
    throw blocked(move, `${tree} has ${dirty.trackedCount} uncommitted change(s): ${some}`);
  }
}

const blocked = ({ branch, expectedOld, to }: FastForward, state: string): SkeinError =>
  new SkeinError('merge-blocked', `Cannot merge into ${branch}: ${state}`, {
    fix: `The work is kept in the git commit ${to}. When you are ready: git merge ${to.slice(0, 12)}`,
    details: { branch, expectedOld, to },
  });
