/**
 * Ed25519 (RFC 8032) with a nonce of one's own: a second valid signature over the same bytes, which
 * only the holder of the key can make. The curve's arithmetic is left to keys made of chosen seeds.
 */
import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';

const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

const fromLittle = (bytes: Uint8Array): bigint =>
  BigInt(`0x${Buffer.from(bytes.toReversed()).toString('hex')}`);

const sha512 = (...parts: readonly Uint8Array[]): Buffer =>
  createHash('sha512').update(Buffer.concat(parts)).digest();

const field = (key: KeyObject, name: 'd' | 'x'): Buffer =>
  Buffer.from(key.export({ format: 'jwk' })[name] ?? '', 'base64url');

/** The number that a seed stands for, as the key's half of a signature has it. */
function scalarOf(seed: Uint8Array): bigint {
  const bytes = sha512(seed).subarray(0, 32);
  bytes[0] = (bytes[0] ?? 0) & 248;
  bytes[31] = ((bytes[31] ?? 0) & 127) | 64;
  return fromLittle(bytes);
}

/** A private key object of 32 bytes. */
export const keyOfSeed = (seed: Uint8Array): KeyObject =>
  createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]),
    format: 'der',
    type: 'pkcs8',
  });

/** Signs with the nonce that `nonceSeed` stands for. */
export function signWithNonce(key: KeyObject, bytes: Uint8Array, nonceSeed: Uint8Array): Buffer {
  const publicHalf = field(createPublicKey(key), 'x');
  const commitment = field(createPublicKey(keyOfSeed(nonceSeed)), 'x');
  const challenge = fromLittle(sha512(commitment, publicHalf, bytes));
  const answer = (scalarOf(nonceSeed) + challenge * scalarOf(field(key, 'd'))) % ORDER;
  const hex = answer.toString(16).padStart(64, '0');
  return Buffer.concat([commitment, Buffer.from(hex, 'hex').toReversed()]);
}
