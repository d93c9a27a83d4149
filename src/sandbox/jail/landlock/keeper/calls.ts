/** How the keeper of a jail calls the C library, and tells Skein what came of it. */
import { writeSync } from 'node:fs';
import type { KeeperAnswer } from './keeper-order.ts';
import { openNative } from './native.ts';
import type { Argument, Native, Outcome } from './native.ts';

/** The stream between Skein and the keeper. */
export const CONTROL = 3;

const loaded = await openNative();

/** The C library; the keeper does not start without it. */
export const native: Native = loaded ?? fail('node:ffi', 0);

/** Calls a function of the C library. */
export const call = (name: string, ...args: readonly Argument[]): Outcome =>
  native.call(name, ...args);

/** Tells Skein. */
export function say(answer: KeeperAnswer): void {
  try {
    writeSync(CONTROL, `${JSON.stringify(answer)}\n`);
  } catch {
    // Skein is dead: nobody wants to know.
  }
}

/** Ends with a failure of a step; used before anything was started. */
export function fail(step: string, error: number): never {
  say({ type: 'failed', step, error });
  process.exit(1);
}

/** What a call gave; ends the keeper when it failed. */
export function must(step: string, { value, error }: Outcome): number {
  if (value === -1) fail(step, error);
  return value;
}

/** Ends this process at once, without a last word of Node: in a copy that would end the keeper's streams. */
export function exitNow(code: number): never {
  for (;;) call('_exit', code);
}

/** Numbers of 64 bits, one after the other, as the kernel's structures have them. */
export const words = (...values: readonly (number | bigint)[]): BigUint64Array =>
  new BigUint64Array(values.map(BigInt));
