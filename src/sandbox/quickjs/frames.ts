/**
 * What the host and its QuickJS process say to each other: four bytes of length (of the payload,
 * little-endian), one byte of kind, the payload. One order goes in; output and then one end come out.
 */
import type { Language, RunStatus } from '#sandbox/sandbox.ts';

/** What a frame is. The host sends `order`, the process all others. */
export const FRAME = { order: 1, ready: 2, stdout: 3, stderr: 4, end: 5 } as const;

/** What to run. All that a program can see of the world is in it. */
export interface Order {
  readonly language: Language;
  readonly source: string;
  readonly args: readonly string[];
  /** JSON, or null for none. */
  readonly input: string | null;
  readonly files: readonly { readonly path: string; readonly content: Uint8Array }[];
  readonly seed: number;
  /** Milliseconds since 1970 at which the clock stands still; null for one that runs. */
  readonly timeMs: number | null;
  /** Instructions; 0 for no limit. */
  readonly fuel: number;
  readonly memoryBytes: number;
  readonly wallMs: number;
  readonly cpuMs: number;
  /** At this much output the program is stopped. */
  readonly mostOutputBytes: number;
  readonly mostValueBytes: number;
}

/** How a program ended, as its process tells it. */
export interface End {
  readonly status: Exclude<RunStatus, 'killed'>;
  readonly limit: 'wallMs' | 'cpuMs' | 'memoryBytes' | 'outputBytes' | 'fuel' | null;
  readonly value: string | null;
  readonly fuel: number;
  readonly cpuMs: number;
  readonly peakBytes: number;
}

const HEADER = 5;

/** A frame as bytes. */
export function encodeFrame(kind: number, payload: Uint8Array = new Uint8Array()): Uint8Array {
  const bytes = new Uint8Array(HEADER + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, payload.length, true);
  view.setUint8(4, kind);
  bytes.set(payload, HEADER);
  return bytes;
}

/** The length and kind that a header of five bytes names. */
export function decodeHeader(header: Uint8Array): {
  readonly length: number;
  readonly kind: number;
} {
  const view = new DataView(header.buffer, header.byteOffset, HEADER);
  return { length: view.getUint32(0, true), kind: view.getUint8(4) };
}

/** One frame as it is handed on. */
export interface Frame {
  readonly kind: number;
  readonly payload: Uint8Array;
}

/** Takes bytes as they come and answers the frames they complete; null for one longer than `mostBytes`. */
export function frameReader(mostBytes: number): (chunk: Uint8Array) => Frame[] | null {
  let kept = Buffer.alloc(0);
  return (chunk) => {
    kept = kept.length === 0 ? Buffer.from(chunk) : Buffer.concat([kept, chunk]);
    const frames: Frame[] = [];
    while (kept.length >= HEADER) {
      const { length, kind } = decodeHeader(kept);
      if (length > mostBytes) return null;
      if (kept.length < HEADER + length) break;
      frames.push({ kind, payload: kept.subarray(HEADER, HEADER + length) });
      kept = kept.subarray(HEADER + length);
    }
    return frames;
  };
}
