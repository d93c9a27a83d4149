/** Sends what a run changed in its working folder, within its limits; the host checks all of it again. */
import { sendFile, sendGone, sendSkipped } from './channel.ts';
import { MAX_SKIPPED } from './frames.ts';
import type { Order } from './frames.ts';

/** Something in the working folder. `read` is null for what is no regular file; `what` names that. */
export interface Entry {
  readonly path: string;
  readonly size: number;
  readonly read: (() => Uint8Array) | null;
  readonly what: string;
}

/** Sends the differences between `before` and what is there now. */
export function sendChanges(
  entries: Iterable<Entry>,
  before: ReadonlyMap<string, Uint8Array>,
  order: Order,
): void {
  const sender = new Sender(order);
  const seen = new Set<string>();
  for (const entry of entries) {
    seen.add(entry.path);
    sender.take(entry, before.get(entry.path));
  }
  for (const path of before.keys()) if (!seen.has(path)) sendGone(path);
  sender.close();
}

class Sender {
  readonly #order: Order;
  #files = 0;
  #bytes = 0;
  #skipped = 0;

  constructor(order: Order) {
    this.#order = order;
  }

  take({ path, size, read, what }: Entry, before: Uint8Array | undefined): void {
    const { fileBytes, outBytes, outFiles } = this.#order;
    if (read === null) return this.#skip(path, `it is ${what}`);
    // what is as long as before is looked at, whatever its size; it was given within the limits
    if (before?.length === size && isSame(before, read())) return undefined;
    if (size > fileBytes) {
      return this.#skip(path, `it is larger than ${fileBytes} bytes (limit fileBytes)`);
    }
    if (this.#bytes + size > outBytes) {
      return this.#skip(path, `all that changed is more than ${outBytes} bytes (limit outBytes)`);
    }
    if (this.#files >= outFiles) {
      return this.#skip(path, `more than ${outFiles} files changed (limit outFiles)`);
    }
    this.#files += 1;
    this.#bytes += size;
    return sendFile(path, read());
  }

  close(): void {
    const more = this.#skipped - MAX_SKIPPED;
    if (more > 0) sendSkipped('.', `${more} more files were not taken`);
  }

  #skip(path: string, reason: string): void {
    this.#skipped += 1;
    if (this.#skipped <= MAX_SKIPPED) sendSkipped(path, reason);
  }
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let at = 0; at < one.length; at += 1) if (one[at] !== other[at]) return false;
  return true;
}
