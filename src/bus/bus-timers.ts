/** What carriers need of time, handed in so that nobody else decides it. */

/** Later turns, and later moments. */
export interface BusTimers {
  /** Calls back in a later turn of the event loop (`setImmediate`). */
  readonly soon: (callback: () => void) => void;
  /** Calls back after so many milliseconds; answers how to cancel that. */
  readonly after: (ms: number, callback: () => void) => () => void;
}
