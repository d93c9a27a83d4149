/**
 * A message as every carrier takes it: checked, and its body as JSON. A body is read anew for each
 * receiver, so nobody sees what another does to it, and what arrives is the same by any carrier.
 */
import { SkeinError, fromErrorBody, toErrorBody, toSkeinError } from '#protocol/errors.ts';
import { plainJsonProblem } from '#protocol/plain-json.ts';
import { assertSubject } from '#protocol/subjects.ts';
import type { BusMessage } from './bus.ts';

/** The largest body, and the largest answer, as JSON in bytes; what is larger belongs in a blob. */
export const MAX_BODY_BYTES = 256 * 1024;

const MAX_NAME_LENGTH = 128;
const MAX_DETAIL_LENGTH = 4_000;

/** A message on its way: all but the body, the body's JSON, and how many bytes that is. */
export interface WireMessage {
  readonly envelope: Omit<BusMessage, 'body'>;
  readonly json: string;
  readonly sizeBytes: number;
}

/** What comes back for a request, as JSON: what the handler returned, or the body of its error. */
export interface WireAnswer {
  readonly type: 'value' | 'error';
  readonly json: string;
}

/** Throws `subject-invalid`, `message-invalid` or `payload-too-large`. */
export function toWire(message: BusMessage): WireMessage {
  const { id, subject, from, sentAt } = message;
  assertSubject(subject);
  assertName(id, 'id');
  assertName(from, 'from');
  assertName(sentAt, 'sentAt');
  const json = toJson(message.body, 'body');
  return { envelope: { id, subject, from, sentAt }, json, sizeBytes: Buffer.byteLength(json) };
}

/** A message that came from another process, checked as our own are; its body is read when it is handled. */
export function receiveWire(fields: Readonly<Record<string, unknown>>, json: string): WireMessage {
  const { id, subject, from, sentAt } = fields;
  assertSubject(subject);
  assertName(id, 'id');
  assertName(from, 'from');
  assertName(sentAt, 'sentAt');
  const sizeBytes = Buffer.byteLength(json);
  if (sizeBytes > MAX_BODY_BYTES) throw tooLarge('body');
  return { envelope: { id, subject, from, sentAt }, json, sizeBytes };
}

/** The message, for one receiver. */
export const fromWire = ({ envelope, json }: WireMessage): BusMessage => ({
  ...envelope,
  body: JSON.parse(json),
});

/** What a handler returned, as an answer; nothing is null, and what can't travel is an error. */
export function toAnswer(value: unknown): WireAnswer {
  try {
    return { type: 'value', json: toJson(value ?? null, 'answer') };
  } catch (error) {
    return toErrorAnswer(error);
  }
}

/** What a handler threw, as an answer; of an error too large to travel what matters most. */
export function toErrorAnswer(thrown: unknown): WireAnswer {
  const whole = toErrorBody(toSkeinError(thrown));
  try {
    return { type: 'error', json: toJson(whole, 'error') };
  } catch {
    const { details: _details, fix: _fix, ...short } = whole;
    const detail = short.detail.slice(0, MAX_DETAIL_LENGTH);
    return { type: 'error', json: JSON.stringify({ ...short, detail }) };
  }
}

/** What the requester gets; throws what the handler threw. */
export function fromAnswer({ type, json }: WireAnswer): unknown {
  const value: unknown = JSON.parse(json);
  if (type === 'error') throw fromErrorBody(value);
  return value;
}

function toJson(value: unknown, what: string): string {
  const problem = plainJsonProblem(value, what);
  if (problem !== undefined) throw invalid(problem);
  const json = JSON.stringify(value);
  // A string has at most three bytes a unit of its length: only long ones need to be measured.
  if (json.length * 3 <= MAX_BODY_BYTES || Buffer.byteLength(json) <= MAX_BODY_BYTES) return json;
  throw tooLarge(what);
}

function assertName(value: unknown, what: string): asserts value is string {
  if (typeof value === 'string' && value.length > 0 && value.length <= MAX_NAME_LENGTH) return;
  throw invalid(`${what} is not a string of 1 to ${MAX_NAME_LENGTH}`);
}

const invalid = (problem: string): SkeinError =>
  new SkeinError('message-invalid', `Cannot send the message: ${problem}`);

const tooLarge = (what: string): SkeinError =>
  new SkeinError(
    'payload-too-large',
    `Cannot send the message: its ${what} has more than ${MAX_BODY_BYTES} bytes`,
    { fix: 'Store what is large as a blob, and send its hash.' },
  );
