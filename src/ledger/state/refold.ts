/**
 * Folds all events anew when the reducers have changed, or when it turns out later what counts: state
 * is derived, never migrated. What was pruned can't be folded; the state of those missions is what
 * `record.pruned` keeps.
 */
import type { DatabaseSync } from 'node:sqlite';
import { canonicalJson } from '#lib/canonical-json.ts';
import { decodeHeader } from '#protocol/commit.ts';
import type { Entity } from '#protocol/entity.ts';
import { decodeEvent } from '#protocol/event-types.ts';
import { foldSpace, RecordFold, SPACE_TYPES, type PlacedEvent } from './fold-record.ts';
import { readState } from '#ledger/prune/kept-state.ts';
import type { ReadBlob } from '#ledger/prune/pruned-list.ts';
import { readMeta, writeMeta } from '#ledger/store/ledger-state.ts';
import type { ReducerSet } from './reducer.ts';
import type { CommitPlace } from './space-cuts.ts';

/** Re-folds in one transaction unless the state was folded by this version of the reducers. */
export function refoldIfNeeded(
  database: DatabaseSync,
  reducers: ReducerSet,
  readBlob: ReadBlob = noBlobs,
): boolean {
  if (readMeta(database, 'reducers') === String(reducers.version)) return false;
  database.exec('BEGIN IMMEDIATE');
  try {
    refold(database, reducers, readBlob);
    writeMeta(database, 'reducers', String(reducers.version));
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
  return true;
}

/** Replaces all entities by what the events fold to; inside a transaction. */
export function refold(
  database: DatabaseSync,
  reducers: ReducerSet,
  readBlob: ReadBlob = noBlobs,
): void {
  const folded = foldAll(database, reducers, readBlob);
  database.exec('DELETE FROM entities');
  const insert = database.prepare(
    'INSERT INTO entities (kind, id, version, home, body) VALUES (?, ?, ?, ?, ?)',
  );
  for (const { kind, id, version, home, body } of folded.values()) {
    insert.run(kind, id, version, home, canonicalJson(body));
  }
}

/** A record in which nothing was pruned needs none. */
const noBlobs: ReadBlob = () => undefined;

/** All entities folded from the stored events. */
export function foldAll(
  database: DatabaseSync,
  reducers: ReducerSet,
  readBlob: ReadBlob = noBlobs,
): ReadonlyMap<string, Entity> {
  const space = readSpace(database, reducers);
  const fold = new RecordFold(reducers, space);
  const places = placeByCommit(database);
  const rows = database.prepare('SELECT commit_position, body FROM events ORDER BY position');
  for (const row of rows.iterate()) {
    if (row['body'] === null) continue;
    const place = places(Number(row['commit_position']));
    const decoded = decodeEvent(row['body'] as Uint8Array);
    fold.take(decoded, place);
    const isPruning = decoded.known && decoded.event.type === 'record.pruned';
    if (isPruning && place.author === space?.home && fold.counts(place)) {
      for (const kept of readState(decoded.event.data, reducers, readBlob)) fold.set(kept);
    }
  }
  return fold.entities;
}

/** The entity of the space itself, folded from its own events; what can't be read is left out. */
export function readSpace(database: DatabaseSync, reducers: ReducerSet): Entity | undefined {
  const places = placeByCommit(database);
  const types = SPACE_TYPES.map((type) => `'${type}'`).join(', ');
  const rows = database.prepare(
    `SELECT commit_position, body FROM events WHERE type IN (${types}) ORDER BY position`,
  );
  const events: PlacedEvent[] = [];
  for (const row of rows.iterate()) {
    if (row['body'] === null) continue;
    const decoded = decodeEvent(row['body'] as Uint8Array);
    if (decoded.known) events.push({ decoded, place: places(Number(row['commit_position'])) });
  }
  return foldSpace(reducers, events);
}

/** Commits are asked for in order; the header is decoded once each. */
function placeByCommit(database: DatabaseSync): (position: number) => CommitPlace {
  const find = database.prepare('SELECT header FROM commits WHERE position = ?');
  let last = -1;
  let place: CommitPlace = { author: '', chain: '', seq: 0, hlc: '' };
  return (position) => {
    if (position !== last) {
      last = position;
      place = decodeHeader(find.get(position)?.['header'] as Uint8Array);
    }
    return place;
  };
}
