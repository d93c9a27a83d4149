/**
 * GET /v1/messages/{id}?space=&wait=<ms>: a message, and how it stands with those it is for. With
 * `wait` the answer is held back until somebody has answered the message, or nobody will.
 */
import type { Context } from 'hono';
import { SkeinError } from '#protocol/errors.ts';
import type { Door } from '../door.ts';
import type { Variables } from '../variables.ts';
import { busOf } from './get-inbox.ts';

/** A day, in milliseconds. */
const MAX_WAIT_MS = 86_400_000;

/** Answers with the message's report. */
export async function getMessage(door: Door, context: Context<Variables>): Promise<Response> {
  const { space, wait = '0' } = context.req.query();
  const waitMs = Number(wait);
  if (!/^\d{1,8}$/u.test(wait) || waitMs > MAX_WAIT_MS) {
    throw new SkeinError('usage', `Cannot wait ${wait.slice(0, 20)} ms: 0 to a day`);
  }
  const query = { id: context.req.param('id') ?? '', space, waitMs };
  const bus = busOf(door);
  return context.json(
    (await bus.message(query, context.get('speaker'), context.req.raw.signal)) as object,
  );
}
