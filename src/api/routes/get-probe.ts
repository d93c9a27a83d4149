/** GET /v1/sandbox/probe?again=true: what holds on this machine, tried again when asked. */
import type { Context } from 'hono';
import type { Door } from '../door.ts';
import type { Variables } from '../variables.ts';
import { sandboxOf } from './post-run.ts';

/** Answers `{tiers: [...]}`, each with its attempts to get out. */
export async function getProbe(door: Door, context: Context<Variables>): Promise<Response> {
  const again = context.req.query('again') === 'true';
  return context.json({ tiers: await sandboxOf(door).probe(again) });
}
