/**
 * GET /v1/inbox/{agent}?space=&follow=1&peek=1&most=: messages as lines of JSON; `~` is the inbox of
 * who asks. Without `follow` what waits, and nothing is handed out. With it messages are handed out as
 * they come, at most `most` (1) before those are answered; with `peek` too they are only shown.
 */
import type { Context } from 'hono';
import { SkeinError } from '#protocol/errors.ts';
import type { Letter } from '#bus/inbox/letters.ts';
import type { Door } from '../door.ts';
import type { Variables } from '../variables.ts';
import { streamLines } from './stream-lines.ts';

const MOST = 1_000;

/** Streams the messages of an inbox. */
export async function getInbox(door: Door, context: Context<Variables>): Promise<Response> {
  const { space, follow, peek, most = '1' } = context.req.query();
  if (!/^\d{1,4}$/u.test(most) || Number(most) < 1 || Number(most) > MOST) {
    throw new SkeinError('usage', `Cannot follow with most=${most.slice(0, 20)}: 1 to ${MOST}`);
  }
  const query = {
    agent: context.req.param('agent') ?? '',
    space,
    follow: follow === '1',
    peek: peek === '1',
    most: Number(most),
  };
  const closing = new AbortController();
  const signal = AbortSignal.any([context.req.raw.signal, closing.signal]);
  const pages = await busOf(door).inbox(query, context.get('speaker'), signal);
  const leave = door.enter();
  const body = streamLines(toLines(pages), closing, leave);
  return new Response(body, { headers: { 'content-type': 'application/x-ndjson' } });
}

/** The messages behind the door; throws `not-found` when there are none. */
export function busOf({ bus }: Door): NonNullable<Door['bus']> {
  if (bus !== undefined) return bus;
  throw new SkeinError('not-found', 'Cannot find messages: this node has none');
}

async function* toLines(pages: AsyncIterable<readonly Letter[]>): AsyncGenerator<Uint8Array> {
  for await (const page of pages) {
    yield Buffer.from(page.map((letter) => `${JSON.stringify(letter)}\n`).join(''));
  }
}
