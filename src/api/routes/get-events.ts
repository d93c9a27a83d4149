/**
 * GET /v1/events?space=&mission=&after=<event id>&follow=1: events as lines of JSON, exactly as
 * stored, in commit order. With `follow` the answer stays open and new events arrive as they are
 * committed; an empty line every 15 s says that the line is alive.
 */
import type { Context } from 'hono';
import type { Ledger, StoredEvent } from '#ledger/ledger.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { Door } from '../door.ts';
import type { Variables } from '../variables.ts';

const HEARTBEAT_MS = 15_000;

/** A reader that takes nothing for this long is cut; it may resume after the last id it has. */
const STALLED_AFTER_MS = 60_000;

/** Streams events; `space` is required. */
export async function getEvents(door: Door, context: Context<Variables>): Promise<Response> {
  const { space, mission, after, follow } = context.req.query();
  if (space === undefined) throw new SkeinError('usage', 'Cannot list events: ?space= is missing');
  const ledger = await door.ledger(space);
  const position = positionOf(ledger, after);
  // From here on nothing may throw: what has entered must leave, or the node never gets idle.
  const leave = door.enter();
  const closing = new AbortController();
  const pages = ledger.subscribe({
    after: position,
    ...(mission === undefined ? {} : { mission }),
    follow: follow === '1',
    signal: AbortSignal.any([context.req.raw.signal, closing.signal]),
  });
  const body = streamPages(pages, closing, leave);
  return new Response(body, { headers: { 'content-type': 'application/x-ndjson' } });
}

function positionOf(ledger: Ledger, after: string | undefined): number {
  if (after === undefined || after === '') return 0;
  const position = ledger.read.position(after);
  if (position === undefined) {
    throw new SkeinError('not-found', `Cannot continue after event ${after}: it is not here`);
  }
  return position;
}

/** Pulls a page only when the reader has taken the one before: nothing piles up. */
function streamPages(
  pages: AsyncIterable<readonly StoredEvent[]>,
  closing: AbortController,
  leave: () => void,
): ReadableStream<Uint8Array> {
  const iterator = pages[Symbol.asyncIterator]();
  let heartbeat: NodeJS.Timeout | undefined;
  let stalled: NodeJS.Timeout | undefined;
  const end = (): void => {
    clearInterval(heartbeat);
    clearTimeout(stalled);
    closing.abort();
    leave();
  };
  return new ReadableStream({
    start: (controller) => {
      heartbeat = setInterval(() => controller.enqueue(Buffer.from('\n')), HEARTBEAT_MS);
    },
    pull: async (controller) => {
      clearTimeout(stalled);
      const { done, value } = await iterator.next();
      if (closing.signal.aborted) return; // cancelled meanwhile: it has ended
      if (done === true) {
        end();
        controller.close();
        return;
      }
      controller.enqueue(toLines(value));
      stalled = setTimeout(() => {
        end();
        controller.error(
          new SkeinError('subscriber-too-slow', 'Cannot send events: the reader has stopped'),
        );
      }, STALLED_AFTER_MS);
    },
    cancel: end,
  });
}

function toLines(page: readonly StoredEvent[]): Buffer {
  const newline = Buffer.from('\n');
  return Buffer.concat(page.flatMap(({ body }) => (body === null ? [] : [body, newline])));
}
