/** The key of a node: ed25519, in a file that only its owner may read. */
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { SkeinError } from '#protocol/errors.ts';
import { openSecretFile } from './secret-file.ts';
import { makeSigner, type Signer } from './signer.ts';

/** The node's signer from `path` (PKCS #8 PEM, mode 0600); the key is made when there is none. */
export function openNodeKey(path: string): Signer {
  const pem = openSecretFile(path, () =>
    generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }),
  );
  try {
    return makeSigner(createPrivateKey(pem));
  } catch (cause) {
    throw new SkeinError('key-invalid', `Cannot use ${path}: it holds no ed25519 key`, {
      cause,
      fix: 'Restore the file from a backup. A new key is a new node: it cannot continue old chains.',
    });
  }
}
