/** The events of a run as they are read; nothing is kept before somebody reads. */
import type { SandboxEvent } from '#sandbox/sandbox.ts';

/** Pieces of output that wait, of one stream, to be handed over as one. */
interface WaitingOutput {
  readonly type: 'stdout' | 'stderr';
  readonly chunks: Uint8Array[];
  bytes: number;
}

type Waiting = WaitingOutput | Exclude<SandboxEvent, { readonly chunk: Uint8Array }>;

/** A program may print a byte at a time, faster than anybody reads: so much becomes one event. */
const MOST_JOINED_BYTES = 64 * 1024;

/** Events from one side to one reader on the other. Their size is bounded by the limit of output. */
export class EventStream implements AsyncIterable<SandboxEvent> {
  readonly #queue: Waiting[] = [];
  #wake: (() => void) | null = null;
  #isRead = false;
  #isClosed = false;

  emit(event: SandboxEvent): void {
    if (!this.#isRead || this.#isClosed) return;
    if ('chunk' in event) this.#join(event.type, event.chunk);
    else this.#queue.push(event);
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

  #join(type: WaitingOutput['type'], chunk: Uint8Array): void {
    const last = this.#queue.at(-1);
    if (last !== undefined && 'chunks' in last && last.type === type) {
      if (last.bytes + chunk.length <= MOST_JOINED_BYTES) {
        last.chunks.push(chunk);
        last.bytes += chunk.length;
        return;
      }
    }
    this.#queue.push({ type, chunks: [chunk], bytes: chunk.length });
  }

  async #next(): Promise<IteratorResult<SandboxEvent>> {
    for (;;) {
      const next = this.#queue.shift();
      if (next !== undefined) return { done: false, value: toEvent(next) };
      if (this.#isClosed) return { done: true, value: undefined };
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

function toEvent(waiting: Waiting): SandboxEvent {
  if (!('chunks' in waiting)) return waiting;
  const { type, chunks } = waiting;
  const [only = new Uint8Array()] = chunks;
  return { type, chunk: chunks.length === 1 ? only : Buffer.concat(chunks) };
}
