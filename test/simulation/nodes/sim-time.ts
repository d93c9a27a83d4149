/**
 * Time of all simulated nodes. Nothing happens but what a timer calls; among those that are due at
 * once the seed chooses. Between two of them all promises settle, so one seed gives one story.
 */
import { setImmediate as settled } from 'node:timers/promises';
import type { Timers } from '#sync/link/wire.ts';
import type { SeededRandom } from '../../support/seeded-random.ts';

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** How one node lives in time: its clock may be wrong, and it may be slow. */
export interface Pace {
  /** How far the wall clock is ahead; milliseconds. */
  skewMs: number;
  /** Everything takes up to so much longer. */
  slowMs: number;
}

const START_MS = Date.UTC(2026, 10, 21);

/** One for a story. */
export class SimTime {
  readonly #random: SeededRandom;
  #timers: Timer[] = [];
  #nowMs = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** Milliseconds since the story began. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Calls `run` after `ms`; answers how to cancel that. */
  after(ms: number, run: () => void): () => void {
    const atMs = this.#nowMs + Math.max(0, Math.ceil(ms));
    const timer = { atMs, order: this.#random.below(2 ** 30), run };
    let [low, high] = [0, this.#timers.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBefore(this.#timers[middle] as Timer, timer)) low = middle + 1;
      else high = middle;
    }
    this.#timers.splice(low, 0, timer);
    return () => {
      const at = this.#timers.indexOf(timer);
      if (at !== -1) this.#timers.splice(at, 1);
    };
  }

  /** Time as a node sees it, as long as `isAlive`; what a dead life waited for never happens. */
  timersFor(pace: Pace, isAlive: () => boolean): Timers {
    return {
      now: () => START_MS + this.#nowMs + pace.skewMs,
      monotonic: () => this.#nowMs,
      after: (ms, run) => {
        const more = pace.slowMs === 0 ? 0 : this.#random.below(pace.slowMs);
        return this.after(ms + more, () => isAlive() && run());
      },
    };
  }

  /** Lets so much time pass, and all happen that is due by then. */
  async pass(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await settled();
    for (let next = this.#timers[0]; next !== undefined && next.atMs <= endMs;) {
      this.#timers.shift();
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.run();
      await settled();
      next = this.#timers[0];
    }
    this.#nowMs = endMs;
  }

  /** All machines sleep for so long: nothing happens, then everything that was due. */
  leap(ms: number): void {
    this.#nowMs += ms;
  }
}

const isBefore = (one: Timer, other: Timer): boolean =>
  one.atMs < other.atMs || (one.atMs === other.atMs && one.order <= other.order);
