/** Reads committed state of a space on a connection of its own; never blocks the writer. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { decodeHeader } from '#protocol/commit.ts';
import { entityFromRow } from '#ledger/store/entity-store.ts';
import { IdStore } from '#ledger/store/id-store.ts';
import type { ChainHead, EventQuery, LedgerReader, StoredEvent } from './ledger.ts';

const MAX_ENTITIES = 10_000;
const MAX_EVENTS = 10_000;

/** A reader over an open reading connection. */
export function makeLedgerReader(database: DatabaseSync): LedgerReader {
  const one = database.prepare('SELECT * FROM entities WHERE kind = ? AND id = ?');
  const all = database.prepare(
    // The end of the range is above every id that begins with the prefix.
    'SELECT * FROM entities WHERE kind = ? AND id >= ? AND id < ? ORDER BY id LIMIT ?',
  );
  const pages = eventPages(database);
  const ids = new IdStore(database, 'read');
  return {
    entity: (kind, id) => {
      const row = one.get(kind, id);
      return row === undefined ? undefined : entityFromRow(row);
    },
    entities: (kind, prefix = '') =>
      all.all(kind, prefix, `${prefix}\u{10ffff}`, MAX_ENTITIES).map(entityFromRow),
    events: (query) => pages(query).map(toStoredEvent),
    position: (eventId) => ids.position(eventId),
    author: authorOfCommit(database),
  };
}

type Rows = readonly Record<string, unknown>[];

/** Statements by what is asked for; each is prepared when it is first needed. */
function eventPages(database: DatabaseSync): (query: EventQuery) => Rows {
  const prepared = new Map<string, StatementSync>();
  return ({ after, upTo = Number.MAX_SAFE_INTEGER, mission, newestFirst = false, limit }) => {
    const which = mission === undefined ? '' : 'mission = ? AND ';
    const sql = `SELECT position, commit_position, body FROM events
      WHERE ${which}position > ? AND position <= ?
      ORDER BY position ${newestFirst ? 'DESC' : 'ASC'} LIMIT ?`;
    const statement = prepared.get(sql) ?? database.prepare(sql);
    prepared.set(sql, statement);
    const range = [after, upTo, Math.min(limit, MAX_EVENTS)];
    return statement.all(...(mission === undefined ? range : [mission, ...range]));
  };
}

function toStoredEvent(row: Record<string, unknown>): StoredEvent {
  const body = row['body'] as Uint8Array | null;
  return {
    position: Number(row['position']),
    commit: Number(row['commit_position']),
    body: body === null ? null : Buffer.from(body),
  };
}

/** A chain has one author: its first commit that is asked for tells who that is. */
function authorOfCommit(database: DatabaseSync): (commit: number) => string {
  const find = database.prepare('SELECT chain FROM commits WHERE position = ?');
  const header = database.prepare('SELECT header FROM commits WHERE position = ?');
  const authors = new Map<string, string>();
  return (commit) => {
    const chain = String(find.get(commit)?.['chain']);
    const known = authors.get(chain);
    if (known !== undefined) return known;
    const { author } = decodeHeader(header.get(commit)?.['header'] as Uint8Array);
    authors.set(chain, author);
    return author;
  };
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
