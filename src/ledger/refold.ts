/**
 * Folds all events anew when the reducers have changed: state is derived, never migrated. What was
 * pruned can't be folded; the state of those missions is what `record.pruned` keeps.
 */
import type { DatabaseSync } from 'node:sqlite';
import { canonicalJson } from '#lib/canonical-json.ts';
import { decodeHeader } from '#protocol/commit.ts';
import type { Entity } from '#protocol/entity.ts';
import { decodeEvent } from '#protocol/event-types.ts';
import { foldEvent } from './fold.ts';
import { readState } from '#ledger/prune/kept-state.ts';
import type { ReadBlob } from '#ledger/prune/pruned-list.ts';
import { readMeta, writeMeta } from '#ledger/store/ledger-state.ts';
import type { ReducerSet } from './reducer.ts';

/** Re-folds in one transaction unless the state was folded by this version of the reducers. */
export function refoldIfNeeded(
  database: DatabaseSync,
  reducers: ReducerSet,
  readBlob: ReadBlob = noBlobs,
): boolean {
  if (readMeta(database, 'reducers') === String(reducers.version)) return false;
  database.exec('BEGIN IMMEDIATE');
  try {
    database.exec('DELETE FROM entities');
    const insert = database.prepare(
      'INSERT INTO entities (kind, id, version, home, body) VALUES (?, ?, ?, ?, ?)',
    );
    for (const { kind, id, version, home, body } of foldAll(
      database,
      reducers,
      readBlob,
    ).values()) {
      insert.run(kind, id, version, home, canonicalJson(body));
    }
    writeMeta(database, 'reducers', String(reducers.version));
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
  return true;
}

/** A record in which nothing was pruned needs none. */
const noBlobs: ReadBlob = () => undefined;

/** All entities folded from the stored events, in order of arrival. */
export function foldAll(
  database: DatabaseSync,
  reducers: ReducerSet,
  readBlob: ReadBlob = noBlobs,
): Map<string, Entity> {
  const entities = new Map<string, Entity>();
  const set = (entity: Entity): void => {
    entities.set(`${entity.kind}/${entity.id}`, entity);
  };
  let owner: string | undefined;
  const authors = authorByCommit(database);
  const rows = database.prepare('SELECT commit_position, body FROM events ORDER BY position');
  for (const row of rows.iterate()) {
    if (row['body'] === null) continue;
    const author = authors(Number(row['commit_position']));
    const decoded = decodeEvent(row['body'] as Uint8Array);
    const entity = foldEvent(reducers, decoded, author, (kind, id) =>
      entities.get(`${kind}/${id}`),
    );
    if (entity !== undefined) set(entity);
    if (entity?.kind === 'space') owner ??= entity.home;
    if (decoded.known && decoded.event.type === 'record.pruned' && author === owner) {
      for (const kept of readState(decoded.event.data, reducers, readBlob)) set(kept);
    }
  }
  return entities;
}

/** Commits are asked for in order; the header is decoded once each. */
function authorByCommit(database: DatabaseSync): (position: number) => string {
  const find = database.prepare('SELECT header FROM commits WHERE position = ?');
  let last = -1;
  let author = '';
  return (position) => {
    if (position !== last) {
      last = position;
      author = decodeHeader(find.get(position)?.['header'] as Uint8Array).author;
    }
    return author;
  };
}
