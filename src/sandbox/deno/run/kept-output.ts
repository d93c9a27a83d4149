/** Keeps the head and the tail of an output, however long it gets. */
import type { KeptOutput } from '#sandbox/sandbox.ts';

/** Collects the output of one stream. */
export class OutputKeeper {
  readonly #half: number;
  readonly #limit: number;
  readonly #head: Uint8Array[] = [];
  #headBytes = 0;
  #tail: Uint8Array[] = [];
  #tailBytes = 0;
  #total = 0;

  /** Of more than `limitBytes` the first and the last half are kept. */
  constructor(limitBytes: number) {
    this.#limit = limitBytes;
    this.#half = Math.floor(limitBytes / 2);
  }

  get totalBytes(): number {
    return this.#total;
  }

  add(chunk: Uint8Array): void {
    this.#total += chunk.length;
    const room = this.#half - this.#headBytes;
    const first = chunk.subarray(0, room);
    if (first.length > 0) {
      this.#head.push(first);
      this.#headBytes += first.length;
    }
    const rest = chunk.subarray(first.length);
    if (rest.length === 0) return;
    this.#tail.push(rest);
    this.#tailBytes += rest.length;
    // cut seldom: a cut copies, and chunks may be a byte long
    if (this.#tailBytes > 2 * this.#limit) this.#cutTail();
  }

  #cutTail(): void {
    const tail = Buffer.concat(this.#tail);
    const kept = Buffer.from(tail.subarray(Math.max(0, tail.length - this.#tailRoom())));
    this.#tail = [kept];
    this.#tailBytes = kept.length;
  }

  #tailRoom(): number {
    return this.#limit - this.#headBytes;
  }

  keep(): KeptOutput {
    this.#cutTail();
    const missing = this.#total - this.#headBytes - this.#tailBytes;
    const head = Buffer.concat(this.#head);
    const tail = Buffer.concat(this.#tail);
    const text =
      missing === 0
        ? Buffer.concat([head, tail]).toString('utf8')
        : `${head.toString('utf8')}\n[${missing} bytes here are not kept]\n${tail.toString('utf8')}`;
    return { text, totalBytes: this.#total };
  }
}
