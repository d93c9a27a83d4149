/** Chance that can be repeated: a small generator (mulberry32) whose seed every test prints. */
import type { TestContext } from 'node:test';

/** Numbers, choices and bytes from one seed. */
export interface SeededRandom {
  readonly seed: number;
  /** A whole number from 0 to below `limit`. */
  readonly below: (limit: number) => number;
  readonly pick: <T>(items: readonly T[]) => T;
  readonly shuffle: <T>(items: readonly T[]) => T[];
  readonly fill: (bytes: Uint8Array) => Uint8Array;
}

const DEFAULT_SEED = 20_261_121;

/** The seed of SKEIN_TEST_SEED, else always the same; printed, so that a failure can be repeated. */
export function seededFor(context: Pick<TestContext, 'diagnostic'>): SeededRandom {
  const random = makeRandom(Number(process.env['SKEIN_TEST_SEED'] ?? DEFAULT_SEED));
  context.diagnostic(`repeat with SKEIN_TEST_SEED=${random.seed}`);
  return random;
}

/** A generator for `seed`. */
export function makeRandom(seed: number): SeededRandom {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    seed,
    below,
    pick: (items) => items[below(items.length)] as (typeof items)[number],
    shuffle: (items) => {
      const mixed = [...items];
      for (let last = mixed.length - 1; last > 0; last -= 1) {
        const other = below(last + 1);
        [mixed[last], mixed[other]] = [mixed[other] as never, mixed[last] as never];
      }
      return mixed;
    },
    fill: (bytes) => {
      for (const index of bytes.keys()) bytes[index] = below(256);
      return bytes;
    },
  };
}
