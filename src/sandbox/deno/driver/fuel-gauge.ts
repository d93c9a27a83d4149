/**
 * Counts what a Python program uses, where the interpreter is one that counts. A measure, and a limit for
 * programs that do not look for it; no wall: Python reaches the JavaScript around it, and so the counter.
 */
import { catchCounter } from './catch-counter.ts';
import type { FuelCounter } from './catch-counter.ts';
import { problem } from './deno-global.ts';

/** The fuel of a run, in instructions. */
export interface FuelGauge {
  /** Begins to count; at `limit` the interpreter stops for good, at 0 never. */
  begin(limit: number): void;
  /** Ends the count where it is, so that a broken interpreter can still tell where it stopped. */
  end(): void;
  /** What was used since: more than the limit when that was met; null where nothing counts. */
  used(): number | null;
  /** Whether the limit was met. */
  isOver(): boolean;
}

// more than anybody uses, and the count stays exact as a number
const PLENTY = BigInt(Number.MAX_SAFE_INTEGER);

const NOTHING_COUNTS: FuelGauge = {
  begin: () => undefined,
  end: () => undefined,
  used: () => null,
  isOver: () => false,
};

/**
 * The gauge of the interpreter that `start` starts, whose module exports its counter as `exportName`;
 * empty for one that does not count. Throws when there is no such counter.
 */
export async function withGauge<T>(
  exportName: string,
  start: () => Promise<T>,
): Promise<readonly [T, FuelGauge]> {
  if (exportName === '') return [await start(), NOTHING_COUNTS];
  const counterOf = catchCounter(exportName);
  const started = await start();
  const counter = counterOf();
  if (counter === null) throw problem('the interpreter has no counter');
  return [started, gaugeOf(counter)];
}

function gaugeOf(counter: FuelCounter): FuelGauge {
  let full = 0n;
  let total: number | null = null;
  const used = (): number => total ?? Number(full - counter.value);
  return {
    begin: (limit) => {
      full = limit === 0 ? PLENTY : BigInt(limit);
      total = null;
      counter.value = full;
    },
    end: () => {
      total = used();
      counter.value = PLENTY;
    },
    used,
    isOver: () => used() > full,
  };
}
