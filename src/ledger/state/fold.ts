/** Folding: how one event changes its entity, the same when it is live, verified or re-folded. */
import { sha256 } from '#lib/sha256.ts';
import { canonicalJson } from '#lib/canonical-json.ts';
import type { Entity } from '#protocol/entity.ts';
import type { EntityKind } from '#protocol/event-type.ts';
import { isHomeById } from '#protocol/address.ts';
import { entityOf, EVENT_TYPES, type DecodedEvent } from '#protocol/event-types.ts';
import type { ReducerSet } from './reducer.ts';

/** Finds the present state of an entity. */
export type EntityLookup = (kind: EntityKind, id: string) => Entity | undefined;

/**
 * The entity after `decoded` by `author`, or undefined when the event changes none: a note, an
 * unknown type, or an event about an entity that another node is the home of (it is void).
 */
export function foldEvent(
  set: ReducerSet,
  decoded: DecodedEvent,
  author: string,
  lookup: EntityLookup,
): Entity | undefined {
  if (!decoded.known) return undefined;
  const reference = entityOf(decoded.event);
  if (reference === null) return undefined;
  const { kind, id } = reference;
  if (isHomeById(kind, id, author) === false) return undefined;
  const before = lookup(kind, id);
  const isMerge = EVENT_TYPES[decoded.event.type].order === 'merge';
  // What is merged belongs to something that is there; whoever says it, its home stays.
  if (isMerge ? before === undefined : before !== undefined && before.home !== author) {
    return undefined;
  }
  const reduce = set.reducers[kind] as (state: unknown, event: unknown) => unknown;
  const body = reduce(before?.body, decoded.event);
  return { kind, id, version: (before?.version ?? 0) + 1, home: before?.home ?? author, body };
}

/** The state of a space as one hash: reducer-set version and all entities, sorted. */
export const stateHash = (set: ReducerSet, entities: Iterable<Entity>): string =>
  hashLines(set, Array.from(entities, entityLine));

/** The same from the lines of all entities. */
export const hashLines = (set: ReducerSet, lines: readonly string[]): string =>
  sha256(`${set.version}\n${lines.toSorted().join('\n')}`);

/** An entity as one line: equal lines, equal entities. */
export const entityLine = (entity: Entity): string =>
  lineOf({ ...entity, body: canonicalJson(entity.body) });

/** The line of an entity whose body is canonical JSON already. */
export const lineOf = (row: Omit<Entity, 'body' | 'kind'> & RowText): string =>
  `[${JSON.stringify(row.kind)},${JSON.stringify(row.id)},${row.version},${JSON.stringify(row.home)},${row.body}]`;

interface RowText {
  readonly kind: string;
  readonly body: string;
}
