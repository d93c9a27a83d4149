/**
 * Ids of commands that follow from something that happened: the node that derives one again gets the
 * same, so what follows happens once, for ever. Without the node's secret nobody can tell them before:
 * else who took such an id first would keep a message from being received.
 */
import { sha256 } from '#lib/sha256.ts';
import { uuidFromHex } from '#lib/uuidv7.ts';

/** A UUIDv7 with the time of the UUIDv7 `base`, whose other bits are the hash of all that is given. */
export function derivedId(secret: string, base: string, what: string): string {
  const digest = sha256(JSON.stringify(['skein/derived/v1', secret, base, what]));
  const time = base.replaceAll('-', '').slice(0, 12);
  const variant = ((Number.parseInt(digest.slice(3, 4), 16) & 0x3) | 0x8).toString(16);
  return uuidFromHex(`${time}7${digest.slice(0, 3)}${variant}${digest.slice(4, 19)}`);
}
