/** Reads one event by its id. */
import type { LedgerReader } from '#ledger/ledger.ts';
import { parseEnvelope, type EventEnvelope } from '#protocol/event.ts';

/** The event; undefined when it is not here, or was pruned. */
export function findEvent(read: LedgerReader, id: string): EventEnvelope | undefined {
  const position = read.position(id);
  if (position === undefined) return undefined;
  const [stored] = read.events({ after: position - 1, upTo: position, limit: 1 });
  return stored === undefined || stored.body === null ? undefined : parseEnvelope(stored.body);
}
