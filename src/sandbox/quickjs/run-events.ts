/** The events of a run, to be read once: kept only from the moment somebody begins to read them. */
import type { SandboxEvent } from '#sandbox/sandbox.ts';

/** Both ends of a run's events. What nobody reads is dropped; output is bounded by the run's limit. */
export interface RunEvents {
  readonly tell: (event: SandboxEvent) => void;
  readonly end: () => void;
  readonly events: AsyncIterable<SandboxEvent>;
}

/** Events of one run. */
export function openRunEvents(): RunEvents {
  const waiting: SandboxEvent[] = [];
  let isRead = false;
  let isOver = false;
  let wake = Promise.withResolvers<void>();

  async function* read(): AsyncGenerator<SandboxEvent> {
    try {
      for (;;) {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) yield next;
        if (isOver) return;
        await wake.promise;
        wake = Promise.withResolvers();
      }
    } finally {
      isRead = false;
      waiting.length = 0;
    }
  }
  return {
    tell: (event) => {
      if (isRead) waiting.push(event);
      wake.resolve();
    },
    end: () => {
      isOver = true;
      wake.resolve();
    },
    events: {
      [Symbol.asyncIterator]: () => {
        isRead = true;
        return read();
      },
    },
  };
}
