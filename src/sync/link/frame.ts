/**
 * Frames of a link as bytes: kind, number, length of the JSON, JSON, body. Nothing is parsed before
 * its length was checked.
 */
import { SkeinError } from '#protocol/errors.ts';
import { refusal } from '../refusal.ts';

/** What a frame may be; its place in the list is its first byte. */
const KINDS = ['call', 'answer', 'error', 'tell', 'ping', 'pong', 'goodbye'] as const;

/** A kind of frame. */
export type FrameKind = (typeof KINDS)[number];

/** A frame; `id` tells which answer belongs to which call. */
export interface Frame {
  readonly kind: FrameKind;
  readonly id: number;
  readonly json: unknown;
  readonly body: Uint8Array;
}

/** Bytes before the JSON. */
const HEAD_BYTES = 9;
const NOTHING = new Uint8Array(0);
const TEXT = new TextDecoder('utf-8', { fatal: true });

/** How large frames may be. */
export interface FrameLimits {
  readonly frameBytes: number;
  readonly paramsBytes: number;
}

/** A frame as bytes. Throws `payload-too-large`. */
export function encodeFrame(
  kind: FrameKind,
  id: number,
  content: { readonly json?: unknown; readonly body?: Uint8Array | undefined },
  limits: FrameLimits,
): Buffer {
  const json = Buffer.from(JSON.stringify(content.json ?? null));
  const body = content.body ?? NOTHING;
  const size = HEAD_BYTES + json.length + body.length;
  if (json.length > limits.paramsBytes || size > limits.frameBytes)
    throw new SkeinError('payload-too-large', `Cannot send a frame of ${size} bytes to a peer`);
  const frame = Buffer.allocUnsafe(size);
  frame.writeUInt8(KINDS.indexOf(kind), 0);
  frame.writeUInt32BE(id, 1);
  frame.writeUInt32BE(json.length, 5);
  frame.set(json, HEAD_BYTES);
  frame.set(body, HEAD_BYTES + json.length);
  return frame;
}

/** Reads a frame; its body is a view. Throws `peer-refused` with why. */
export function decodeFrame(bytes: Uint8Array, limits: FrameLimits): Frame {
  if (bytes.length > limits.frameBytes) throw oversize(bytes.length);
  if (bytes.length < HEAD_BYTES) throw invalid('it is cut');
  const frame = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const kind = KINDS[frame.readUInt8(0)];
  const jsonBytes = frame.readUInt32BE(5);
  if (kind === undefined) throw invalid('its kind is unknown');
  if (jsonBytes > limits.paramsBytes) throw oversize(jsonBytes);
  if (jsonBytes > frame.length - HEAD_BYTES) throw invalid('it is cut');
  const end = HEAD_BYTES + jsonBytes;
  const json = parse(frame.subarray(HEAD_BYTES, end));
  return { kind, id: frame.readUInt32BE(1), json, body: frame.subarray(end) };
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(TEXT.decode(bytes));
  } catch {
    throw invalid('it holds no JSON');
  }
}

const invalid = (state: string): SkeinError =>
  refusal('frame-invalid', `Cannot read a frame: ${state}`);

const oversize = (bytes: number): SkeinError =>
  refusal('frame-oversize', `Cannot read a frame: ${bytes} bytes are too many`);
