/**
 * Nkeys, the text form that NATS has for ed25519 keys: a prefix, the key, a CRC-16 and base 32
 * (github.com/nats-io/nkeys). Signing is `node:crypto`'s; the usual library does it in JavaScript, 250
 * times slower.
 */
import { sign, type KeyObject } from 'node:crypto';
import { SkeinError } from '#protocol/errors.ts';
import { keyFromSeed, seedOf } from './derive-key.ts';
import { makeSigner } from './signer.ts';

const PREFIX = { user: 20 << 3, account: 0, operator: 14 << 3 };
const USER = PREFIX.user;
const SEED = 18 << 3;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Shows who connects to NATS: the nkey of a user, and its signature of the server's nonce. */
export interface NkeySigner {
  readonly nkey: string;
  /** The signature as base64url. */
  readonly sign: (nonce: string) => string;
}

/** A signer for a key that is used for NATS alone: what it signs is chosen by the server. */
export const nkeySigner = (key: KeyObject): NkeySigner => ({
  nkey: publicNkey(makeSigner(key).key),
  sign: (nonce) => sign(null, Buffer.from(nonce), key).toString('base64url'),
});

/** The nkey for a public key in hex: of a user (`U...`), or what else it is of. */
export const publicNkey = (key: string, of: keyof typeof PREFIX = 'user'): string =>
  withCheck(Buffer.from([PREFIX[of]]), Buffer.from(key, 'hex'));

/** The seed of a user (`SU...`): as secret as the key itself. */
export const seedNkey = (key: KeyObject): string =>
  withCheck(Buffer.from([SEED | (USER >> 5), (USER & 31) << 3]), seedOf(key));

/** The private key of a user's seed (`SU...`). Throws `key-invalid`, which never quotes the seed. */
export function keyFromNkeySeed(text: string): KeyObject {
  const bytes = fromBase32(text.trim());
  const payload = bytes.subarray(0, -2);
  const isUser = payload[0] === (SEED | (USER >> 5)) && payload[1] === (USER & 31) << 3;
  if (!isUser || payload.length !== 34 || crc16(payload) !== bytes.readUInt16LE(34))
    throw new SkeinError('key-invalid', "Cannot use the seed: it is not a NATS user's (SU...)");
  return keyFromSeed(payload.subarray(2));
}

function withCheck(prefix: Buffer, key: Buffer): string {
  const payload = Buffer.concat([prefix, key]);
  const check = Buffer.alloc(2);
  check.writeUInt16LE(crc16(payload));
  return toBase32(Buffer.concat([payload, check]));
}

/** CRC-16/XMODEM. */
function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  }
  return crc & 0xffff;
}

/** RFC 4648 without padding. */
function toBase32(bytes: Uint8Array): string {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('');
  const groups = bits.match(/.{1,5}/g) ?? [];
  return groups.map((group) => ALPHABET[Number.parseInt(group.padEnd(5, '0'), 2)]).join('');
}

/** Anything that is not base 32 has other bytes, and fails the check. */
function fromBase32(text: string): Buffer {
  const bits = Array.from(text, (letter) =>
    Math.max(0, ALPHABET.indexOf(letter)).toString(2).padStart(5, '0'),
  ).join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}
