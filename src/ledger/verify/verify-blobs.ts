/** Verifies blobs: each content has its hash, and each one an event names is here. */
import { join } from 'node:path';
import { sha256 } from '#lib/sha256.ts';
import type { BlobReference } from '#ledger/ledger.ts';
import { unpackBlob } from '#ledger/store/blob-store.ts';
import { openForReading } from '#ledger/store/database.ts';
import { checkFile } from './verify-file.ts';
import type { DamageList } from './verify-damage.ts';

/** Checks all blobs of a space against `wanted` (hash -> event id); answers how many there are. */
export function checkBlobs(
  folder: string,
  wanted: ReadonlyMap<string, string>,
  damage: DamageList,
): number {
  const database = openForReading(join(folder, 'blobs.db'));
  const missing = new Map(wanted);
  let count = 0;
  try {
    checkFile(database, 'blobs', damage);
    for (const row of database
      .prepare('SELECT hash, bytes, encoding, content FROM blobs')
      .iterate()) {
      count += 1;
      const hash = String(row['hash']);
      missing.delete(hash);
      const content = unpackBlob(row as unknown as Parameters<typeof unpackBlob>[0]);
      const whole = content?.length === row['bytes'] && content && sha256(content) === hash;
      if (!whole) {
        damage.add('blob-changed', hash, `its content is not what its name says`);
      }
    }
  } finally {
    database.close();
  }
  for (const [hash, event] of missing) damage.add('blob-missing', hash, `event ${event} names it`);
  return count;
}

const DIGEST = /^[0-9a-f]{64}$/;

/** The blobs that an event names anywhere in its data: objects with a `hash` and `bytes`. */
export const blobsNamedIn = (body: Buffer, data: unknown): string[] =>
  referencesNamedIn(body, data).map(({ hash }) => hash);

/** The same with their sizes, as the event says them. */
export const referencesNamedIn = (body: Buffer, data: unknown): BlobReference[] =>
  // Most events name none, and their bytes tell that faster than their data.
  body.includes('"bytes":') ? referencesIn(data) : [];

function referencesIn(value: unknown): BlobReference[] {
  if (typeof value !== 'object' || value === null) return [];
  const { hash, bytes } = value as { readonly hash?: unknown; readonly bytes?: unknown };
  const isReference = typeof hash === 'string' && DIGEST.test(hash) && Number.isInteger(bytes);
  const own = isReference ? [{ hash, bytes: Number(bytes) }] : [];
  return [...own, ...Object.values(value).flatMap(referencesIn)];
}
