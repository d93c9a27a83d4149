/** Copies the blobs that are what their names say out of a damaged file. */
import type { DatabaseSync } from 'node:sqlite';
import { sha256 } from '#lib/sha256.ts';
import { unpackBlob } from '#ledger/store/blob-store.ts';

/** Copies good blobs and adds the hashes of others to `lost`; answers how many were good. */
export function salvageBlobs(source: DatabaseSync, target: DatabaseSync, lost: string[]): number {
  const insert = target.prepare(
    'INSERT INTO blobs (hash, bytes, encoding, content) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );
  let good = 0;
  target.exec('BEGIN IMMEDIATE');
  for (const rowid of rowidsOf(source)) {
    const row = readRow(source, rowid);
    if (row === undefined) continue;
    const { hash, bytes, encoding, content } = row;
    const unpacked = unpackBlob({ bytes, encoding, content });
    if (unpacked !== undefined && sha256(unpacked) === hash) {
      insert.run(hash, bytes, encoding, content);
      good += 1;
    } else lost.push(hash);
  }
  target.exec('COMMIT');
  return good;
}

interface BlobRow {
  readonly hash: string;
  readonly bytes: number;
  readonly encoding: string;
  readonly content: Uint8Array;
}

function rowidsOf(source: DatabaseSync): number[] {
  try {
    const row = source.prepare('SELECT max(rowid) AS last FROM blobs').get();
    return Array.from({ length: Number(row?.['last'] ?? 0) }, (_, index) => index + 1);
  } catch {
    return [];
  }
}

/** One row by its key: what stands on an unreadable page is lost, the rest is not. */
function readRow(source: DatabaseSync, rowid: number): BlobRow | undefined {
  try {
    const row = source
      .prepare('SELECT hash, bytes, encoding, content FROM blobs WHERE rowid = ?')
      .get(rowid);
    return row === undefined ? undefined : (row as unknown as BlobRow);
  } catch {
    return undefined;
  }
}
