/** What a check is and what running one gives: plain data that goes onto the record as it is. */

import type { NetworkAccess } from '#sandbox/sandbox.ts';
import type { ProgramEnclosure } from '#workspace/programs/program-host.ts';

/** Where a check was found. */
export type CheckSource = 'flag' | 'skein.yaml' | 'package.json' | 'hook';

/** One check: a command line for `sh -c`, run at the top of the worktree. Exit code 0 is good. */
export interface Check {
  readonly name: string;
  readonly command: string;
  readonly source: CheckSource;
  /** Whether it only makes sense after the change (hooks look at what is staged). */
  readonly afterOnly?: boolean;
}

/** What a run of a check gave. */
export interface CheckResult {
  readonly name: string;
  readonly command: string;
  /** Null when it was ended by a signal. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly timedOut: boolean;
  readonly cancelled: boolean;
  /** The caller's clock. */
  readonly startedAt: number;
  readonly durationMs: number;
  /** The last 256 kB of what it printed, both streams in the order they were written. */
  readonly output: string;
  /** All that it printed, in bytes. */
  readonly outputBytes: number;
  /** What held it; absent when it ran as the person. */
  readonly enclosure?: ProgramEnclosure;
  /** Of all its processes together, where that was measured. */
  readonly cpuMs?: number;
  readonly peakBytes?: number;
  readonly network?: readonly NetworkAccess[];
}

/**
 * How a check after the change compares with the same check on the untouched base; `flaky`: two
 * runs of it on the same files said different things.
 */
export type CheckComparison = 'passed' | 'failed-before-too' | 'broken' | 'fixed' | 'flaky';

type Outcome = Pick<CheckResult, 'exitCode' | 'timedOut' | 'cancelled'>;

/** Whether a check ended by itself with exit code 0. */
export const checkPassed = (result: Outcome): boolean =>
  result.exitCode === 0 && !result.timedOut && !result.cancelled;

/** Compares two runs; without a run on the base (null) a failure counts as 'broken'. */
export function compareChecks(before: Outcome | null, after: Outcome): CheckComparison {
  const passedBefore = before === null || checkPassed(before);
  if (checkPassed(after)) return passedBefore ? 'passed' : 'fixed';
  return passedBefore ? 'broken' : 'failed-before-too';
}
