/**
 * The envelope of an event: what every line on the record carries, whatever its type. It is
 * hashed as stored, so nothing here may be re-serialised after it was written.
 */
import { SkeinError } from '#protocol/errors.ts';
import { fields, integer, oneOf, optional, text, type FieldsOf, type Shape } from './shape.ts';

/** Who an event speaks for. Set by the node from how a command came in, never from its body. */
export const AUTHORITIES = ['human', 'supervisor', 'peer', 'system'] as const;

/** The level of the speaker. */
export type Authority = (typeof AUTHORITIES)[number];

const envelope = {
  id: text,
  type: text,
  v: optional(integer),
  subject: text,
  mission: optional(text),
  time: text,
  actor: text,
  authority: oneOf(...AUTHORITIES),
  traceId: text,
  spanId: text,
  parentSpanId: optional(text),
  cause: optional(text),
};

/**
 * One event. `id` UUIDv7; `v` schema version of the type (absent = 1); `subject` `<kind>/<id>`;
 * `time` the author's wall clock (ISO 8601, informational); trace ids as in W3C Trace Context;
 * `cause` the event this one answers to.
 */
export interface EventEnvelope<T extends string = string, D = unknown> extends Omit<
  FieldsOf<typeof envelope>,
  'type'
> {
  readonly type: T;
  readonly data: D;
}

const shape: Shape<FieldsOf<typeof envelope>> = fields(envelope);

/** The largest event in bytes; longer contents belong in a blob. */
export const MAX_EVENT_BYTES = 256 * 1024;

/** What a decider states; the ledger adds id, time, speaker and trace. */
export interface NewEvent<T extends string = string, D = unknown> {
  readonly type: T;
  readonly v?: number;
  readonly subject: string;
  readonly mission?: string;
  readonly cause?: string;
  readonly data: D;
}

/** Reads an envelope from stored bytes. Throws `event-invalid` for what is not an event. */
export function parseEnvelope(bytes: Uint8Array | string): EventEnvelope {
  const value = parseJson(typeof bytes === 'string' ? bytes : decodeUtf8(bytes));
  const problem = shape.problem(value, 'event');
  if (problem !== undefined) throw new SkeinError('event-invalid', `Cannot read event: ${problem}`);
  return value as EventEnvelope;
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new SkeinError('event-invalid', 'Cannot read event: it is not JSON', { cause });
  }
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return strictUtf8.decode(bytes);
  } catch (cause) {
    throw new SkeinError('event-invalid', 'Cannot read event: it is not UTF-8', { cause });
  }
}
