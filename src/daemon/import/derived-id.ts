/** Ids of messages that are the same at every reading: a second import finds the first. */
import { canonicalJson } from '#lib/canonical-json.ts';
import { sha256 } from '#lib/sha256.ts';
import { uuidFromHex } from '#lib/uuidv7.ts';

/** What makes a message the one that it is. What changes in its life (read or not) is no part of it. */
export interface MessageKey {
  readonly source: string;
  readonly sourceId: string | null;
  readonly from: string;
  readonly to: string;
  readonly text: string;
  /** When it was sent, as it is written there. */
  readonly time: string;
  /** How many with all of this the same came before it. */
  readonly occurrence: number;
}

/** A UUIDv7 whose time is `ms` (0 = unknown) and whose other 74 bits are the hash of the key. */
export function derivedId(key: MessageKey, ms: number): string {
  const digest = sha256(canonicalJson({ v: 1, ...key }));
  const time = ms.toString(16).padStart(12, '0');
  const variant = ((Number.parseInt(digest.slice(3, 4), 16) & 0x3) | 0x8).toString(16);
  return uuidFromHex(`${time}7${digest.slice(0, 3)}${variant}${digest.slice(4, 19)}`);
}
