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
import { streamLines } from './stream-lines.ts';

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
  const body = streamLines(toBytes(pages), closing, leave);
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

async function* toBytes(pages: AsyncIterable<readonly StoredEvent[]>): AsyncGenerator<Uint8Array> {
  for await (const page of pages) yield toLines(page);
}

function toLines(page: readonly StoredEvent[]): Buffer {
  const newline = Buffer.from('\n');
  return Buffer.concat(page.flatMap(({ body }) => (body === null ? [] : [body, newline])));
}
