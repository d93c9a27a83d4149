/** All kinds of entities, as the registry of event types declares them. */
import type { EntityKind } from '#protocol/event-type.ts';
import { EVENT_TYPES } from '#protocol/event-types.ts';

/** Each kind once. */
export const ENTITY_KINDS: readonly EntityKind[] = [
  ...new Set(Object.values(EVENT_TYPES).flatMap(({ entity }) => (entity === null ? [] : [entity]))),
];
