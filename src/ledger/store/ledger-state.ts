/** What a ledger knows about itself on disk: its epoch, its last commit, its counts. */
import type { DatabaseSync } from 'node:sqlite';
import { decodeHeader, type CommitHeader } from '#protocol/commit.ts';
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import type { ChainHead } from '#ledger/ledger.ts';

/** A value of the table `meta`. */
export function readMeta(database: DatabaseSync, key: string): string | undefined {
  const row = database.prepare('SELECT value FROM meta WHERE key = ?').get(key);
  return row === undefined ? undefined : String(row['value']);
}

/** Sets a value of the table `meta`. */
export function writeMeta(database: DatabaseSync, key: string, value: string): void {
  database
    .prepare(
      'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
    )
    .run(key, value);
}

/** Makes `epoch` the one that may write here. A later owner has a higher one. */
export function takeEpoch(database: DatabaseSync, epoch: number): void {
  database.exec('BEGIN IMMEDIATE');
  const found = Number(readMeta(database, 'epoch') ?? 0);
  if (found > epoch) {
    database.exec('ROLLBACK');
    throw fenced(found, epoch);
  }
  writeMeta(database, 'epoch', String(epoch));
  database.exec('COMMIT');
}

/**
 * A check that refuses to write when a later owner has taken over (this process was frozen or cut
 * off). It is asked in every transaction, so its statement is prepared once.
 */
export function epochGuard(database: DatabaseSync, epoch: number): () => void {
  const statement = database.prepare("SELECT value FROM meta WHERE key = 'epoch'");
  return () => {
    const found = Number(statement.get()?.['value'] ?? 0);
    if (found !== epoch) throw fenced(found, epoch);
  };
}

const fenced = (found: number, epoch: number): SkeinError =>
  new SkeinError(
    'epoch-fenced',
    `Cannot write: epoch ${found} owns this ledger, this process has ${epoch}`,
    {
      fix: 'Another node process serves this home now; this one must stop.',
    },
  );

/** The last commit that `author` wrote here, with its clock reading and its local position. */
export function lastCommit(
  database: DatabaseSync,
  author: string,
): { readonly head: ChainHead; readonly hlc: string; readonly position: number } | undefined {
  const rows = database.prepare(
    'SELECT position, chain, seq, hash, header FROM commits ORDER BY position DESC',
  );
  for (const row of rows.iterate()) {
    const header = readHeader(row['header'] as Uint8Array);
    if (header.author !== author) continue;
    const head = {
      chain: String(row['chain']),
      seq: Number(row['seq']),
      hash: String(row['hash']),
    };
    return { head, hlc: header.hlc, position: Number(row['position']) };
  }
  return undefined;
}

function readHeader(bytes: Uint8Array): CommitHeader {
  try {
    return decodeHeader(bytes);
  } catch (cause) {
    if ((cause as SkeinError).name === 'record-too-new') throw cause;
    throw damaged('a commit header can not be read', cause);
  }
}

/** The highest local position in a table, 0 when it is empty. */
export function lastPosition(database: DatabaseSync, table: 'commits' | 'events'): number {
  const row = database.prepare(`SELECT max(position) AS last FROM ${table}`).get();
  return Number(row?.['last'] ?? 0);
}

/** SQLite's result codes for a failed sync of a file or its folder: what is on disk is unknown. */
const SQLITE_SYNC_FAILED: readonly number[] = [1034, 1290];

/** The name of the same from the file system, when we sync a file ourselves. */
const SYNC_CALLS: readonly string[] = ['fsync', 'fdatasync'];

/** Whether a sync failed: the kernel may have dropped what it could not write, trying again lies. */
export function isSyncFailure(cause: unknown): boolean {
  const { errcode, syscall } = (cause ?? {}) as { errcode?: number; syscall?: string };
  return SQLITE_SYNC_FAILED.includes(errcode ?? 0) || SYNC_CALLS.includes(syscall ?? '');
}

/** The error of a writer that has stopped because the disk failed to sync. */
export const unsynced = (cause: unknown): SkeinError =>
  new SkeinError(
    'storage-unsafe',
    `Cannot store the commit: the disk failed to sync (${cause instanceof Error ? cause.message : String(cause)})`,
    {
      cause,
      fix: 'What was not acknowledged may or may not be there. Stop the node ("skein down"), check the disk, then run "skein verify".',
    },
  );

/** SQLite's result codes for a file that makes no sense: corrupt, or no database at all. */
const SQLITE_DAMAGED: readonly number[] = [11, 26];

/** The error of a record that can't be trusted as it lies on disk. */
export const damaged = (state: string, cause?: unknown): SkeinError =>
  new SkeinError('record-damaged', `Cannot write to this record: ${state}`, {
    cause,
    fix: 'Run "skein verify": it names what is damaged. What is there can still be read.',
  });

/** Whether SQLite itself failed: disk full, corrupt, a failed read or write. */
export const isSqliteFailure = (thrown: unknown): boolean =>
  thrown instanceof Error && typeof (thrown as { errcode?: unknown }).errcode === 'number';

/** A failure of the storage as our error; ours pass unchanged, a bug stays a bug. */
export function storageError(cause: unknown): SkeinError {
  if (cause instanceof SkeinError) return cause;
  const { errcode, code, message } = cause as { errcode?: number; code?: string; message?: string };
  if (errcode === undefined && !/^E[A-Z]+$/.test(code ?? '')) return toSkeinError(cause);
  if (SQLITE_DAMAGED.includes((errcode ?? 0) & 0xff)) return damaged(message ?? 'corrupt', cause);
  if (isSyncFailure(cause)) return unsynced(cause);
  const fix = 'Nothing of this command was stored. Free space or repair the disk, then try again.';
  return new SkeinError('storage-failed', `Cannot store the commit: ${message ?? String(cause)}`, {
    cause,
    fix,
    details: { errcode },
  });
}
