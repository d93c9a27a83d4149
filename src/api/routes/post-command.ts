/** POST /v1/commands/{name}: body {id, input, space?, expect?} -> the command's answer. */
import type { Context } from 'hono';
import { z } from 'zod';
import { SkeinError } from '#protocol/errors.ts';
import { ENTITY_KINDS } from '#protocol/event-type.ts';
import type { Door } from '../door.ts';
import type { Variables } from '../variables.ts';

const body = z.object({
  id: z.uuidv7(),
  input: z.unknown(),
  space: z.string().optional(),
  expect: z
    .object({
      kind: z.enum(ENTITY_KINDS),
      id: z.string(),
      version: z.int().min(0),
    })
    .optional(),
});

/** Executes a command in the name of whose token came with it. */
export async function postCommand(door: Door, context: Context<Variables>): Promise<Response> {
  const parsed = body.safeParse(await context.req.json().catch(() => undefined));
  if (!parsed.success) {
    throw new SkeinError('usage', `Cannot read the command: ${z.prettifyError(parsed.error)}`);
  }
  const { id, input, space, expect } = parsed.data;
  const name = context.req.param('name') ?? '';
  const command = {
    id,
    name,
    input,
    ...(space === undefined ? {} : { space }),
    ...(expect === undefined ? {} : { expect }),
  };
  return context.json((await door.execute(command, context.get('speaker'))) as object);
}
