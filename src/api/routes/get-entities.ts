/** GET /v1/entities/{kind}?space=&mission=&id=: the present state, as a list. */
import type { Context } from 'hono';
import { SkeinError } from '#protocol/errors.ts';
import { ENTITY_KINDS, type EntityKind } from '#protocol/event-type.ts';
import type { Door } from '../door.ts';
import type { Variables } from '../variables.ts';

const KINDS: readonly string[] = ENTITY_KINDS;

/** Lists entities of one kind, of one space or of all in this home. */
export async function getEntities(door: Door, context: Context<Variables>): Promise<Response> {
  const kind = context.req.param('kind') ?? '';
  if (!KINDS.includes(kind)) {
    throw new SkeinError('not-found', `Cannot list ${kind}: there is no such kind`, {
      fix: `Kinds are ${KINDS.join(', ')}.`,
    });
  }
  const { space, mission, id } = context.req.query();
  const { entities, unreadable } = await door.entities({
    kind: kind as EntityKind,
    space,
    mission,
  });
  const wanted = id === undefined ? entities : entities.filter((entity) => entity.id === id);
  return context.json({ entities: wanted, unreadable });
}
