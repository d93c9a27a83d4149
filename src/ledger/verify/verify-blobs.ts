/** Verifies blobs: each content has its hash, and each one an event names is here. */
import { join } from 'node:path';
import { sha256 } from '#lib/sha256.ts';
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
export function blobsNamedIn(body: Buffer, data: unknown): string[] {
  // Most events name none, and their bytes tell that faster than their data.
  return body.includes('"bytes":') ? referencesIn(data) : [];
}

function referencesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const { hash, bytes } = value as { readonly hash?: unknown; readonly bytes?: unknown };
  const isReference = typeof hash === 'string' && DIGEST.test(hash) && Number.isInteger(bytes);
  return [...(isReference ? [hash] : []), ...Object.values(value).flatMap(referencesIn)];
}
