/**
 * Live subscriptions. A reader pulls pages from the database and is only woken by commits, so
 * there is no gap between history and live, and no queue that could grow: who reads slowly just
 * reads later.
 */
import type { LedgerReader, StoredEvent, Subscription } from './ledger.ts';

const PAGE_EVENTS = 500;

/** Wakes all who wait for the next commit. */
export class CommitBell {
  #waiting = new Set<() => void>();
  #rings = 0;

  /** How often it has rung. */
  get rings(): number {
    return this.#rings;
  }

  ring(): void {
    this.#rings += 1;
    const woken = this.#waiting;
    this.#waiting = new Set();
    for (const wake of woken) wake();
  }

  /** Resolves once it has rung more than `rings` times, or when `signal` aborts. */
  wait(rings: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.#rings > rings || signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        signal?.removeEventListener('abort', wake);
        this.#waiting.delete(wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal?.addEventListener('abort', wake, { once: true });
    });
  }
}

/**
 * Reads as `reader` does; all who wake at one commit and ask for the same share one reading. Nothing
 * is kept beyond that: a page may be large.
 */
export function sharePages(reader: Pick<LedgerReader, 'events'>): Pick<LedgerReader, 'events'> {
  const shared = new Map<string, readonly StoredEvent[]>();
  return {
    events: (query) => {
      const key = JSON.stringify(query);
      const known = shared.get(key);
      if (known !== undefined) return known;
      const page = reader.events(query);
      // Whoever was woken along with this reader reads before it is forgotten.
      if (shared.size === 0) queueMicrotask(() => shared.clear());
      shared.set(key, page);
      return page;
    },
  };
}

/** Pages of events after `from.after`; ends at the last one, or never when it follows. */
export async function* subscribe(
  reader: Pick<LedgerReader, 'events'>,
  bell: CommitBell,
  from: Subscription,
): AsyncGenerator<readonly StoredEvent[]> {
  let { after } = from;
  const filter = from.mission === undefined ? {} : { mission: from.mission };
  while (from.signal?.aborted !== true) {
    // Counted before reading: a commit between the read and the wait must not be slept through.
    const rings = bell.rings;
    const page = reader.events({ after, ...filter, limit: PAGE_EVENTS });
    if (page.length > 0) {
      after = page.at(-1)?.position ?? after;
      yield page;
    }
    if (page.length === PAGE_EVENTS) continue;
    if (!from.follow) return;
    await bell.wait(rings, from.signal);
  }
}
