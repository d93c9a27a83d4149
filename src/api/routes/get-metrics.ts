/** GET /metrics: what the node measures, in the Prometheus text format or as OpenMetrics. */
import type { Context } from 'hono';
import { SkeinError } from '#protocol/errors.ts';
import type { Door } from '../door.ts';
import type { Variables } from '../variables.ts';

/** Answers the page in the format that the Accept header prefers. */
export async function getMetrics(door: Door, context: Context<Variables>): Promise<Response> {
  if (door.metrics === undefined) {
    throw new SkeinError('not-found', 'Cannot show metrics: this node measures nothing');
  }
  const { contentType, text } = await door.metrics.page(context.req.header('accept') ?? '');
  return new Response(text, { headers: { 'content-type': contentType } });
}
