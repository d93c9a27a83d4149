/** Verifies blobs: each content has its hash, and each one an event names is here. */
import { join } from 'node:path';
import { sha256 } from '#lib/sha256.ts';
import type { BlobReference } from '#ledger/ledger.ts';
import { unpackBlob } from '#ledger/store/blob-store.ts';
import { openForReading } from '#ledger/store/database.ts';
import { checkFile } from './verify-file.ts';
import type { DamageList } from './verify-damage.ts';

/** What an event says of a blob: its id, and whether this node wrote it, and so must have the blob. */
export interface NamedBlob {
  readonly event: string;
  readonly isOwn: boolean;
}

/** How many blobs are here, and how many that other nodes named were not asked for yet. */
export interface BlobCount {
  readonly here: number;
  readonly absent: number;
}

/** Checks all blobs of a space against `wanted`, by their hashes. */
export function checkBlobs(
  folder: string,
  wanted: ReadonlyMap<string, NamedBlob>,
  damage: DamageList,
): BlobCount {
  const database = openForReading(join(folder, 'blobs.db'));
  const missing = new Map(wanted);
  let here = 0;
  try {
    checkFile(database, 'blobs', damage);
    for (const row of database
      .prepare('SELECT hash, bytes, encoding, content FROM blobs')
      .iterate()) {
      here += 1;
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
  let absent = 0;
  for (const [hash, { event, isOwn }] of missing) {
    if (isOwn) damage.add('blob-missing', hash, `event ${event} names it`);
    else absent += 1;
  }
  return { here, absent };
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
