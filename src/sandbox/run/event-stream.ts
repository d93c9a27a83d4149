/** The events of a run as they are read; nothing is kept before somebody reads. */
import type { SandboxEvent } from '#sandbox/sandbox.ts';

/** Events from one side to one reader on the other. Their size is bounded by the limit of output. */
export class EventStream implements AsyncIterable<SandboxEvent> {
  readonly #queue: SandboxEvent[] = [];
  #wake: (() => void) | null = null;
  #isRead = false;
  #isClosed = false;

  emit(event: SandboxEvent): void {
    if (!this.#isRead || this.#isClosed) return;
    this.#queue.push(event);
    this.#wake?.();
  }

  close(): void {
    this.#isClosed = true;
    this.#wake?.();
  }

  [Symbol.asyncIterator](): AsyncIterator<SandboxEvent> {
    this.#isRead = true;
    return {
      next: () => this.#next(),
      return: async () => {
        this.#isRead = false;
        this.#queue.length = 0;
        return { done: true, value: undefined };
      },
    };
  }

  async #next(): Promise<IteratorResult<SandboxEvent>> {
    for (;;) {
      const value = this.#queue.shift();
      if (value !== undefined) return { done: false, value };
      if (this.#isClosed) return { done: true, value: undefined };
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
