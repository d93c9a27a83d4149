/**
 * Which blobs events name. Most hold a file or what a program printed; some hold lists, such as the
 * edits of a plan, and name further blobs that no event names.
 */
import type { DatabaseSync } from 'node:sqlite';
import { parseEnvelope, type EventEnvelope } from '#protocol/event.ts';
import { blobsNamedIn } from '#ledger/verify/verify-blobs.ts';

/** The blobs that an event names in its data, by what they are. */
export interface NamedBlobs {
  /** What a program printed, and the like: to be looked at, nothing is built on it. */
  readonly outputs: readonly string[];
  /** Those that may name further ones. */
  readonly lists: readonly string[];
  readonly others: readonly string[];
}

/** The blobs of a stored event. */
export function namedBlobs(body: Buffer, event: EventEnvelope): NamedBlobs {
  const all = blobsNamedIn(body, event.data);
  const { type } = event;
  if (type === 'workspace.linked') return { outputs: all, lists: [], others: [] };
  // Its list names what is gone, its state what may be: neither keeps anything.
  if (type === 'record.pruned' || type === 'edit.intended') {
    return { outputs: [], lists: [], others: all };
  }
  const { output } = (event.data ?? {}) as { readonly output?: unknown };
  const outputs = type.endsWith('.done') ? blobsNamedIn(body, output) : [];
  return { outputs, lists: all.filter((hash) => !outputs.includes(hash)), others: [] };
}

const QUOTED_DIGEST = /"[0-9a-f]{64}"/g;

/** Every hash that stands in a list; more than are blobs, and none too few. */
export const blobsInList = (content: Buffer): string[] =>
  Array.from(content.toString('latin1').matchAll(QUOTED_DIGEST), ([digest]) => digest.slice(1, -1));

/** An event that names blobs. `position` is local; `mission` is empty when it belongs to none. */
export interface NamingEvent {
  readonly position: number;
  readonly mission: string;
  readonly body: Buffer;
  readonly event: EventEnvelope;
}

/** All events that may name blobs, in commit order: their bytes tell faster than their data. */
export function* eventsWithBlobs(ledger: DatabaseSync): Generator<NamingEvent> {
  const rows = ledger
    .prepare(
      `SELECT position, mission, body FROM events
       WHERE body IS NOT NULL AND instr(body, CAST('"bytes":' AS BLOB)) > 0 ORDER BY position`,
    )
    .iterate();
  for (const row of rows) {
    const body = Buffer.from(row['body'] as Uint8Array);
    const mission = String(row['mission'] ?? '');
    yield { position: Number(row['position']), mission, body, event: parseEnvelope(body) };
  }
}
