/**
 * Pages as messages of a stream: below the payload limit, so a commit that is longer travels in parts.
 * Each says which commits it is of, so that a stream can be asked how far it goes.
 */
import { SkeinError } from '#protocol/errors.ts';
import { MAX_PAGE_BYTES } from '../page-codec.ts';

/** Which of a page's parts a message is, and the numbers of the page's first and last commit. */
export interface PartHead {
  readonly index: number;
  readonly count: number;
  readonly first: number;
  readonly last: number;
}

/** The bytes before the page's own. */
export const PART_HEAD_BYTES = 10;

/** Bytes of pages in parts that may wait for the rest of them. */
const MAX_WAITING_BYTES = 2 * MAX_PAGE_BYTES;

/** What a page may be split into, whatever the server's payload limit. */
const MAX_PARTS = 64;

/** The messages that carry a page. */
export function splitPage(
  page: Uint8Array,
  { first, last }: Pick<PartHead, 'first' | 'last'>,
  partBytes: number,
): readonly Uint8Array[] {
  const count = Math.max(1, Math.ceil(page.length / partBytes));
  return Array.from({ length: count }, (_, index) => {
    const part = page.subarray(index * partBytes, (index + 1) * partBytes);
    const bytes = Buffer.alloc(PART_HEAD_BYTES + part.length);
    bytes.writeUInt8(index, 0);
    bytes.writeUInt8(count, 1);
    bytes.writeUInt32BE(first, 2);
    bytes.writeUInt32BE(last, 6);
    bytes.set(part, PART_HEAD_BYTES);
    return bytes;
  });
}

/** What a message says it is; throws `page-refused`. */
export function readPartHead(data: Uint8Array): PartHead {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.length);
  if (bytes.length <= PART_HEAD_BYTES) throw refused('it is cut');
  const [index, count] = [bytes.readUInt8(0), bytes.readUInt8(1)];
  const [first, last] = [bytes.readUInt32BE(2), bytes.readUInt32BE(6)];
  const isPart = index < count && count <= MAX_PARTS && first >= 1 && first <= last;
  if (!isPart) throw refused('its numbers make no sense');
  return { index, count, first, last };
}

/** The bytes of a page, and all messages that carried it. */
export interface Joined<M> {
  readonly bytes: Uint8Array;
  readonly messages: readonly M[];
}

interface Waiting<M> {
  readonly parts: Map<number, { readonly bytes: Uint8Array; readonly message: M }>;
  readonly count: number;
}

/** Joins parts, in whatever order they come; what waits is bounded, and comes again when it was let go. */
export class PartJoiner<M> {
  readonly #waiting = new Map<string, Waiting<M>>();
  #bytes = 0;

  /** The whole page when this was the last part that lacked. Throws `page-refused`. */
  add(sender: string, data: Uint8Array, message: M): Joined<M> | undefined {
    const { index, count, first, last } = readPartHead(data);
    const bytes = data.subarray(PART_HEAD_BYTES);
    if (count === 1) return { bytes, messages: [message] };
    if (this.#bytes + bytes.length > MAX_WAITING_BYTES) this.clear();
    const key = `${sender} ${first} ${last} ${count}`;
    const waiting = this.#waiting.get(key) ?? { parts: new Map(), count };
    this.#waiting.set(key, waiting);
    this.#bytes += bytes.length - (waiting.parts.get(index)?.bytes.length ?? 0);
    waiting.parts.set(index, { bytes, message });
    if (waiting.parts.size < count) return undefined;
    this.#waiting.delete(key);
    const parts = Array.from({ length: count }, (_, at) => waiting.parts.get(at)).filter(
      (part) => part !== undefined,
    );
    const whole = Buffer.concat(parts.map((part) => part.bytes));
    this.#bytes -= whole.length;
    return { bytes: whole, messages: parts.map((part) => part.message) };
  }

  clear(): void {
    this.#waiting.clear();
    this.#bytes = 0;
  }
}

const refused = (state: string): SkeinError =>
  new SkeinError('page-refused', `Cannot read part of a page: ${state}`, {
    details: { reason: 'page-invalid' },
  });
