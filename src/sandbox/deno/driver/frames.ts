/**
 * The frames between the host and a runtime: four bytes of length (big-endian, of the payload), one byte
 * of kind, the payload. Both sides use this file: Deno loads it without any settings, so it imports nothing.
 */

/** What a frame is. Up to 15 the host sends it, from 16 on the runtime. */
export const FRAME = {
  order: 1,
  file: 2,
  stdin: 3,
  start: 4,
  answer: 5,
  ready: 16,
  stdout: 17,
  stderr: 18,
  call: 19,
  left: 20,
  gone: 21,
  skipped: 22,
  end: 23,
} as const;

/** One frame. */
export interface Frame {
  readonly kind: number;
  readonly payload: Uint8Array;
}

/** How the host wants it run; the files, the input and `start` follow in frames of their own. */
export interface Order {
  readonly language: 'python' | 'javascript' | 'typescript';
  readonly source: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly deterministic: { readonly seed: number; readonly timeMs: number } | null;
  readonly hasTools: boolean;
  readonly isSession: boolean;
  readonly memoryBytes: number;
  /** In instructions; 0 for no limit. */
  readonly fuel: number;
  readonly fileBytes: number;
  readonly outBytes: number;
  readonly outFiles: number;
  /** The runtime ends itself then, should the host be gone. */
  readonly wallMs: number;
}

/** What the runtime says last. */
export interface End {
  readonly exitCode: number;
  readonly value: string | null;
  /** Whether it ended because there was no more memory. */
  readonly isMemory: boolean;
  /** Instructions that were used, beyond the limit when it was met; null where nothing counts. */
  readonly fuel: number | null;
}

/** The most that a tool's arguments, its answer, and the value of a program may be, as JSON. */
export const MAX_JSON_BYTES = 1024 * 1024;

/** Output goes out in frames of at most this size. */
export const MAX_CHUNK_BYTES = 64 * 1024;

/** Files that are named as not taken; of more only their number is told. */
export const MAX_SKIPPED = 1000;

const HEADER = 5;

/** A frame as bytes; the parts are its payload. */
export function encodeFrame(kind: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const bytes = new Uint8Array(HEADER + length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, length);
  view.setUint8(4, kind);
  let at = HEADER;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A frame of JSON. */
export const encodeJson = (kind: number, value: unknown): Uint8Array =>
  encodeFrame(kind, new TextEncoder().encode(JSON.stringify(value)));

/** A frame with a path and a content: two bytes of length, the path, the content. */
export function encodeFile(kind: number, path: string, content: Uint8Array): Uint8Array {
  const name = new TextEncoder().encode(path);
  const length = new Uint8Array([name.length >> 8, name.length & 0xff]);
  return encodeFrame(kind, length, name, content);
}

/** The path and the content of such a payload; null when it is none. */
export function decodeFile(payload: Uint8Array): { path: string; content: Uint8Array } | null {
  const [high, low] = payload;
  if (high === undefined || low === undefined) return null;
  const end = 2 + high * 256 + low;
  if (end > payload.length) return null;
  try {
    const path = new TextDecoder('utf-8', { fatal: true }).decode(payload.subarray(2, end));
    return { path, content: payload.subarray(end) };
  } catch {
    return null;
  }
}

/** Cuts a stream of bytes into frames. `limitOf` says how long a kind may be; below 0 for unknown ones. */
export class FrameReader {
  readonly #limitOf: (kind: number) => number;
  readonly #header = new Uint8Array(HEADER);
  #headerBytes = 0;
  #payload: Uint8Array | null = null;
  #payloadBytes = 0;

  constructor(limitOf: (kind: number) => number) {
    this.#limitOf = limitOf;
  }

  /** The frames that `chunk` completes; null for a frame that may not be, and nothing is read after it. */
  push(chunk: Uint8Array): Frame[] | null {
    const frames: Frame[] = [];
    let at = 0;
    while (at < chunk.length || this.#isComplete()) {
      at += this.#take(chunk.subarray(at));
      if (this.#headerBytes === HEADER && this.#payload === null && !this.#open()) return null;
      if (!this.#isComplete()) continue;
      frames.push({ kind: this.#header[4] ?? 0, payload: this.#payload ?? new Uint8Array() });
      this.#payload = null;
      this.#headerBytes = 0;
    }
    return frames;
  }

  #isComplete(): boolean {
    return this.#payload !== null && this.#payloadBytes === this.#payload.length;
  }

  #take(bytes: Uint8Array): number {
    const [target, from] =
      this.#payload === null
        ? [this.#header, this.#headerBytes]
        : [this.#payload, this.#payloadBytes];
    const part = bytes.subarray(0, target.length - from);
    target.set(part, from);
    if (this.#payload === null) this.#headerBytes += part.length;
    else this.#payloadBytes += part.length;
    return part.length;
  }

  #open(): boolean {
    const length = new DataView(this.#header.buffer).getUint32(0);
    if (length > this.#limitOf(this.#header[4] ?? 0)) return false;
    this.#payload = new Uint8Array(length);
    this.#payloadBytes = 0;
    return true;
  }
}
