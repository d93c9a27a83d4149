/**
 * What two processes exchange: a header, as JSON in one line, and below it the JSON of a body as it
 * is. The body is neither encoded twice nor read before it is wanted.
 */
import { SkeinError } from '#protocol/errors.ts';
import type { WireAnswer } from './wire-message.ts';
import { MAX_BODY_BYTES } from './wire-message.ts';

/** The largest frame in bytes; carriers refuse larger ones before they read them. */
export const MAX_FRAME_BYTES = MAX_BODY_BYTES + 8 * 1024;

/** A frame that was read; nothing of it is checked but its form. */
export interface Frame {
  readonly header: Readonly<Record<string, unknown>>;
  readonly json: string;
}

/** Header and body as one text. */
export const encodeFrame = (header: object, json = 'null'): string =>
  `${JSON.stringify(header)}\n${json}`;

/** The frame in `bytes`; throws `message-invalid` or `payload-too-large`. */
export function decodeFrame(bytes: Uint8Array): Frame {
  if (bytes.length > MAX_FRAME_BYTES)
    throw new SkeinError(
      'payload-too-large',
      `Cannot read a frame of ${bytes.length} bytes: the most is ${MAX_FRAME_BYTES}`,
    );
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
  const end = text.indexOf('\n');
  let header: unknown;
  try {
    header = JSON.parse(text.slice(0, Math.max(end, 0)));
  } catch (cause) {
    throw new SkeinError('message-invalid', 'Cannot read a frame: it has no header', { cause });
  }
  if (typeof header !== 'object' || header === null)
    throw new SkeinError('message-invalid', 'Cannot read a frame: its header is no object');
  return { header: header as Frame['header'], json: text.slice(end + 1) };
}

/** The answer in a frame with `type` `value` or `error`; one whose JSON is none is an error. */
export function answerOf({ header, json }: Frame): WireAnswer {
  const type = header['type'];
  if (type !== 'value' && type !== 'error')
    throw new SkeinError('message-invalid', 'Cannot read an answer: it is of no known type');
  try {
    JSON.parse(json);
  } catch (cause) {
    throw new SkeinError('message-invalid', 'Cannot read an answer: it is not JSON', { cause });
  }
  return { type, json };
}
