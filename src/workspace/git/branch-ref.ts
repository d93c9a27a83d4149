/** Sets the branch of a mission, only if it is where it is expected to be. No hook runs. */
import { SkeinError } from '#protocol/errors.ts';
import type { EffectState } from '#workspace/workspace.ts';
import { explainGitFailure } from './git-failure.ts';
import type { Repository } from './open-repository.ts';
import { runGit } from './run-git.ts';

/** A move of a branch; `expectedOld` null means that the branch must not exist. */
export interface BranchMove {
  /** Short name, such as `skein/m1`. */
  readonly branch: string;
  readonly expectedOld: string | null;
  readonly to: string;
  /** Written to the reflog. */
  readonly reason: string;
}

/** The commit that `branch` points to, or null when there is no such branch. */
export async function readBranch(repository: Repository, branch: string): Promise<string | null> {
  const args = ['rev-parse', '--verify', '--quiet', `refs/heads/${branch}^{commit}`];
  const { code, stdout } = await runGit({ cwd: repository.top, args, okCodes: [0, 1, 128] });
  return code === 0 ? stdout.toString().trim() : null;
}

/**
 * Throws before the work begins if `branch` could not be made at its end: the name is invalid
 * (`usage`), exists, or is in the way of another branch (`conflict`).
 */
export async function assertBranchFree(repository: Repository, branch: string): Promise<void> {
  const check = ['check-ref-format', `refs/heads/${branch}`];
  const { code } = await runGit({ cwd: repository.top, args: check, okCodes: [0, 1] });
  if (code !== 0) throw new SkeinError('usage', `Cannot name a branch ${branch}: git refuses it`);
  const args = ['for-each-ref', '--format=%(refname)', 'refs/heads/'];
  const { stdout } = await runGit({ cwd: repository.top, args });
  const full = `refs/heads/${branch}`;
  const other = stdout
    .toString('utf8')
    .split('\n')
    .find((ref) => ref !== '' && (`${full}/`.startsWith(`${ref}/`) || ref.startsWith(`${full}/`)));
  if (other === undefined) return;
  const name = other.replace('refs/heads/', '');
  throw new SkeinError('conflict', `Cannot make the branch ${branch}: ${name} exists`, {
    fix: `Rename or delete it: git branch -m ${name} <new name>`,
  });
}

/** Moves the branch. Throws `base-moved` when it is not at `expectedOld`. */
export async function updateBranch(repository: Repository, move: BranchMove): Promise<void> {
  const old = move.expectedOld ?? '0'.repeat(move.to.length);
  const ref = `refs/heads/${move.branch}`;
  const args = ['update-ref', '-m', move.reason, ref, move.to, old];
  const { code, stderr } = await runGit({
    cwd: repository.top,
    args,
    settings: ['core.fsync=committed,reference'],
    okCodes: [0, 1, 128],
  });
  if (code === 0) return;
  const now = await readBranch(repository, move.branch);
  if (now === move.expectedOld) {
    throw explainGitFailure({ args, cwd: repository.top, code, stderr });
  }
  const state = `it is at ${now ?? 'no commit'}, not at ${move.expectedOld ?? 'no commit'}`;
  throw new SkeinError('base-moved', `Cannot set the branch ${move.branch}: ${state}`, {
    fix: `Look who moved it: git reflog ${move.branch}`,
    details: { branch: move.branch, expectedOld: move.expectedOld, now },
  });
}

/** Where the branch is now: at `to` (done), at `expectedOld` (not done), or elsewhere. */
export async function probeBranch(repository: Repository, move: BranchMove): Promise<EffectState> {
  const now = await readBranch(repository, move.branch);
  if (now === move.to) return 'done';
  return now === move.expectedOld ? 'not-done' : 'unknown';
}
