/** What is held against peers: who does wrong too often is barred for a while. */
import { RateLimit } from './link/rate-limit.ts';

/** How much is forgiven; counts and milliseconds. */
export interface StrikeLimits {
  readonly strikes: number;
  readonly forgiveMs: number;
  readonly barMs: number;
}

const MAX_PEERS = 4_096;

/** Strikes by peer. */
export class Strikes {
  readonly #limits: StrikeLimits;
  readonly #now: () => number;
  readonly #left = new Map<string, RateLimit>();
  readonly #barredUntil = new Map<string, number>();

  constructor(limits: StrikeLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
  }

  /** Holds one thing against a peer; true when it is barred for it now. */
  add(peer: string): boolean {
    if (this.isBarred(peer) || this.#leftOf(peer).take()) return false;
    this.#barredUntil.set(peer, this.#now() + this.#limits.barMs);
    return true;
  }

  isBarred(peer: string): boolean {
    const until = this.#barredUntil.get(peer);
    if (until === undefined) return false;
    if (until > this.#now()) return true;
    this.#barredUntil.delete(peer);
    return false;
  }

  #leftOf(peer: string): RateLimit {
    const { strikes, forgiveMs } = this.#limits;
    const rate = 1_000 / forgiveMs;
    const left = this.#left.get(peer) ?? new RateLimit({ rate, burst: strikes, now: this.#now });
    if (this.#left.size >= MAX_PEERS) {
      for (const [known, each] of this.#left) if (each.isFull()) this.#left.delete(known);
    }
    this.#left.set(peer, left);
    return left;
  }
}
