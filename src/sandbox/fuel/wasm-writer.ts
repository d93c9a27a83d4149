/** Writes the primitive values of a WebAssembly binary into bytes that grow as needed. */

/** Bytes that are being written: `bytes` up to `length`. */
export interface Writer {
  bytes: Uint8Array;
  length: number;
}

/** A writer with room for `room` bytes. */
export const openWriter = (room: number): Writer => ({ bytes: new Uint8Array(room), length: 0 });

/** What was written. */
export const written = (writer: Writer): Uint8Array => writer.bytes.subarray(0, writer.length);

/** Makes room for `count` more bytes. */
function reserve(writer: Writer, count: number): void {
  const needed = writer.length + count;
  if (needed <= writer.bytes.length) return;
  const larger = new Uint8Array(Math.max(needed, writer.bytes.length * 2));
  larger.set(written(writer));
  writer.bytes = larger;
}

/** Some bytes. */
export function writeBytes(writer: Writer, bytes: Uint8Array | readonly number[]): void {
  reserve(writer, bytes.length);
  writer.bytes.set(bytes, writer.length);
  writer.length += bytes.length;
}

/** The bytes of `source` from `start` to `end`, which may be a few: without a view of their own. */
export function writeSlice(writer: Writer, source: Uint8Array, start: number, end: number): void {
  const count = end - start;
  reserve(writer, count);
  if (count > 32) writer.bytes.set(source.subarray(start, end), writer.length);
  else {
    const { bytes, length } = writer;
    for (let at = 0; at < count; at += 1) bytes[length + at] = source[start + at] as number;
  }
  writer.length += count;
}

/** An unsigned LEB128 number (core specification 5.2.2). */
export function unsigned(value: number): readonly number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return bytes;
}

/** A signed LEB128 number (core specification 5.2.2). */
export function signed(value: bigint): readonly number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7n) {
    const low = Number(rest & 0x7fn);
    const isLast = rest >= -64n && rest < 64n;
    bytes.push(isLast ? low : low | 0x80);
    if (isLast) return bytes;
  }
}
