/**
 * A mission as it stood at a moment: its entities, folded anew from its own events up to then. No
 * snapshot of the node is needed, and whatever else is on the record is not looked at.
 */
import { foldEvent } from '#ledger/state/fold.ts';
import type { LedgerReader, StoredEvent } from '#ledger/ledger.ts';
import type { ReducerSet } from '#ledger/state/reducer.ts';
import type { Entity } from '#protocol/entity.ts';
import type { EntityKind } from '#protocol/event-type.ts';
import { decodeEvent, EVENT_TYPES, isEventType } from '#protocol/event-types.ts';
import {
  CHECKPOINT_EVENTS,
  checkpointsOf,
  SHORT_MISSION_EVENTS,
  type Stretch,
} from './checkpoints.ts';
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
  /** All its entities by `<kind>/<id>`, in the order in which they last changed. */
  readonly entities: ReadonlyMap<string, Entity>;
  /** How many of its events had happened. */
  readonly events: number;
  /** Local positions of those whose body was pruned: what they said is not in the entities. */
  readonly pruned: readonly number[];
}

/** Folds the mission; one that is not on the record has no entities. */
export function foldMission(request: FoldRequest): FoldedMission {
  const { read, reducers, mission, upTo = Number.MAX_SAFE_INTEGER } = request;
  const checkpoints = checkpointsOf(read, reducers);
  const fold = new MissionFold(reducers);
  let after = 0;
  for (const stretch of checkpoints.stretches(mission, upTo)) {
    fold.skip(stretch);
    after = stretch.position;
  }
  const stretches: Stretch[] = [];
  for (const stored of eachEvent(read, { mission, after, upTo })) {
    fold.take(stored);
    if (fold.events % CHECKPOINT_EVENTS === 0) stretches.push(fold.endStretch(stored.position));
  }
  if (fold.events > SHORT_MISSION_EVENTS) {
    for (const stretch of stretches) checkpoints.add(mission, stretch);
  }
  const { entities, events, pruned } = fold;
  return { mission, entities, events, pruned };
}

/** The state of a fold on its way, and what its present stretch has changed. */
class MissionFold {
  readonly entities = new Map<string, Entity>();
  readonly pruned: number[] = [];
  readonly #reducers: ReducerSet;
  #changed = new Set<string>();
  #prunedBefore = 0;
  events = 0;

  constructor(reducers: ReducerSet) {
    this.#reducers = reducers;
  }

  take({ position, type, author, body }: StoredEvent): void {
    this.events += 1;
    if (body === null) {
      this.pruned.push(position);
      return;
    }
    // Most of what agents say changes no state: reading it would be half of the work.
    if (type !== null && !changesState(type)) return;
    const entity = foldEvent(this.#reducers, decodeEvent(body), author, this.#lookup);
    if (entity === undefined) return;
    const key = this.#put(entity);
    this.#changed.delete(key);
    this.#changed.add(key);
  }

  /** Takes in a stretch that was folded before. */
  skip({ events, changed, pruned }: Stretch): void {
    for (const entity of changed) this.#put(entity);
    this.pruned.push(...pruned);
    this.#prunedBefore = this.pruned.length;
    this.events = events;
  }

  /** As the last one in order. */
  #put(entity: Entity): string {
    const key = `${entity.kind}/${entity.id}`;
    this.entities.delete(key);
    this.entities.set(key, entity);
    return key;
  }

  endStretch(position: number): Stretch {
    const changed = Array.from(this.#changed, (key) => this.entities.get(key) as Entity);
    const pruned = this.pruned.slice(this.#prunedBefore);
    this.#changed = new Set();
    this.#prunedBefore = this.pruned.length;
    return { position, events: this.events, changed, pruned };
  }

  readonly #lookup = (kind: EntityKind, id: string): Entity | undefined =>
    this.entities.get(`${kind}/${id}`);
}

const changesState = (type: string): boolean =>
  isEventType(type) && EVENT_TYPES[type].entity !== null;

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
