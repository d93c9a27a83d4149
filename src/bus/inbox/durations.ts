/** Counts durations in little memory: exact count, sum and maximum, percentiles within 2 %. */

/** In milliseconds; all 0 when there are none. */
export interface DurationSummary {
  readonly count: number;
  readonly sumMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Each step is 2 % wider than the one before it. */
const STEP = Math.log(1.02);

/** Durations of one kind. */
export class Durations {
  readonly #steps = new Map<number, number>();
  #count = 0;
  #sumMs = 0;
  #maxMs = 0;

  /** A negative one counts as 0. */
  add(ms: number): void {
    const duration = Math.max(ms, 0);
    const step = Math.floor(Math.log(duration + 1) / STEP);
    this.#steps.set(step, (this.#steps.get(step) ?? 0) + 1);
    this.#count += 1;
    this.#sumMs += duration;
    this.#maxMs = Math.max(this.#maxMs, duration);
  }

  summary(): DurationSummary {
    const [p50Ms, p99Ms] = [this.#percentile(0.5), this.#percentile(0.99)];
    return { count: this.#count, sumMs: this.#sumMs, p50Ms, p99Ms, maxMs: this.#maxMs };
  }

  #percentile(part: number): number {
    let left = Math.ceil(this.#count * part);
    for (const step of [...this.#steps.keys()].toSorted((a, b) => a - b)) {
      left -= this.#steps.get(step) ?? 0;
      if (left <= 0) return Math.min(Math.round(Math.exp((step + 1) * STEP) - 1), this.#maxMs);
    }
    return 0;
  }
}
