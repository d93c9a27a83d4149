/**
 * Blobs of a space: contents by SHA-256, compressed with zstd, written and fsynced by their own
 * connection before any event names them (one that no event names is harmless).
 */
import type { DatabaseSync } from 'node:sqlite';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { sha256 } from '#lib/sha256.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { BlobReference } from '#ledger/ledger.ts';

/** The largest content of one blob, in bytes. */
export const MAX_BLOB_BYTES = 64 * 1024 * 1024;

/** Below this many bytes zstd gains nothing. */
const COMPRESS_FROM_BYTES = 128;

/** Stores all contents in one durable transaction; those already there cost nothing. */
export function putBlobs(database: DatabaseSync, contents: readonly Uint8Array[]): BlobReference[] {
  const insert = database.prepare(
    'INSERT INTO blobs (hash, bytes, encoding, content) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const references = contents.map(referenceTo);
  database.exec('BEGIN IMMEDIATE');
  try {
    for (const [index, content] of contents.entries()) {
      const { hash, bytes } = references[index] as BlobReference;
      const squeezed = bytes >= COMPRESS_FROM_BYTES ? zstdCompressSync(content) : undefined;
      if (squeezed !== undefined && squeezed.length < bytes)
        insert.run(hash, bytes, 'zstd', squeezed);
      else insert.run(hash, bytes, 'plain', content);
    }
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
  return references;
}

/** Throws `payload-too-large` above the limit. */
export function assertBlobSize(content: Uint8Array): void {
  if (content.length <= MAX_BLOB_BYTES) return;
  throw new SkeinError(
    'payload-too-large',
    `Cannot store a blob of ${content.length} bytes: ${MAX_BLOB_BYTES} is the limit`,
  );
}

function referenceTo(content: Uint8Array): BlobReference {
  assertBlobSize(content);
  return { hash: sha256(content), bytes: content.length };
}

interface BlobRow {
  readonly bytes: number;
  readonly encoding: string;
  readonly content: Uint8Array;
}

/** The content named by `hash`; throws `blob-missing`, or `record-damaged` when it has changed. */
export function getBlob(database: DatabaseSync, hash: string): Buffer {
  const row = database
    .prepare('SELECT bytes, encoding, content FROM blobs WHERE hash = ?')
    .get(hash);
  if (row === undefined)
    throw new SkeinError('blob-missing', `Cannot read blob ${hash}: it is not here`);
  const content = unpackBlob(row as unknown as BlobRow);
  if (content === undefined || sha256(content) !== hash) {
    throw new SkeinError('record-damaged', `Cannot read blob ${hash}: its content has changed`, {
      fix: 'Run "skein verify" to see all damage.',
    });
  }
  return content;
}

/** Whether a blob of this name is here; it is not read. */
export const hasBlob = (database: DatabaseSync, hash: string): boolean =>
  database.prepare('SELECT 1 FROM blobs WHERE hash = ?').get(hash) !== undefined;

/** The same, or undefined when it is not here or has changed. */
export function findBlob(database: DatabaseSync, hash: string): Buffer | undefined {
  try {
    return getBlob(database, hash);
  } catch {
    return undefined;
  }
}

/** The content of a row, or undefined when it can't be unpacked. */
export function unpackBlob(row: BlobRow): Buffer | undefined {
  try {
    if (row.encoding === 'plain') return Buffer.from(row.content);
    if (row.encoding !== 'zstd') return undefined;
    const maxOutputLength = Math.min(Math.max(row.bytes, 1), MAX_BLOB_BYTES);
    return zstdDecompressSync(row.content, { maxOutputLength });
  } catch {
    return undefined;
  }
}
