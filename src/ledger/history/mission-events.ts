/** Walks the events of one mission, page by page, in either direction. */
import type { LedgerReader, StoredEvent } from '#ledger/ledger.ts';

const PAGE_EVENTS = 2_000;

/** Which events: those of a mission after a local position and up to another one. */
export interface EventRange {
  readonly mission: string;
  readonly after?: number;
  readonly upTo?: number;
}

/** The events in commit order. */
export function* eachEvent(
  read: LedgerReader,
  { mission, after = 0, upTo = Number.MAX_SAFE_INTEGER }: EventRange,
): Generator<StoredEvent> {
  for (let from = after; ;) {
    const page = read.events({ mission, after: from, upTo, limit: PAGE_EVENTS });
    yield* page;
    if (page.length < PAGE_EVENTS) return;
    from = page.at(-1)?.position ?? upTo;
  }
}

/** The same, the newest first. */
export function* eachEventBackwards(
  read: LedgerReader,
  { mission, after = 0, upTo = Number.MAX_SAFE_INTEGER }: EventRange,
): Generator<StoredEvent> {
  for (let to = upTo; ;) {
    const query = { mission, after, upTo: to, newestFirst: true, limit: PAGE_EVENTS };
    const page = read.events(query);
    yield* page;
    if (page.length < PAGE_EVENTS) return;
    to = (page.at(-1)?.position ?? 0) - 1;
  }
}
