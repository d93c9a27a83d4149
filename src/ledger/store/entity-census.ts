/**
 * Who is in which state, read once from one snapshot of a space's file, page by page, so that a
 * reader who counts from then on need never look at all entities again.
 */
import { join } from 'node:path';
import type { EntityKind } from '#protocol/event-type.ts';
import { openForReading } from './database.ts';

const PAGE_ENTITIES = 500;

/** An entity's state; `home` is the key of its arbiter, `epoch` that of a lease. */
export interface EntityStatus {
  readonly id: string;
  readonly status: string;
  readonly home: string;
  readonly epoch: number | null;
}

/** A snapshot; it does not change while it is open. `close` it soon: it keeps the WAL from ending. */
export interface Census {
  /** The last event of the snapshot. */
  readonly position: number;
  /** Entities of a kind whose id is above `after`, sorted by id; empty = there are no more. */
  readonly page: (kind: EntityKind, after: string) => readonly EntityStatus[];
  readonly close: () => void;
}

/** Opens the files of a space in `folder`, on a connection of its own. */
export function openCensus(folder: string): Census {
  const database = openForReading(join(folder, 'ledger.db'));
  try {
    database.exec('BEGIN');
    const last = database.prepare('SELECT max(position) AS position FROM events').get();
    const pages = database.prepare(
      `SELECT id, home, coalesce(json_extract(body, '$.status'), '') AS status,
        json_extract(body, '$.epoch') AS epoch
      FROM entities WHERE kind = ? AND id > ? ORDER BY id LIMIT ${PAGE_ENTITIES}`,
    );
    return {
      position: Number(last?.['position'] ?? 0),
      page: (kind, after) => pages.all(kind, after) as unknown as readonly EntityStatus[],
      close: () => database.close(),
    };
  } catch (thrown) {
    database.close();
    throw thrown;
  }
}
