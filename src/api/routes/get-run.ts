/** GET /v1/sandbox/runs/{run}?space=: what the record says of a run, with what is kept of its output. */
import type { Context } from 'hono';
import type { Door } from '../door.ts';
import type { Variables } from '../variables.ts';
import { sandboxOf } from './post-run.ts';

/** Answers the run; an agent may see its own. */
export async function getRun(door: Door, context: Context<Variables>): Promise<Response> {
  const query = { run: context.req.param('run') ?? '', space: context.req.query('space') };
  return context.json(await sandboxOf(door).report(query, context.get('speaker')));
}
