/** Keeps the head and the tail of an output, however long it gets and in however small pieces it comes. */
import type { KeptOutput } from '#sandbox/sandbox.ts';

const FIRST_ROOM = 4 * 1024;

/** Collects the output of one stream, in memory of at most three times what is kept. */
export class OutputKeeper {
  readonly #limit: number;
  readonly #head: GrowingBytes;
  readonly #tail: GrowingBytes;
  #total = 0;

  /** Of more than `limitBytes` the first and the last half are kept. */
  constructor(limitBytes: number) {
    this.#limit = limitBytes;
    this.#head = new GrowingBytes(Math.floor(limitBytes / 2));
    // twice as long as what is kept of it: a cut moves all of it
    this.#tail = new GrowingBytes(2 * limitBytes);
  }

  get totalBytes(): number {
    return this.#total;
  }

  add(chunk: Uint8Array): void {
    this.#total += chunk.length;
    let at = this.#head.add(chunk);
    while (at < chunk.length) {
      if (this.#tail.isFull) this.#tail.keepLast(this.#tailRoom());
      at += this.#tail.add(chunk.subarray(at));
    }
  }

  #tailRoom(): number {
    return this.#limit - this.#head.length;
  }

  keep(): KeptOutput {
    this.#tail.keepLast(this.#tailRoom());
    const head = this.#head.bytes;
    const tail = this.#tail.bytes;
    const missing = this.#total - head.length - tail.length;
    const text =
      missing === 0
        ? Buffer.concat([head, tail]).toString('utf8')
        : `${head.toString('utf8')}\n[${missing} bytes here are not kept]\n${tail.toString('utf8')}`;
    return { text, totalBytes: this.#total };
  }
}

/** Bytes in one piece that grows as it is needed: a list of small pieces takes many times their size. */
class GrowingBytes {
  readonly #mostBytes: number;
  #room = Buffer.alloc(0);
  #length = 0;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  get length(): number {
    return this.#length;
  }

  get isFull(): boolean {
    return this.#length === this.#mostBytes;
  }

  get bytes(): Buffer {
    return this.#room.subarray(0, this.#length);
  }

  /** Takes of `chunk` what there is room for, and answers how much that was. */
  add(chunk: Uint8Array): number {
    const part = chunk.subarray(0, this.#mostBytes - this.#length);
    this.#growTo(this.#length + part.length);
    this.#room.set(part, this.#length);
    this.#length += part.length;
    return part.length;
  }

  keepLast(bytes: number): void {
    if (this.#length <= bytes) return;
    this.#room.copyWithin(0, this.#length - bytes, this.#length);
    this.#length = bytes;
  }

  #growTo(bytes: number): void {
    if (bytes <= this.#room.length) return;
    const larger = Math.min(this.#mostBytes, Math.max(bytes, FIRST_ROOM, 2 * this.#room.length));
    const room = Buffer.alloc(larger);
    room.set(this.bytes);
    this.#room = room;
  }
}
