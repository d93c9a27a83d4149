/** A bucket of permits that fills at a steady rate: how a peer is slowed before it costs anything. */

/** Permits of one kind; `rate` come back in a second, up to `burst`. Times are milliseconds. */
export class RateLimit {
  readonly #rate: number;
  readonly #burst: number;
  readonly #now: () => number;
  #left: number;
  #at: number;

  constructor(options: {
    readonly rate: number;
    readonly burst: number;
    readonly now: () => number;
  }) {
    this.#rate = options.rate;
    this.#burst = options.burst;
    this.#now = options.now;
    this.#left = options.burst;
    this.#at = options.now();
  }

  /** Takes permits that are there; false, and nothing taken, when they are not. */
  take(count = 1): boolean {
    this.#fill();
    if (this.#left < count) return false;
    this.#left -= count;
    return true;
  }

  /** Takes permits on credit; answers for how long nothing more should be taken. */
  spend(count: number): number {
    this.#fill();
    this.#left -= count;
    return this.#left >= 0 ? 0 : (-this.#left / this.#rate) * 1_000;
  }

  /** Whether all have come back: then nothing need be remembered of whom it is for. */
  isFull(): boolean {
    this.#fill();
    return this.#left >= this.#burst;
  }

  #fill(): void {
    const now = this.#now();
    this.#left = Math.min(this.#burst, this.#left + ((now - this.#at) / 1_000) * this.#rate);
    this.#at = now;
  }
}
