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
  const toEvents = toStoredEvents(database);
  const ids = new IdStore(database, 'read');
  return {
    entity: (kind, id) => {
      const row = one.get(kind, id);
      return row === undefined ? undefined : entityFromRow(row);
    },
    entities: (kind, prefix = '') =>
      all.all(kind, prefix, `${prefix}\u{10ffff}`, MAX_ENTITIES).map(entityFromRow),
    events: (query) => toEvents(pages(query)),
    position: (eventId) => ids.position(eventId),
  };
}

/** position, type, body, commit_position, chain; of arrays, because objects would cost twice as much. */
type Row = readonly [number, string | null, Uint8Array | null, number, string | null];

/** Statements by what is asked for; each is prepared when it is first needed. */
function eventPages(database: DatabaseSync): (query: EventQuery) => readonly Row[] {
  const prepared = new Map<string, StatementSync>();
  const prepare = (sql: string): StatementSync => {
    const statement = database.prepare(sql);
    statement.setReturnArrays(true);
    prepared.set(sql, statement);
    return statement;
  };
  return ({ after, upTo = Number.MAX_SAFE_INTEGER, mission, newestFirst = false, limit }) => {
    const which = mission === undefined ? '' : 'mission = ? AND ';
    // LEFT: what is there can be read, damaged or not. Asking commit by commit would cost ten times this.
    const sql = `SELECT e.position, e.type, e.body, e.commit_position, c.chain
      FROM events e LEFT JOIN commits c ON c.position = e.commit_position
      WHERE ${which}e.position > ? AND e.position <= ?
      ORDER BY e.position ${newestFirst ? 'DESC' : 'ASC'} LIMIT ?`;
    const range = [after, upTo, Math.min(limit, MAX_EVENTS)];
    const values = mission === undefined ? range : [mission, ...range];
    return (prepared.get(sql) ?? prepare(sql)).all(...values) as unknown as Row[];
  };
}

/** A row as an event; a chain has one author, whom its first commit that is read names. */
function toStoredEvents(database: DatabaseSync): (rows: readonly Row[]) => StoredEvent[] {
  const header = database.prepare('SELECT header FROM commits WHERE position = ?');
  const authors = new Map<string | null, string>();
  const authorOf = (chain: string | null, commit: number): string => {
    const known = authors.get(chain);
    if (known !== undefined) return known;
    const author = readAuthor(header.get(commit)?.['header']);
    if (author !== '') authors.set(chain, author);
    return author;
  };
  return (rows) =>
    rows.map(([position, type, body, commit, chain]) => {
      const bytes =
        body === null ? null : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
      return { position, type, author: authorOf(chain, commit), body: bytes };
    });
}

function readAuthor(header: unknown): string {
  try {
    return decodeHeader(header as Uint8Array).author;
  } catch {
    return '';
  }
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
