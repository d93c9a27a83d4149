/** Answers that stay open: lines of JSON as they come, and an empty line when none did for a while. */
import { SkeinError } from '#protocol/errors.ts';

const HEARTBEAT_MS = 15_000;

/** A reader that takes nothing for this long is cut. */
const STALLED_AFTER_MS = 60_000;

/** A body of pages, each of whole lines. `leave` is called once, when it has ended in whatever way. */
export function streamLines(
  pages: AsyncIterable<Uint8Array>,
  closing: AbortController,
  leave: () => void,
): ReadableStream<Uint8Array> {
  const iterator = pages[Symbol.asyncIterator]();
  let heartbeat: NodeJS.Timeout | undefined;
  let stalled: NodeJS.Timeout | undefined;
  const end = (): void => {
    if (closing.signal.aborted) return;
    clearInterval(heartbeat);
    clearTimeout(stalled);
    closing.abort();
    leave();
  };
  return new ReadableStream({
    start: (controller) => {
      heartbeat = setInterval(() => controller.enqueue(Buffer.from('\n')), HEARTBEAT_MS);
    },
    // Pulled only when the reader has taken the one before: nothing piles up.
    pull: async (controller) => {
      clearTimeout(stalled);
      const { done, value } = await iterator.next().catch((thrown: unknown) => {
        end();
        throw thrown;
      });
      if (closing.signal.aborted) return; // cancelled meanwhile: it has ended
      if (done === true) {
        end();
        controller.close();
        return;
      }
      controller.enqueue(value);
      stalled = setTimeout(() => {
        end();
        controller.error(
          new SkeinError('subscriber-too-slow', 'Cannot send: the reader has stopped'),
        );
      }, STALLED_AFTER_MS);
    },
    cancel: () => {
      end();
      // What it holds but did not give out goes back.
      void iterator.return?.();
    },
  });
}
