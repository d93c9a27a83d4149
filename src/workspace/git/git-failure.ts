/** What git's failures mean: the known ones get their own name and the fix that helps. */
import { SkeinError } from '#protocol/errors.ts';

const SHOWN_CHARACTERS = 2000;

/** A git call that ended with an exit code nobody expected. */
export interface GitFailure {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly code: number;
  readonly stderr: string;
}

/** The error to throw for a failed call of git. */
export function explainGitFailure(failure: GitFailure): SkeinError {
  const said = failure.stderr.trim().slice(0, SHOWN_CHARACTERS);
  const details = { args: failure.args.slice(0, 12), exitCode: failure.code, stderr: said };
  if (/dubious ownership/u.test(said)) {
    return new SkeinError(
      'repository-unsupported',
      `Cannot use the repository at ${failure.cwd}: it belongs to another user`,
      { fix: ownershipFix(said, failure.cwd), details },
    );
  }
  if (/\.lock': File exists|could not lock|cannot lock ref .*File exists/su.test(said)) {
    return new SkeinError(
      'repository-busy',
      `Cannot run git ${failure.args[0]}: another git holds a lock`,
      {
        fix: 'Wait for the other git to end; if none runs, remove the lock file that is named.',
        details,
      },
    );
  }
  if (/promisor|lazy fetch|could not fetch/u.test(said)) {
    return new SkeinError(
      'repository-unsupported',
      `Cannot read the repository at ${failure.cwd}: it is a partial clone and objects are missing`,
      { fix: 'Use a full clone: git clone without --filter.', details },
    );
  }
  if (/No space left on device/u.test(said)) {
    const message = `Cannot run git ${failure.args[0]}: the disk is full`;
    return new SkeinError('storage-failed', message, { details });
  }
  const first = said.split('\n')[0] ?? '';
  const state = first === '' ? `it ended with ${failure.code}` : first;
  return new SkeinError('git-failed', `Cannot run git ${failure.args[0]}: ${state}`, { details });
}

function ownershipFix(said: string, cwd: string): string {
  const named = /repository at '([^']+)'/u.exec(said)?.[1] ?? cwd;
  return `If you trust it: git config --global --add safe.directory '${named}'`;
}
