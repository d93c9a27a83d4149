/**
 * The framing both language servers speak: a `Content-Length` header, an empty line, a JSON body.
 * Pure: bytes in, messages out. A message above the limit is an error, so that a server that has
 * lost its mind cannot fill the memory.
 */
import { SkeinError } from '#protocol/errors.ts';

const SEPARATOR = '\r\n\r\n';
const HEADER_LIMIT_BYTES = 8_192;

/** The largest message that is read, in bytes. */
export const MESSAGE_LIMIT_BYTES = 256 * 1024 * 1024;

/** One message with its header, ready to be written. */
export function encodeMessage(message: unknown): Buffer {
  const body = Buffer.from(JSON.stringify(message));
  return Buffer.concat([Buffer.from(`Content-Length: ${body.length}${SEPARATOR}`), body]);
}

/** Splits a byte stream into messages; call it with each chunk. Throws on a malformed header. */
export function createDecoder(limitBytes = MESSAGE_LIMIT_BYTES): (chunk: Buffer) => unknown[] {
  let chunks: Buffer[] = [];
  let pending = 0;
  let needed = 0;
  return (chunk) => {
    chunks.push(chunk);
    pending += chunk.length;
    // Joining only when enough has come keeps large answers linear.
    if (pending < needed) return [];
    let buffer = chunks.length === 1 ? chunk : Buffer.concat(chunks);
    const messages: unknown[] = [];
    for (;;) {
      const header = buffer.indexOf(SEPARATOR);
      if (header === -1) {
        if (buffer.length > HEADER_LIMIT_BYTES) throw malformed('a header without an end');
        needed = 0;
        break;
      }
      const start = header + SEPARATOR.length;
      const length = readLength(buffer.toString('latin1', 0, header), limitBytes);
      needed = start + length;
      if (buffer.length < needed) break;
      messages.push(JSON.parse(buffer.toString('utf8', start, needed)));
      buffer = buffer.subarray(needed);
      needed = 0;
    }
    chunks = [buffer];
    pending = buffer.length;
    return messages;
  };
}

function readLength(header: string, limitBytes: number): number {
  const length = Number(/content-length:\s*(\d+)/i.exec(header)?.[1] ?? Number.NaN);
  if (!Number.isSafeInteger(length)) throw malformed('a header without Content-Length');
  if (length > limitBytes) throw malformed(`a message of ${length} bytes`);
  return length;
}

const malformed = (what: string): SkeinError =>
  new SkeinError('language-server-failed', `Cannot read the language server: it sent ${what}`, {
    fix: 'Run it again',
  });
