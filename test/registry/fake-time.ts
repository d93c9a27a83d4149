/** Clocks and timers that move only when a test moves them. */

/** Time of one process: a monotonic clock, a wall clock that may jump, and timers. */
export class FakeTime {
  /** How far the wall clock is from the monotonic one. */
  wallOffMs = Date.UTC(2026, 10, 21);
  #nowMs = 1_000;
  #timers = new Map<number, { readonly dueMs: number; readonly callback: () => void }>();
  #made = 0;

  readonly monotonicMs = (): number => this.#nowMs;
  readonly now = (): number => this.#nowMs + this.wallOffMs;
  readonly after = (ms: number, callback: () => void): (() => void) => {
    this.#made += 1;
    const id = this.#made;
    this.#timers.set(id, { dueMs: this.#nowMs + ms, callback });
    return () => void this.#timers.delete(id);
  };

  /** How many timers are armed. */
  get armed(): number {
    return this.#timers.size;
  }

  /** Time passes; timers ring when they are due. `settle` lets what they began come to rest. */
  async pass(ms: number, settle: () => Promise<void> = async () => undefined): Promise<void> {
    const endMs = this.#nowMs + ms;
    for (let next = this.#next(endMs); next !== undefined; next = this.#next(endMs)) {
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.callback();
      await settle();
    }
    this.#nowMs = endMs;
  }

  /** The process does not run while time passes: its timers ring afterwards, late. */
  async sleep(ms: number, settle?: () => Promise<void>): Promise<void> {
    this.#nowMs += ms;
    await this.pass(0, settle);
  }

  #next(endMs: number): { readonly dueMs: number; readonly callback: () => void } | undefined {
    const due = [...this.#timers].filter(([, { dueMs }]) => dueMs <= endMs);
    const [first] = due.sort(([, a], [, b]) => a.dueMs - b.dueMs);
    if (first === undefined) return undefined;
    this.#timers.delete(first[0]);
    return first[1];
  }
}
