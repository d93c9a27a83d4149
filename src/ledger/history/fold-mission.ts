/**
 * A mission as it stood at a moment: its entities, folded anew from its own events up to then. No
 * snapshot of the node is needed, and whatever else is on the record is not looked at.
 */
import { foldEvent } from '#ledger/fold.ts';
import type { LedgerReader } from '#ledger/ledger.ts';
import type { ReducerSet } from '#ledger/reducer.ts';
import type { Entity } from '#protocol/entity.ts';
import type { EntityKind } from '#protocol/event-type.ts';
import { decodeEvent } from '#protocol/event-types.ts';
import { eachEvent } from './mission-events.ts';

/** What to fold. `upTo` is the local position of the last event that counts; absent = all. */
export interface FoldRequest {
  readonly read: LedgerReader;
  readonly reducers: ReducerSet;
  readonly mission: string;
  readonly upTo?: number;
}

/** A mission at a moment. */
export interface FoldedMission {
  readonly mission: string;
  /** All its entities by `<kind>/<id>`. */
  readonly entities: ReadonlyMap<string, Entity>;
  /** How many of its events had happened. */
  readonly events: number;
  /** Local positions of those whose body was pruned: what they said is not in the entities. */
  readonly pruned: readonly number[];
}

/** Folds the mission; one that is not on the record has no entities. */
export function foldMission(request: FoldRequest): FoldedMission {
  const { read, reducers, mission, upTo } = request;
  const entities = new Map<string, Entity>();
  const pruned: number[] = [];
  let events = 0;
  const lookup = (kind: EntityKind, id: string): Entity | undefined =>
    entities.get(`${kind}/${id}`);
  for (const { position, author, body } of eachEvent(read, {
    mission,
    ...(upTo === undefined ? {} : { upTo }),
  })) {
    events += 1;
    if (body === null) {
      pruned.push(position);
      continue;
    }
    const entity = foldEvent(reducers, decodeEvent(body), author, lookup);
    if (entity !== undefined) entities.set(`${entity.kind}/${entity.id}`, entity);
  }
  return { mission, entities, events, pruned };
}

/** One entity of it; undefined when there was none at that moment. */
export const entityThen = <B>(
  { entities }: FoldedMission,
  kind: EntityKind,
  id: string,
): Entity<B> | undefined => entities.get(`${kind}/${id}`) as Entity<B> | undefined;

/** All entities of a kind, sorted by id. */
export const entitiesThen = <B>(
  { entities }: FoldedMission,
  kind: EntityKind,
): readonly Entity<B>[] =>
  Array.from(entities.values() as Iterable<Entity<B>>)
    .filter((entity) => entity.kind === kind)
    .sort((a, b) => (a.id < b.id ? -1 : 1));
