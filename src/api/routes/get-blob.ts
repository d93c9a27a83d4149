/** GET /v1/blobs/{hash}?space=: the content of a blob. */
import type { Context } from 'hono';
import { SkeinError } from '#protocol/errors.ts';
import type { Door } from '../door.ts';
import type { Variables } from '../variables.ts';

/** Answers the bytes whose SHA-256 is `hash`; they are checked against it. */
export async function getBlob(door: Door, context: Context<Variables>): Promise<Response> {
  const space = context.req.query('space');
  if (space === undefined) throw new SkeinError('usage', 'Cannot read a blob: ?space= is missing');
  const ledger = await door.ledger(space);
  const content = ledger.blobs.get(context.req.param('hash') ?? '');
  return new Response(new Uint8Array(content), {
    headers: { 'content-type': 'application/octet-stream' },
  });
}
