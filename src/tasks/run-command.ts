/** Runs a command of a mission in its worktree: a check, or the set-up; and keeps what it printed. */
import type { CheckResult } from '#workspace/checks/check.ts';
import type { EffectData } from './effects.ts';
import { keepOutput } from './keep-output.ts';
import { missionPrograms } from './mission-programs.ts';
import type { MissionWork } from './mission-work.ts';

/** Requests of one command that are on the record. */
const MOST_TOLD = 200;

/** Runs to the end, or throws the reason for which the mission was told to stop. */
export async function runCommand(
  work: MissionWork,
  check: { readonly name: string; readonly command: string },
  timeoutMs?: number,
): Promise<CheckResult> {
  const result = await work.world.checks.run({
    cwd: work.worktree,
    check,
    startedAt: work.now(),
    signal: work.signal,
    environment: { PATH: work.searchPath },
    scratch: work.scratch,
    ...(await missionPrograms(work)),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  if (result.cancelled) throw work.signal.reason;
  return result;
}

/** The outcome of a command as its event has it, its output within the limits. */
export async function recordedOutcome(
  work: Pick<MissionWork, 'ledger' | 'mission'>,
  result: CheckResult,
): Promise<EffectData> {
  const { exitCode, signal, timedOut, durationMs, enclosure, cpuMs, peakBytes, network } = result;
  const output = await keepOutput(work, result.output, result.outputBytes);
  return {
    exitCode,
    signal,
    timedOut,
    durationMs,
    output,
    ...(enclosure === undefined ? {} : { enclosure: { ...enclosure } }),
    ...(cpuMs === undefined ? {} : { cpuMs }),
    ...(peakBytes === undefined ? {} : { peakBytes }),
    ...(network === undefined ? {} : { network: network.slice(0, MOST_TOLD) }),
  };
}
