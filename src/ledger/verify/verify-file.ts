/** What SQLite itself can tell: pages and indexes that don't fit together, foreign tables. */
import type { DatabaseSync } from 'node:sqlite';
import { tablesProblem } from '#ledger/store/database.ts';
import type { DamageList } from './verify-damage.ts';

/** Reads every page of a file of the space; the walk over rows alone would not read the indexes. */
export function checkFile(
  database: DatabaseSync,
  file: 'ledger' | 'blobs',
  damage: DamageList,
): void {
  const problem = tablesProblem(database, file);
  if (problem !== undefined) damage.add('file-damaged', `${file}.db`, problem);
  for (const row of database.prepare('PRAGMA integrity_check(1)').all()) {
    const found = String(row['integrity_check']);
    if (found !== 'ok') damage.add('file-damaged', `${file}.db`, found);
  }
}
