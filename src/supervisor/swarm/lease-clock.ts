/**
 * The home's monotonic timer for leases: who gives no sign of life for `ttlMs` loses the lease. A
 * lease never names a time, so a wall clock that jumps ends none.
 */

/** What the clock is made of: see `SupervisorOptions`. */
export interface LeaseTimers {
  readonly monotonicMs: () => number;
  readonly after: (ms: number, callback: () => void) => () => void;
}

/** A lease that is being watched. */
export interface LeaseWatch {
  /** A sign of life of its holder. */
  readonly alive: () => void;
  /** The holder has handed over, or the lease is gone. */
  readonly stop: () => void;
}

/** Watches a lease; `expired` is called once, when its holder was silent for `ttlMs`. */
export function watchLease(timers: LeaseTimers, ttlMs: number, expired: () => void): LeaseWatch {
  const { monotonicMs, after } = timers;
  let lastSignMs = monotonicMs();
  let cancel = (): void => undefined;
  // One timer that looks when it rings: a sign of life must cost nothing.
  const arm = (ms: number): void => {
    cancel = after(ms, () => {
      const silentMs = monotonicMs() - lastSignMs;
      if (silentMs >= ttlMs) expired();
      else arm(ttlMs - silentMs);
    });
  };
  arm(ttlMs);
  return {
    alive: () => {
      lastSignMs = monotonicMs();
    },
    stop: () => cancel(),
  };
}
