/** What two nodes say to each other before they are linked, and what their signatures cover. */
import { createPublicKey, diffieHellman, generateKeyPairSync } from 'node:crypto';
import { sha256 } from '#lib/sha256.ts';
import {
  digest,
  fields,
  integer,
  list,
  oneOf,
  text,
  type FieldsOf,
  type Shape,
} from '#protocol/shape.ts';
import type { SkeinError } from '#protocol/errors.ts';
import { refusal } from '../refusal.ts';

/** Versions of what links speak, the best first. */
export const VERSIONS: readonly number[] = [1];

/** What every signature of a handshake begins with, so that it is valid nowhere else. */
export const HELLO_CONTEXT = 'skein/hello/v1';

/** How long a message of the handshake may be. */
export const MAX_HELLO_BYTES = 128 << 10;

/** How many spaces one may offer, and how long a name may be. */
const MAX_SPACES = 1_000;
const MAX_TEXT = 128;

const short: Shape<string> = {
  problem: (value, at) =>
    typeof value === 'string' && value.length <= MAX_TEXT ? undefined : `${at} is no short text`,
};

const spaces: Shape<readonly string[]> = {
  problem: (value, at) =>
    Array.isArray(value) && value.length > MAX_SPACES
      ? `${at} is too long`
      : list(short).problem(value, at),
};

/** First the dialler, then the acceptor: in the open. `nonce` and `oneTimeKey` are 32 bytes in hex. */
const opening = fields({
  versions: list(integer),
  key: digest,
  nonce: digest,
  oneTimeKey: digest,
});
/** Then, sealed: the acceptor proves its key. */
const proof = fields({ signature: text, software: short });
/** The dialler proves its own, and says what it comes for. */
const request = fields({
  signature: text,
  software: short,
  purpose: oneOf('peer', 'join'),
  spaces,
});
/** The acceptor lets it in, or says why not. */
const welcome = fields({ refused: short, spaces });

/** The shapes of the messages, in their order. */
export const HELLO = { opening, proof, request, welcome };

/** What one end says in the open. */
export type Opening = FieldsOf<{
  versions: Shape<readonly number[]>;
  key: Shape<string>;
  nonce: Shape<string>;
  oneTimeKey: Shape<string>;
}>;

/** Reads a message of the handshake; throws `peer-refused`. */
export function readHello<T>(bytes: Uint8Array, shape: Shape<T>): T {
  if (bytes.length > MAX_HELLO_BYTES) throw unreadable();
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw unreadable();
  }
  const problem = shape.problem(value, 'greeting');
  if (problem !== undefined) throw refusal('hello-invalid', `Cannot link: ${problem}`);
  return value as T;
}

const unreadable = (): SkeinError =>
  refusal('hello-invalid', 'Cannot link: the greeting can not be read');

/** Both openings, as they were sent. */
export interface Openings {
  readonly dialler: Opening;
  readonly acceptor: Opening;
  /** SHA-256 of their bytes, in order. */
  readonly transcript: string;
}

/** Puts the openings together. */
export const makeOpenings = (diallerBytes: Uint8Array, acceptorBytes: Uint8Array): Openings => ({
  dialler: readHello(diallerBytes, opening),
  acceptor: readHello(acceptorBytes, opening),
  transcript: sha256(`${sha256(diallerBytes)}${sha256(acceptorBytes)}`),
});

/** The bytes that one end signs: who it is, to whom, in which connection, for which spaces. */
export function helloBytes(
  role: 'dialler' | 'acceptor',
  { dialler, acceptor, transcript }: Openings,
  offered: readonly string[],
): Buffer {
  const said = [dialler.key, acceptor.key, dialler.nonce, acceptor.nonce, transcript];
  return Buffer.from(`${HELLO_CONTEXT}${JSON.stringify([role, ...said, offered])}`);
}

/** A key for one handshake (X25519, RFC 7748): who learns the node's key later learns nothing said now. */
export function makeOneTimeKey(): {
  readonly key: string;
  readonly agree: (other: string) => Buffer;
} {
  const { privateKey, publicKey: own } = generateKeyPairSync('x25519');
  const { x } = own.export({ format: 'jwk' });
  return {
    key: Buffer.from(x as string, 'base64url').toString('hex'),
    agree: (other) => {
      const key = { kty: 'OKP', crv: 'X25519', x: Buffer.from(other, 'hex').toString('base64url') };
      const publicKey = createPublicKey({ key, format: 'jwk' });
      return diffieHellman({ privateKey, publicKey });
    },
  };
}
