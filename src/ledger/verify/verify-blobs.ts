/** Verifies blobs: each content has its hash, and each one an event names is here. */
import { join } from 'node:path';
import { sha256 } from '#lib/sha256.ts';
import { unpackBlob } from '#ledger/store/blob-store.ts';
import { openForReading } from '#ledger/store/database.ts';
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
    for (const row of database
      .prepare('SELECT hash, bytes, encoding, content FROM blobs')
      .iterate()) {
      count += 1;
      const hash = String(row['hash']);
      missing.delete(hash);
      const content = unpackBlob(row as unknown as Parameters<typeof unpackBlob>[0]);
      if (content === undefined || sha256(content) !== hash) {
        damage.add('blob-changed', hash, `its content is not what its name says`);
      }
    }
  } finally {
    database.close();
  }
  for (const [hash, event] of missing) damage.add('blob-missing', hash, `event ${event} names it`);
  return count;
}

const REFERENCE = /"hash":"([0-9a-f]{64})","bytes":\d+/g;

/** The blobs that the bytes of an event name (references are always written hash first). */
export function blobsNamedIn(body: Buffer): string[] {
  if (!body.includes('"bytes":')) return [];
  return Array.from(body.toString('utf8').matchAll(REFERENCE), (match) => match[1] as string);
}
