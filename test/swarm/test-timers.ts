/** A monotonic clock that a test moves, with its timers: silence of an hour costs no time. */

interface Timer {
  readonly dueMs: number;
  readonly callback: () => void;
}

/** `advance` moves the clock and calls what is due on the way, in the order of time. */
export class TestTimers {
  #nowMs = 0;
  readonly #timers = new Set<Timer>();

  readonly monotonicMs = (): number => this.#nowMs;

  readonly after = (ms: number, callback: () => void): (() => void) => {
    const timer = { dueMs: this.#nowMs + ms, callback };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  };

  /** How many timers are set. */
  get waiting(): number {
    return this.#timers.size;
  }

  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const due = [...this.#timers]
        .filter(({ dueMs }) => dueMs <= endMs)
        .toSorted((a, b) => a.dueMs - b.dueMs)[0];
      if (due === undefined) break;
      this.#timers.delete(due);
      this.#nowMs = Math.max(this.#nowMs, due.dueMs);
      due.callback();
    }
    this.#nowMs = endMs;
  }
}

/** Timers of this machine. */
export const realTimers = {
  monotonicMs: (): number => performance.now(),
  after: (ms: number, callback: () => void): (() => void) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};
