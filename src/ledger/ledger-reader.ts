/** Reads committed state of a space on a connection of its own; never blocks the writer. */
import type { DatabaseSync } from 'node:sqlite';
import { entityFromRow } from '#ledger/store/entity-store.ts';
import { IdStore } from '#ledger/store/id-store.ts';
import type { ChainHead, LedgerReader, StoredEvent } from './ledger.ts';

const MAX_ENTITIES = 10_000;
const MAX_EVENTS = 10_000;

/** A reader over an open reading connection. */
export function makeLedgerReader(database: DatabaseSync): LedgerReader {
  const one = database.prepare('SELECT * FROM entities WHERE kind = ? AND id = ?');
  const all = database.prepare(
    // The end of the range is above every id that begins with the prefix.
    'SELECT * FROM entities WHERE kind = ? AND id >= ? AND id < ? ORDER BY id LIMIT ?',
  );
  const every = database.prepare(
    'SELECT position, body FROM events WHERE position > ? ORDER BY position LIMIT ?',
  );
  const ofMission = database.prepare(
    'SELECT position, body FROM events WHERE mission = ? AND position > ? ORDER BY position LIMIT ?',
  );
  const ids = new IdStore(database, 'read');
  return {
    entity: (kind, id) => {
      const row = one.get(kind, id);
      return row === undefined ? undefined : entityFromRow(row);
    },
    entities: (kind, prefix = '') =>
      all.all(kind, prefix, `${prefix}\u{10ffff}`, MAX_ENTITIES).map(entityFromRow),
    events: ({ after, mission, limit }) => {
      const most = Math.min(limit, MAX_EVENTS);
      const rows =
        mission === undefined ? every.all(after, most) : ofMission.all(mission, after, most);
      return rows.map(toStoredEvent);
    },
    position: (eventId) => ids.position(eventId),
  };
}

function toStoredEvent(row: Record<string, unknown>): StoredEvent {
  const body = row['body'] as Uint8Array | null;
  return { position: Number(row['position']), body: body === null ? null : Buffer.from(body) };
}

/** Counts and the last commit, for `stats`. */
export function countRows(database: DatabaseSync): {
  readonly events: number;
  readonly commits: number;
  readonly head: ChainHead | null;
} {
  const row = database
    .prepare(
      'SELECT (SELECT max(position) FROM events) AS events, (SELECT max(position) FROM commits) AS commits',
    )
    .get();
  const last = database
    .prepare('SELECT chain, seq, hash FROM commits ORDER BY position DESC LIMIT 1')
    .get();
  const head =
    last === undefined
      ? null
      : { chain: String(last['chain']), seq: Number(last['seq']), hash: String(last['hash']) };
  return { events: Number(row?.['events'] ?? 0), commits: Number(row?.['commits'] ?? 0), head };
}
