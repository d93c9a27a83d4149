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

  ring(): void {
    const woken = this.#waiting;
    this.#waiting = new Set();
    for (const wake of woken) wake();
  }

  /** Resolves at the next ring, or when `signal` aborts. */
  wait(signal: AbortSignal | undefined): Promise<void> {
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

/** Pages of events after `from.after`; ends at the last one, or never when it follows. */
export async function* subscribe(
  reader: LedgerReader,
  bell: CommitBell,
  from: Subscription,
): AsyncGenerator<readonly StoredEvent[]> {
  let { after } = from;
  const filter = from.mission === undefined ? {} : { mission: from.mission };
  while (from.signal?.aborted !== true) {
    // Asked for before reading: a commit between the read and the wait must not be slept through.
    const next = from.follow ? bell.wait(from.signal) : undefined;
    const page = reader.events({ after, ...filter, limit: PAGE_EVENTS });
    if (page.length > 0) {
      after = page.at(-1)?.position ?? after;
      yield page;
    } else if (next === undefined) return;
    if (page.length < PAGE_EVENTS) {
      if (next === undefined) return;
      await next;
    }
  }
}
