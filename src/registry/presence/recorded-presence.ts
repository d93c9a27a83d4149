/** What we said last of other nodes: after a restart only what differs from it is news. */
import { decodeEvent } from '#protocol/event-types.ts';
import type { Presence } from '#protocol/events/node.ts';
import type { LedgerReader, StoredEvent } from '#ledger/ledger.ts';

/** How far back we look: what is older is told once more, which harms nobody. */
const PAGES_BACK = 20;
const PAGE_EVENTS = 250;
const MAX_BYTES = 8 * 1024 * 1024;

const SUBJECT = /^node\/([0-9a-f]{64})$/;

/** The last recorded presence of each node, by `author`, as far back as we look. */
export function recordedPresence(read: LedgerReader, author: string): Map<string, Presence> {
  const last = new Map<string, Presence>();
  let [upTo, bytes] = [Number.MAX_SAFE_INTEGER, 0];
  for (let page = 0; page < PAGES_BACK && bytes < MAX_BYTES && upTo > 0; page += 1) {
    const events = read.events({ after: 0, upTo, newestFirst: true, limit: PAGE_EVENTS });
    for (const stored of events) {
      bytes += stored.body?.length ?? 0;
      const said = stored.author === author ? presenceIn(stored) : undefined;
      if (said !== undefined && !last.has(said.node)) last.set(said.node, said.presence);
    }
    upTo = (events.at(-1)?.position ?? 1) - 1;
  }
  return last;
}

function presenceIn({
  type,
  body,
}: StoredEvent): { readonly node: string; readonly presence: Presence } | undefined {
  if (type !== 'presence.changed' || body === null) return undefined;
  const { known, event } = decodeEvent(body);
  if (!known || event.type !== 'presence.changed') return undefined;
  const node = SUBJECT.exec(event.subject)?.[1];
  return node === undefined ? undefined : { node, presence: event.data.to };
}
