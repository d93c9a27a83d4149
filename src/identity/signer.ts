/** Ed25519 signatures (RFC 8032) by node:crypto; keys are named by their public half in hex. */
import { createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { SkeinError } from '#protocol/errors.ts';

/** Signs in the name of one key. `key` is the public half, 64 hexadecimal digits. */
export interface Signer {
  readonly key: string;
  readonly sign: (bytes: Uint8Array) => Buffer;
}

/** A signer for a private key object. */
export function makeSigner(privateKey: KeyObject): Signer {
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  if (x === undefined || privateKey.asymmetricKeyType !== 'ed25519') {
    throw new SkeinError('key-invalid', 'Cannot sign: the key is not an ed25519 key');
  }
  return {
    key: Buffer.from(x, 'base64url').toString('hex'),
    sign: (bytes) => sign(null, bytes, privateKey),
  };
}

/** Public keys by name; importing one costs as much as a signature, so they are kept. */
const known = new Map<string, KeyObject>();
const MAX_KNOWN = 1024;

function publicKey(key: string): KeyObject {
  const cached = known.get(key);
  if (cached !== undefined) return cached;
  const x = Buffer.from(key, 'hex').toString('base64url');
  const made = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(key, made);
  return made;
}

/** Whether `signature` over `bytes` was made by `key`. Bad keys and lengths are just false. */
export function verifySignature(key: string, bytes: Uint8Array, signature: Uint8Array): boolean {
  try {
    return signature.length === 64 && verify(null, bytes, publicKey(key), signature);
  } catch {
    return false;
  }
}
