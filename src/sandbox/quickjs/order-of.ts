/** From a request to the order that the process gets; refuses what QuickJS can't do. */
import { SkeinError } from '#protocol/errors.ts';
import { CODE_LIMITS, limitsOf, OUTPUT_KILL_FACTOR } from '#sandbox/limits.ts';
import type { Limits } from '#sandbox/limits.ts';
import { checkInput } from '#sandbox/run/check-input.ts';
import type { SandboxRequest } from '#sandbox/sandbox.ts';
import type { Order } from './frames.ts';

/** The least memory that a machine begins in. */
const LEAST_MEMORY_BYTES = 1024 * 1024;

/** An order and the limits it was made for. `seed` is used when the request names none. */
export function orderOf(
  request: SandboxRequest,
  seed: number,
): { readonly order: Order; readonly limits: Limits } {
  const { program, files = [], deterministic } = request;
  if (program.type !== 'code' || program.language === 'python') {
    throw refuse(
      'it is neither JavaScript nor TypeScript',
      'Use another tier, or let Skein choose.',
    );
  }
  if (request.callTool !== undefined || request.network !== undefined) {
    throw refuse('QuickJS has neither tools nor a network', 'Use the tier T1.');
  }
  const limits = limitsOf(CODE_LIMITS, request.limits);
  checkInput(request, limits);
  const order: Order = {
    language: program.language,
    source: program.source,
    args: program.args ?? [],
    input: jsonOf(request.stdin),
    files,
    seed: deterministic?.seed ?? seed,
    timeMs: deterministic?.timeMs ?? null,
    fuel: limits.fuel,
    memoryBytes: Math.max(LEAST_MEMORY_BYTES, limits.memoryBytes),
    wallMs: limits.wallMs,
    cpuMs: limits.cpuMs,
    mostOutputBytes: limits.outputBytes * OUTPUT_KILL_FACTOR,
    mostValueBytes: limits.outputBytes,
  };
  checkTime(order);
  return { order, limits };
}

/** Time and seed as whole numbers that fit; throws `usage` otherwise. */
export function checkTime({ seed, timeMs }: Pick<Order, 'seed' | 'timeMs'>): void {
  if (!Number.isSafeInteger(seed) || seed < 0) throw refuse('the seed is no whole number from 0');
  if (timeMs !== null && (!Number.isSafeInteger(timeMs) || timeMs < 0 || timeMs > MOST_TIME_MS)) {
    throw refuse('the time is not in whole milliseconds between 1970 and 2500');
  }
}

/** Nanoseconds have to fit 64 bits. */
const MOST_TIME_MS = Date.UTC(2500, 0);

function jsonOf(stdin: Uint8Array | undefined): string | null {
  if (stdin === undefined || stdin.length === 0) return null;
  const text = new TextDecoder().decode(stdin);
  try {
    JSON.parse(text);
    return text;
  } catch {
    throw refuse('its input is no JSON', 'Give JSON on stdin: the program finds it as `input`.');
  }
}

const refuse = (why: string, fix?: string): SkeinError =>
  new SkeinError(
    'usage',
    `Cannot run the program in QuickJS: ${why}`,
    fix === undefined ? {} : { fix },
  );
