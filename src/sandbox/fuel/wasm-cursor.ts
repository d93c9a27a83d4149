/**
 * Reads the primitive values of a WebAssembly binary. Numbers are LEB128 (core specification 5.2.2);
 * one that is longer than its type allows, or ends outside, is refused.
 */
import { SkeinError } from '#protocol/errors.ts';

/** A place in a binary; nothing at or after `end` is read. */
export interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;
}

/** A refusal that says where in the binary it is. */
export const refuse = (cursor: Cursor, why: string): SkeinError =>
  new SkeinError('sandbox-failed', `Cannot inject fuel: ${why} at byte ${cursor.at}`, {
    fix: 'Use the WebAssembly binary of the package version that package-lock.json names.',
  });

/** One byte. */
export function readByte(cursor: Cursor): number {
  const byte = cursor.at < cursor.end ? cursor.bytes[cursor.at] : undefined;
  if (byte === undefined) throw refuse(cursor, 'the binary ends too early');
  cursor.at += 1;
  return byte;
}

/** Passes over `count` bytes. */
export function skipBytes(cursor: Cursor, count: number): void {
  if (count > cursor.end - cursor.at) throw refuse(cursor, 'the binary ends too early');
  cursor.at += count;
}

/** Passes over a LEB128 number of at most `most` bytes, signed or not. */
export function skipNumber(cursor: Cursor, most: number): void {
  for (let count = 1; readByte(cursor) >= 0x80; count += 1) {
    if (count >= most) throw refuse(cursor, `a number is longer than ${most} bytes`);
  }
}

/** An unsigned number; up to 2^53, which is more than any size in a binary that fits in memory. */
export function readUnsigned(cursor: Cursor, most = 5): number {
  let value = 0;
  let scale = 1;
  for (let count = 1; ; count += 1) {
    const byte = readByte(cursor);
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
    if (count >= most) throw refuse(cursor, `a number is longer than ${most} bytes`);
    scale *= 128;
  }
}

/** A name: its length, then UTF-8 (5.2.4). */
export function readName(cursor: Cursor): string {
  const length = readUnsigned(cursor);
  const start = cursor.at;
  skipBytes(cursor, length);
  return new TextDecoder().decode(cursor.bytes.subarray(start, cursor.at));
}
