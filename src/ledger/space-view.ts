/** Looks into a space's files without a writer: for lists and sizes, of many spaces at once. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { openForReading, refuseNewer } from './store/database.ts';
import { readMeta } from './store/ledger-state.ts';
import type { LedgerReader, LedgerStats } from './ledger.ts';
import { countRows, makeLedgerReader } from './ledger-reader.ts';

/** A look into a space; `close` it soon. */
export interface SpaceView {
  readonly read: LedgerReader;
  readonly stats: () => Omit<LedgerStats, 'redacted'>;
  /** The version of the reducers that folded the state, undefined when none did. */
  readonly foldedBy: string | undefined;
  readonly close: () => void;
}

/** Opens the files of a space for reading; throws what SQLite says of a damaged one. */
export function openSpaceView(folder: string): SpaceView {
  const path = join(folder, 'ledger.db');
  const database = openForReading(path);
  refuseNewer(database, path);
  return {
    read: makeLedgerReader(database),
    stats: () => measureSpace(folder, database),
    foldedBy: readMeta(database, 'reducers'),
    close: () => database.close(),
  };
}

/** Counts, sizes in bytes (the WAL included) and the last commit of a space. */
export function measureSpace(
  folder: string,
  database: DatabaseSync,
): Omit<LedgerStats, 'redacted'> {
  const ledger = join(folder, 'ledger.db');
  const blobs = join(folder, 'blobs.db');
  return {
    ...countRows(database),
    ledgerBytes: sizeOf(ledger) + sizeOf(`${ledger}-wal`),
    blobBytes: sizeOf(blobs) + sizeOf(`${blobs}-wal`),
  };
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
