/**
 * A wire on which only the two who shook hands can speak or read: AES-256-GCM under a key for each
 * direction. Frames are counted on both sides, so one that is repeated, left out, exchanged or from
 * another connection does not open, and the wire is closed.
 */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import type { Wire } from '../link/wire.ts';

const TAG_BYTES = 16;
const KEY_BYTES = 32;

/** The bytes a sealed frame has more than the frame. */
export const SEAL_BYTES = TAG_BYTES;

/** What both ends know after they exchanged their one-time keys. */
export interface SealSecret {
  /** The result of X25519. */
  readonly shared: Uint8Array;
  /** SHA-256 of all that was said until then. */
  readonly transcript: Uint8Array;
  readonly isDialler: boolean;
}

/** The wire, sealed. `broken` is told before it is closed because a frame did not open. */
export function sealWire(wire: Wire, secret: SealSecret, broken: () => void): Wire {
  const names = ['dialler', 'acceptor'] as const;
  const [ours, theirs] = secret.isDialler ? names : names.toReversed();
  const seal = makeSealer(deriveKey(secret, ours as string));
  const open = makeOpener(deriveKey(secret, theirs as string));
  let isBroken = false;
  return {
    ...wire,
    send: (frame) => wire.send(seal(frame)),
    receive: (handle) =>
      wire.receive(
        handle &&
          ((frame) => {
            if (isBroken) return;
            const opened = open(frame);
            if (opened !== undefined) return handle(opened);
            isBroken = true;
            broken();
            wire.close('a frame did not open');
          }),
      ),
  };
}

const deriveKey = ({ shared, transcript }: SealSecret, who: string): Buffer =>
  Buffer.from(hkdfSync('sha256', shared, transcript, `skein/link/v1/${who}`, KEY_BYTES));

function makeSealer(key: Buffer): (frame: Uint8Array) => Buffer {
  const nonce = makeNonces();
  return (frame) => {
    const cipher = createCipheriv('aes-256-gcm', key, nonce());
    return Buffer.concat([cipher.update(frame), cipher.final(), cipher.getAuthTag()]);
  };
}

function makeOpener(key: Buffer): (frame: Uint8Array) => Buffer | undefined {
  const nonce = makeNonces();
  return (frame) => {
    if (frame.length < TAG_BYTES) return undefined;
    const decipher = createDecipheriv('aes-256-gcm', key, nonce());
    decipher.setAuthTag(frame.subarray(-TAG_BYTES));
    try {
      const opened = decipher.update(frame.subarray(0, -TAG_BYTES));
      decipher.final();
      return opened;
    } catch {
      return undefined;
    }
  };
}

/** One nonce a frame, counting up: each key is used for one direction of one connection. */
function makeNonces(): () => Buffer {
  let count = 0n;
  return () => {
    const nonce = Buffer.alloc(12);
    nonce.writeBigUInt64BE(count, 4);
    count += 1n;
    return nonce;
  };
}
