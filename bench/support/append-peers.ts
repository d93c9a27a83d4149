/**
 * What a commit of ours is compared with: its bytes written raw, its rows stored without signature
 * and state, and the same events in the plainest tamper-evident log one could write.
 */
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { openLedgerDatabase } from '#ledger/store/database.ts';
import { sha256 } from '#lib/sha256.ts';
import { perSecond } from '../rounds.ts';

type Row = Readonly<Record<string, SQLInputValue>>;

/** What one commit left on disk. */
export interface StoredCommit {
  readonly commit: Row;
  readonly events: readonly Row[];
  readonly ids: readonly Row[];
  readonly values: readonly unknown[];
  readonly bytes: Buffer;
}

/** The commits after event `position`, as rows, as values and as bytes. */
export function readCommits(database: DatabaseSync, position: number): StoredCommit[] {
  const ask = (sql: string, value: SQLInputValue): Row[] =>
    database.prepare(sql).all(value) as Row[];
  const events = ask('SELECT * FROM events WHERE position > ? ORDER BY position', position);
  const first = events[0]?.['commit_position'] ?? 0;
  const byCommit = Map.groupBy(events, (event) => event['commit_position']);
  // Each command of the bench makes one event, so ids and events are as many, in the same places.
  const ids = ask('SELECT * FROM ids WHERE position > ?', position);
  const idAt = new Map(ids.map((id) => [id['position'], id]));
  const commits = ask('SELECT * FROM commits WHERE position >= ? ORDER BY position', first);
  return commits.map((commit) => {
    const held = byCommit.get(commit['position']) ?? [];
    return toStoredCommit(commit, held, (at) => idAt.get(at));
  });
}

function toStoredCommit(
  commit: Row,
  events: readonly Row[],
  idAt: (position: SQLInputValue | undefined) => Row | undefined,
): StoredCommit {
  const bodies = events.map(({ body }) => Buffer.from(body as Uint8Array));
  const salts = events.map(({ salt }) => salt as Uint8Array);
  const { header, signature } = commit as Readonly<Record<string, Uint8Array>>;
  return {
    commit,
    events,
    ids: events.map(({ position }) => idAt(position)).filter((id) => id !== undefined),
    values: bodies.map((body) => JSON.parse(body.toString('utf8')) as unknown),
    bytes: Buffer.concat([header ?? Buffer.of(), signature ?? Buffer.of(), ...salts, ...bodies]),
  };
}

/** Each peer stores the same commits and answers events a second. */
export interface Peers {
  readonly bytes: (commits: readonly StoredCommit[]) => number;
  readonly rows: (commits: readonly StoredCommit[]) => number;
  readonly log: (commits: readonly StoredCommit[]) => number;
  readonly close: () => void;
}

/** Opens the peers' files in `folder`. */
export function openPeers(folder: string): Peers {
  const raw = openSync(join(folder, 'raw.bin'), 'a');
  const log = openSync(join(folder, 'log.jsonl'), 'a');
  const database = openLedgerDatabase(join(folder, 'rows.db'));
  const tables = ['commits', 'events', 'ids'] as const;
  const inserts = tables.map((table) => prepareInsert(database, table));
  let previous = '';
  return {
    bytes: (commits) => timed(commits, ({ bytes }) => writeDurably(raw, bytes)),
    rows: (commits) => timed(commits, (one) => storeRows(database, inserts, one)),
    log: (commits) =>
      timed(commits, ({ values }) => {
        const lines = values.map((value) => {
          const line = JSON.stringify(value);
          previous = sha256(previous + line);
          return `${previous} ${line}\n`;
        });
        writeDurably(log, Buffer.from(lines.join('')));
      }),
    close: () => {
      closeSync(raw);
      closeSync(log);
      database.close();
    },
  };
}

function timed(commits: readonly StoredCommit[], store: (commit: StoredCommit) => void): number {
  const count = commits.reduce((sum, { events }) => sum + events.length, 0);
  return perSecond(count, () => commits.forEach(store));
}

function writeDurably(descriptor: number, bytes: Buffer): void {
  writeSync(descriptor, bytes);
  fdatasyncSync(descriptor);
}

function prepareInsert(database: DatabaseSync, table: string): StatementSync {
  const columns = database.prepare(`PRAGMA table_info(${table})`).all();
  return database.prepare(`INSERT INTO ${table} VALUES (${columns.map(() => '?').join(', ')})`);
}

function storeRows(
  database: DatabaseSync,
  [commits, events, ids]: readonly StatementSync[],
  stored: StoredCommit,
): void {
  database.exec('BEGIN IMMEDIATE');
  commits?.run(...Object.values(stored.commit));
  for (const event of stored.events) events?.run(...Object.values(event));
  for (const id of stored.ids) ids?.run(...Object.values(id));
  database.exec('COMMIT');
}
