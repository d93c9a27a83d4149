/** What a run came to, from why it stopped and how its process ended. */
import type { JailEnd } from '#sandbox/jail/jail.ts';
import type { LimitName, RunStatus } from '#sandbox/sandbox.ts';
import type { End } from '../driver/frames.ts';

/** Why a run stopped: whichever came first. */
export type Stop =
  | { readonly type: 'end'; readonly end: End }
  | {
      readonly type: 'limit';
      readonly limit: LimitName;
      readonly status: RunStatus;
      readonly fuel?: number;
    }
  | { readonly type: 'killed' }
  | { readonly type: 'broken' }
  | { readonly type: 'died'; readonly end: JailEnd };

/** What is told of it; `note` goes to the end of the standard error. */
export interface Verdict {
  readonly status: RunStatus;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly value: string | null;
  readonly note: string;
}

/** Why a run stopped that says it ended: it may have met its limit of fuel, 0 for none. */
export const stopOf = (end: End, limit: number): Stop =>
  limit > 0 && end.fuel !== null && end.fuel > limit
    ? { type: 'limit', limit: 'fuel', status: 'fuel', fuel: limit }
    : { type: 'end', end };

/** The fuel that was used; null where nothing counted it, or nobody told it. */
export function fuelOf(stop: Stop): number | null {
  if (stop.type === 'end') return stop.end.fuel;
  return stop.type === 'limit' ? (stop.fuel ?? null) : null;
}

const NO_MEMORY = /out of memory|memory allocation of \d+ bytes failed|allocation failed/i;

const killed = (status: RunStatus, note = ''): Verdict => ({
  status,
  exitCode: null,
  signal: 'SIGKILL',
  value: null,
  note,
});

/** The verdict; `words` is what the runtime itself said on its standard error. */
export function judge(stop: Stop, words: string): Verdict {
  if (stop.type === 'limit') return killed(stop.status);
  if (stop.type === 'killed') return killed('killed');
  if (stop.type === 'died') return judgeDeath(stop.end, words);
  if (stop.type === 'broken') {
    return killed('error', 'The program broke the pipe to its host and was killed.\n');
  }
  const { exitCode, value, isMemory } = stop.end;
  const failed = isMemory ? 'memory' : 'error';
  return { status: exitCode === 0 ? 'ok' : failed, exitCode, signal: null, value, note: '' };
}

function judgeDeath({ exitCode, signal, oom }: JailEnd, words: string): Verdict {
  const status = statusOfDeath(signal, oom || NO_MEMORY.test(words));
  // what follows are addresses and paths of this machine
  const note = words.split('==== C stack trace')[0] ?? '';
  return { status, exitCode, signal, value: null, note };
}

// SIGXCPU and, when that was ignored, SIGKILL end who meets the limit of processor time.
function statusOfDeath(signal: string | null, isMemory: boolean): RunStatus {
  if (isMemory) return 'memory';
  return signal === 'SIGXCPU' ? 'timeout' : 'error';
}
