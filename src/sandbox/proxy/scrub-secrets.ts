/**
 * Takes secrets out of an answer: a server that says what it was sent would hand them to the program.
 * Found is a value as it is, as JSON and URLs spell it, and in base64 by itself. Not found is one that the
 * server has changed in another way (compressed, reversed, cut, encrypted): the server was trusted with it.
 */
import { Transform } from 'node:stream';
import type { Headers } from './http-headers.ts';
import type { SecretHeader } from './secret-headers.ts';

const STARS = '***';
/** Shorter words of a value (`Bearer`) are no secrets by themselves. */
const MIN_WORD = 8;

/** Replaces secrets. */
export interface Scrubber {
  readonly headers: (headers: Headers) => Headers;
  readonly body: () => Transform;
}

/** A scrubber for the secrets of one request; null when there are none. */
export function makeScrubber(secrets: readonly SecretHeader[]): Scrubber | null {
  if (secrets.length === 0) return null;
  // characters of headers are bytes
  const found = [...new Set(secrets.flatMap(({ value }) => spellings(value)))]
    .toSorted((a, b) => b.length - a.length)
    .map((spelling) => Buffer.from(spelling, 'latin1'));
  const clean = (text: string): string =>
    replaceAll(Buffer.from(text, 'latin1'), found).toString('latin1');
  return {
    headers: (headers) => headers.map(([name, value]) => [clean(name), clean(value)]),
    body: () => bodyScrubber(found),
  };
}

function spellings(value: string): readonly string[] {
  const words = value.split(/\s+/u).filter((word) => word.length >= MIN_WORD);
  return [value, ...words].flatMap((text) => {
    const base64 = Buffer.from(text, 'latin1').toString('base64').replace(/=+$/u, '');
    return [text, JSON.stringify(text).slice(1, -1), encodeURIComponent(text), base64];
  });
}

/** Of several that begin at one place the longest; `needles` come longest first. */
function replaceAll(bytes: Buffer, needles: readonly Buffer[]): Buffer {
  let parts: readonly Buffer[] = [bytes];
  for (const needle of needles) parts = parts.flatMap((part) => splitAt(part, needle));
  return parts.length === 1 ? bytes : Buffer.concat(parts);
}

const MASK = Buffer.from(STARS);

function splitAt(part: Buffer, needle: Buffer): Buffer[] {
  if (part === MASK) return [part];
  const parts: Buffer[] = [];
  let from = 0;
  for (let at = part.indexOf(needle); at !== -1; at = part.indexOf(needle, from)) {
    parts.push(part.subarray(from, at), MASK);
    from = at + needle.length;
  }
  return [...parts, part.subarray(from)];
}

/** Holds back what may be the beginning of a secret whose end comes with the next piece. */
function bodyScrubber(needles: readonly Buffer[]): Transform {
  let held: Buffer = Buffer.alloc(0);
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const bytes = replaceAll(Buffer.concat([held, chunk]), needles);
      const end = bytes.length - openEnd(bytes, needles);
      held = bytes.subarray(end);
      done(null, bytes.subarray(0, end));
    },
    flush(done) {
      done(null, held);
    },
  });
}

/** How many bytes at the end are the beginning of a needle. */
function openEnd(bytes: Buffer, needles: readonly Buffer[]): number {
  const longest = Math.min((needles[0]?.length ?? 1) - 1, bytes.length);
  for (let count = longest; count > 0; count -= 1) {
    const end = bytes.subarray(bytes.length - count);
    if (needles.some((needle) => needle.length > count && end.equals(needle.subarray(0, count)))) {
      return count;
    }
  }
  return 0;
}
