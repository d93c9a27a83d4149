/**
 * Pages as bytes: lengths and contents, nothing encoded twice. What was signed and hashed travels as
 * it is stored. Reading checks each declared length against what is there before it touches it, and
 * answers with views of the frame: it never holds more memory than came in.
 */
import { SkeinError } from '#protocol/errors.ts';
import type { Page, PageCommit, PageEvent } from '#ledger/ledger.ts';

const VERSION = 1;
const SIGNATURE_BYTES = 64;
const SALT_BYTES = 16;
const SPACE_BYTES = 64;
const PRUNED = 0xffff_ffff;
/** The least a commit takes: two counts and its signature. */
const COMMIT_BYTES = 4 + SIGNATURE_BYTES + 4;

/** The largest page that anybody sends: one commit may be larger than what is asked for. */
export const MAX_PAGE_BYTES = 7 << 20;

/** The bytes of a page. Throws `payload-too-large` above `MAX_PAGE_BYTES`. */
export function encodePage(page: Page): Buffer {
  const space = Buffer.from(page.space);
  const size = page.commits.reduce((sum, commit) => sum + commitBytes(commit), 6 + space.length);
  if (size > MAX_PAGE_BYTES || space.length > SPACE_BYTES)
    throw new SkeinError('payload-too-large', `Cannot send a page of ${size} bytes`);
  const out = new Writer(size);
  out.u8(VERSION);
  out.u8(space.length);
  out.bytes(space);
  out.u32(page.commits.length);
  for (const { header, signature, events } of page.commits) {
    out.u32(header.length);
    out.bytes(header);
    out.bytes(signature);
    out.u32(events.length);
    for (const event of events) {
      out.u32(event === null ? PRUNED : event.body.length);
      if (event === null) continue;
      out.bytes(event.salt);
      out.bytes(event.body);
    }
  }
  return out.done();
}

/** Reads a page; throws `page-refused` for anything that `encodePage` does not write. */
export function decodePage(bytes: Uint8Array): Page {
  if (bytes.length > MAX_PAGE_BYTES) throw refused(`it has ${bytes.length} bytes`);
  const input = new Reader(bytes);
  const version = input.u8();
  if (version !== VERSION) throw refused(`its form is ${version}`);
  const spaceBytes = input.u8();
  if (spaceBytes > SPACE_BYTES) throw refused('the name of its space is too long');
  const space = input.bytes(spaceBytes).toString('latin1');
  const count = input.count(COMMIT_BYTES);
  if (count === 0) throw refused('it is empty');
  const commits = Array.from({ length: count }, () => readCommit(input));
  if (input.left > 0) throw refused(`${input.left} bytes follow it`);
  return { space, commits };
}

/** Whether a page has all bodies: one that was pruned is absent, and so is one that somebody kept back. */
export const isWholePage = ({ commits }: Page): boolean =>
  commits.every(({ events }) => !events.includes(null));

/** Several pages one after the other, each with its length before it. */
export function encodePages(pages: readonly Uint8Array[]): Buffer {
  const out = new Writer(pages.reduce((sum, page) => sum + 4 + page.length, 0));
  for (const page of pages) {
    out.u32(page.length);
    out.bytes(page);
  }
  return out.done();
}

/** Reads what `encodePages` wrote; throws `page-refused`. */
export function decodePages(bytes: Uint8Array): Page[] {
  const input = new Reader(bytes);
  const pages: Page[] = [];
  while (input.left > 0) pages.push(decodePage(input.bytes(input.u32())));
  return pages;
}

function readCommit(input: Reader): PageCommit {
  const header = input.bytes(input.u32());
  const signature = input.bytes(SIGNATURE_BYTES);
  const events = Array.from({ length: input.count(4) }, (): PageEvent => {
    const length = input.u32();
    if (length === PRUNED) return null;
    return { salt: input.bytes(SALT_BYTES), body: input.bytes(length) };
  });
  return { header, signature, events };
}

const commitBytes = ({ header, signature, events }: PageCommit): number => {
  if (signature.length !== SIGNATURE_BYTES)
    throw new SkeinError('internal', 'Cannot send a commit: its signature has a wrong length');
  return events.reduce(
    (sum, event) => sum + 4 + (event === null ? 0 : SALT_BYTES + event.body.length),
    COMMIT_BYTES + header.length,
  );
};

const refused = (state: string): SkeinError =>
  new SkeinError('page-refused', `Cannot read a page: ${state}`, {
    details: { reason: 'page-invalid' },
  });

class Writer {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(size: number) {
    this.#bytes = Buffer.allocUnsafe(size);
  }

  u8(value: number): void {
    this.#at = this.#bytes.writeUInt8(value, this.#at);
  }

  u32(value: number): void {
    this.#at = this.#bytes.writeUInt32BE(value, this.#at);
  }

  bytes(value: Uint8Array): void {
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
  }

  done(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  u8(): number {
    return this.bytes(1).readUInt8();
  }

  u32(): number {
    if (this.left < 4) throw refused('it is cut');
    this.#at += 4;
    return this.#bytes.readUInt32BE(this.#at - 4);
  }

  /** A count of things that take at least `each` bytes: no list is made that can't be there. */
  count(each: number): number {
    const value = this.u32();
    if (value * each > this.left) throw refused('it is cut');
    return value;
  }

  bytes(length: number): Buffer {
    if (length > this.left) throw refused('it is cut');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}
