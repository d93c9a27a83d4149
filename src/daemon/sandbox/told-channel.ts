/**
 * Hands what happens from a run to whoever follows it. A follower that is slow holds the run up, one
 * that has gone doesn't: then nothing is kept.
 */

/** How many items may wait for the reader. */
const ROOM = 32;

/** A channel from one writer to one reader. */
export class ToldChannel<T> implements AsyncIterable<T> {
  readonly #items: T[] = [];
  #ended = false;
  #error: { readonly thrown: unknown } | undefined;
  #wakeReader: () => void = () => undefined;
  #wakeWriter: () => void = () => undefined;

  /** Resolves when there is room for more, or nobody reads any more. */
  async push(item: T): Promise<void> {
    if (this.#ended) return;
    this.#items.push(item);
    this.#wakeReader();
    while (!this.#ended && this.#items.length >= ROOM) {
      await new Promise<void>((resolve) => (this.#wakeWriter = resolve));
    }
  }

  /** Nothing more will come; the reader gets what waits, and then the error. */
  end(error?: { readonly thrown: unknown }): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#wakeReader();
    this.#wakeWriter();
  }

  /** Nobody reads any more. */
  abandon(): void {
    this.#items.length = 0;
    this.end();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    try {
      for (;;) {
        const item = this.#items.shift();
        if (item !== undefined) {
          this.#wakeWriter();
          yield item;
        } else if (this.#ended) {
          if (this.#error !== undefined) throw this.#error.thrown;
          return;
        } else {
          await new Promise<void>((resolve) => (this.#wakeReader = resolve));
        }
      }
    } finally {
      this.abandon();
    }
  }
}
