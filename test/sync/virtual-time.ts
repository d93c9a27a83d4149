/** Time that only moves when a test moves it; between two timers all promises settle. */
import { setImmediate as settled } from 'node:timers/promises';
import type { Timers } from '#sync/link/wire.ts';

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** Timers over a clock that stands still. */
export class VirtualTime implements Timers {
  #timers: Timer[] = [];
  #order = 0;
  #ms = 0;
  #startMs: number;

  constructor(startMs: number) {
    this.#startMs = startMs;
  }

  readonly now = (): number => Math.floor(this.#startMs + this.#ms);
  readonly monotonic = (): number => this.#ms;

  readonly after = (ms: number, run: () => void): (() => void) => {
    const timer = { atMs: this.#ms + Math.max(0, ms), order: (this.#order += 1), run };
    const at = this.#timers.findIndex((each) => each.atMs > timer.atMs);
    this.#timers.splice(at === -1 ? this.#timers.length : at, 0, timer);
    return () => void (this.#timers = this.#timers.filter((each) => each !== timer));
  };

  /** The wall clock jumps, as after a sleep; the other one does not. */
  jump(ms: number): void {
    this.#startMs += ms;
  }

  /** Lets so much time pass. */
  async pass(ms: number): Promise<void> {
    const end = this.#ms + ms;
    await settled();
    for (
      let next = this.#timers[0];
      next !== undefined && next.atMs <= end;
      next = this.#timers[0]
    ) {
      this.#timers.shift();
      this.#ms = Math.max(this.#ms, next.atMs);
      next.run();
      await settled();
    }
    this.#ms = end;
  }

  /** Lets time pass until `is` holds; answers how much, or throws after `limitMs`. */
  async until(is: () => boolean, limitMs = 120_000): Promise<number> {
    const from = this.#ms;
    while (!is()) {
      if (this.#ms - from > limitMs) throw new Error(`nothing came of it in ${limitMs} ms`);
      await this.pass(50);
    }
    return this.#ms - from;
  }
}
