/** Runs a command of a mission in its worktree: a check, or the set-up; and keeps what it printed. */
import type { CheckResult } from '#workspace/checks/check.ts';
import type { EffectData } from './effects.ts';
import type { MissionWork } from './mission-work.ts';

/** Output up to this many bytes stays in its event; more goes to a blob. */
const INLINE_OUTPUT_BYTES = 4_096;

/** What a command gave, without what it printed, as the record has it. */
export type CommandOutcome = Pick<CheckResult, 'exitCode' | 'signal' | 'timedOut' | 'durationMs'>;

/** Runs to the end, or throws the reason for which the mission was told to stop. */
export async function runCommand(
  work: MissionWork,
  check: { readonly name: string; readonly command: string },
  timeoutMs?: number,
): Promise<{ readonly outcome: CommandOutcome; readonly result: CheckResult }> {
  const result = await work.world.checks.run({
    cwd: work.worktree,
    check,
    startedAt: work.now(),
    signal: work.signal,
    environment: { PATH: work.searchPath },
    scratch: work.scratch,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  if (result.cancelled) throw work.signal.reason;
  const { exitCode, signal, timedOut, durationMs } = result;
  return { outcome: { exitCode, signal, timedOut, durationMs }, result };
}

/** The outcome of a command as its event has it, its output in the event or in a blob. */
export async function recordedOutcome(
  { ledger }: Pick<MissionWork, 'ledger'>,
  { exitCode, signal, timedOut, durationMs, output: printed, outputBytes }: CheckResult,
): Promise<EffectData> {
  const totalBytes = outputBytes;
  const output =
    Buffer.byteLength(printed) <= INLINE_OUTPUT_BYTES
      ? { text: printed, totalBytes }
      : { blob: await ledger.blobs.putText(printed), totalBytes };
  return { exitCode, signal, timedOut, durationMs, output };
}
