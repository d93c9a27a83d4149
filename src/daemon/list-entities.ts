/** Lists entities over the spaces of a home. One that can't be read must not hide the others. */
import type { EntityList, EntityQuery, SpaceEntity } from '#api/door.ts';
import { toErrorBody, toSkeinError, type ErrorBody } from '#protocol/errors.ts';
import type { Spaces } from './spaces.ts';

/** Entities of the space that is asked for, or of all; then damaged ones are told beside them. */
export async function listEntities(spaces: Spaces, query: EntityQuery): Promise<EntityList> {
  const { kind, space, mission } = query;
  const entities: SpaceEntity[] = [];
  const unreadable: { space: string; error: ErrorBody }[] = [];
  const read = async (id: string): Promise<void> => {
    const found = await spaces.look(id, (view) => view.read.entities(kind, mission));
    for (const entity of found) entities.push({ ...entity, space: id });
  };
  // Of a damaged record what can be read is shown, and told to be damaged.
  const readWhole = async (id: string): Promise<void> => {
    await read(id);
    spaces.assertWhole(id);
  };
  if (space !== undefined) {
    // A space that is named is opened as it should be, with all errors that this may give.
    await spaces.open(space);
    await read(space);
    return { entities, unreadable };
  }
  for (const id of spaces.list()) {
    await readWhole(id).catch((thrown) => {
      unreadable.push({ space: id, error: toErrorBody(toSkeinError(thrown)) });
    });
  }
  return { entities, unreadable };
}
