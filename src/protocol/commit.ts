/**
 * A commit: what one flush stored for one space. Its header is signed and chained; its bodies
 * (the event bytes) hang on it by salted hash and may be erased without breaking the chain.
 */
import { SkeinError } from '#protocol/errors.ts';
import { digest, fields, integer, list, nullable, text, type FieldsOf } from './shape.ts';

/** The only header format so far. A reader refuses a higher one. */
export const COMMIT_FORMAT = 1;

/** What every signature over a header begins with, so that it is valid nowhere else. */
export const COMMIT_CONTEXT = 'skein/commit/v1';

const header = {
  format: integer,
  space: text,
  author: digest,
  chain: text,
  seq: integer,
  prev: nullable(digest),
  hlc: text,
  seen: list(fields({ author: digest, chain: text, seq: integer })),
  events: list(fields({ id: text, hash: digest })),
};

/**
 * The signed part. `author` ed25519 public key (hexadecimal); `seq` from 1, gapless in a chain;
 * `prev` id of the commit before; `seen` highest seq of every other chain it builds on;
 * `events` id and SHA-256(salt + event bytes) of each event, in order.
 */
export type CommitHeader = FieldsOf<typeof header>;

const shape = fields(header);

/** The header as the bytes that are signed and stored: one spelling, fixed key order. */
export function encodeHeader(value: CommitHeader): Buffer {
  const { format, space, author, chain, seq, prev, hlc, seen, events } = value;
  return Buffer.from(
    JSON.stringify({ format, space, author, chain, seq, prev, hlc, seen, events }),
  );
}

/** Reads header bytes; throws `event-invalid`, or `record-too-new` for a later format. */
export function decodeHeader(bytes: Uint8Array): CommitHeader {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new SkeinError('event-invalid', 'Cannot read commit header: it is not JSON', { cause });
  }
  const format = (value as { format?: unknown } | null)?.format;
  if (typeof format === 'number' && format > COMMIT_FORMAT) {
    throw new SkeinError('record-too-new', `Cannot read commit header: its format is ${format}`, {
      fix: 'Use a newer Skein.',
    });
  }
  const problem = shape.problem(value, 'header');
  if (problem !== undefined) {
    throw new SkeinError('event-invalid', `Cannot read commit header: ${problem}`);
  }
  return value as CommitHeader;
}

/** The bytes a commit's signature covers. */
export const signedBytes = (headerBytes: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from(COMMIT_CONTEXT), headerBytes]);
