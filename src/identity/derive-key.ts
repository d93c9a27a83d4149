/**
 * Keys for one purpose, made from the node's key (HKDF-SHA256, RFC 5869). Whoever signs for a
 * stranger's protocol signs what the stranger chooses: NATS signs the server's nonce as it comes. The
 * node's key signs commits, so it must never sign anything else; a derived key may.
 */
import { createPrivateKey, hkdfSync, type KeyObject } from 'node:crypto';
import { SkeinError } from '#protocol/errors.ts';
import { readSecretFile } from './secret-file.ts';

const SEED_BYTES = 32;
const NAME = /^[a-z0-9][a-z0-9/-]{0,63}$/;
// What stands before the 32 bytes of an ed25519 key in PKCS #8 (RFC 8410).
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The ed25519 key for `name` (as `nats`), the same each time. Throws `key-invalid`. */
export function deriveKey(nodeKey: KeyObject, name: string): KeyObject {
  if (!NAME.test(name)) throw new SkeinError('usage', `Cannot derive a key for "${name}"`);
  const info = `skein/v1/${name}`;
  return keyFromSeed(Buffer.from(hkdfSync('sha256', seedOf(nodeKey), '', info, SEED_BYTES)));
}

/** The key for `name` from the node's key file, which must be there. Throws `key-invalid`. */
export function openDerivedKey(path: string, name: string): KeyObject {
  const pem = readSecretFile(path);
  if (pem === undefined)
    throw new SkeinError('key-invalid', `Cannot read ${path}: there is no key`);
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (cause) {
    throw new SkeinError('key-invalid', `Cannot use ${path}: it holds no key`, { cause });
  }
  return deriveKey(key, name);
}

/** The private key of a raw ed25519 seed of 32 bytes. Throws `key-invalid`. */
export function keyFromSeed(seed: Uint8Array): KeyObject {
  if (seed.length !== SEED_BYTES)
    throw new SkeinError('key-invalid', `Cannot use a seed of ${seed.length} bytes: it has 32`);
  const der = Buffer.concat([PKCS8, seed]);
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}

/** The raw seed of an ed25519 private key. Throws `key-invalid`. */
export function seedOf(key: KeyObject): Buffer {
  if (key.type !== 'private' || key.asymmetricKeyType !== 'ed25519')
    throw new SkeinError('key-invalid', 'Cannot use the key: it is not an ed25519 private key');
  return key.export({ format: 'der', type: 'pkcs8' }).subarray(-SEED_BYTES);
}
