/** A limit on how often something costly is done: so many at once, then so many a second. */

/** How much a bucket holds, and how fast it fills. */
export interface BucketSize {
  readonly burst: number;
  readonly perSecond: number;
}

/** A bucket, full at first. Times are monotonic milliseconds. */
export class TokenBucket {
  readonly #size: BucketSize;
  #tokens: number;
  #atMs: number;

  constructor(size: BucketSize, atMs: number) {
    this.#size = size;
    this.#tokens = size.burst;
    this.#atMs = atMs;
  }

  /** Takes one when there is one. */
  take(atMs: number): boolean {
    const { burst, perSecond } = this.#size;
    const filled = this.#tokens + ((atMs - this.#atMs) * perSecond) / 1_000;
    this.#tokens = Math.min(burst, filled);
    this.#atMs = atMs;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
