/**
 * Invitations: a code that is given to a person, and how its secret is proven without being sent.
 * From the secret both make a key for signing; the inviter keeps its public half only, so that who
 * reads the inviter's file can't join with it.
 */
import { hkdfSync } from 'node:crypto';
import { keyFromSeed } from '#identity/derive-key.ts';
import { makeSigner, verifySignature, type Signer } from '#identity/signer.ts';
import { SkeinError } from '#protocol/errors.ts';
import {
  digest,
  fields,
  flag,
  integer,
  list,
  oneOf,
  optional,
  text,
  type FieldsOf,
} from '#protocol/shape.ts';

/** What every proof begins with, so that it is valid nowhere else. */
const JOIN_CONTEXT = 'skein/join/v1';

/** Random bytes that make up a secret. */
export const SECRET_BYTES = 16;

/** The longest code that is looked at. */
const MAX_CODE = 4_096;

const SPACE = /^[0-9a-f]{32}$/;

/** What a code says: where to go, whom to expect there, and the secret. `expires` in seconds since 1970. */
export interface Invite {
  readonly space: string;
  readonly key: string;
  readonly addresses: readonly string[];
  readonly secret: Uint8Array;
  readonly expires: number;
  /** It is the record of a repository: not where messages go when nobody says otherwise. */
  readonly isProject?: boolean;
}

const shape = {
  v: oneOf('1'),
  s: text,
  k: digest,
  a: list(text),
  x: text,
  e: integer,
  p: optional(flag),
};

/** An invitation as one word to be copied. */
export function encodeInvite(invite: Invite): string {
  const { space, key, addresses, secret, expires, isProject = false } = invite;
  const x = Buffer.from(secret).toString('base64url');
  const of = { v: '1', s: space, k: key, a: addresses, x, e: expires } as const;
  const said: FieldsOf<typeof shape> = isProject ? { ...of, p: true } : of;
  return Buffer.from(JSON.stringify(said)).toString('base64url');
}

/** Reads a code; throws `invite-invalid`. */
export function decodeInvite(code: string): Invite {
  if (code.length > MAX_CODE) throw unreadable();
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(code.trim(), 'base64url').toString('utf8'));
  } catch (cause) {
    throw unreadable(cause);
  }
  if (fields(shape).problem(value, 'code') !== undefined) throw unreadable();
  const { s, k, a, x, e, p = false } = value as FieldsOf<typeof shape>;
  const secret = Buffer.from(x, 'base64url');
  if (!SPACE.test(s) || secret.length !== SECRET_BYTES || a.length === 0) throw unreadable();
  return { space: s, key: k, addresses: a, secret, expires: e, ...(p ? { isProject: p } : {}) };
}

/** The signer that a secret stands for. */
export const secretSigner = (secret: Uint8Array): Signer =>
  makeSigner(keyFromSeed(Buffer.from(hkdfSync('sha256', secret, '', JOIN_CONTEXT, 32))));

/** What a proof is about: this one link, whose binding covers both keys and nonces, and one space. */
export interface ProofScope {
  readonly binding: string;
  readonly space: string;
}

/** Proves to know the secret; base64url. */
export const proveSecret = (secret: Uint8Array, scope: ProofScope): string =>
  secretSigner(secret).sign(proofBytes(scope)).toString('base64url');

/** Whether a proof was made with the secret whose public half is `verifier`. */
export const isProof = (proof: string, verifier: string, scope: ProofScope): boolean =>
  verifySignature(verifier, proofBytes(scope), Buffer.from(proof, 'base64url'));

const proofBytes = ({ binding, space }: ProofScope): Buffer =>
  Buffer.from(`${JOIN_CONTEXT}${JSON.stringify([binding, space])}`);

const unreadable = (cause?: unknown): SkeinError =>
  new SkeinError('invite-invalid', 'Cannot join: the code is incomplete or no invitation', {
    cause,
    fix: 'Copy the whole code that skein invite printed.',
  });
