/** Reducers fold events into entities: pure, total, one per kind. */
import type { Entity } from '#protocol/entity.ts';
import type { EntityKind } from '#protocol/event-type.ts';
import type { EventOf } from '#protocol/event-types.ts';

/** (state | undefined, event) -> state. Sees its own entity and the event only. */
export type Reducer<K extends EntityKind, B> = (state: B | undefined, event: EventOf<K>) => B;

/**
 * The reducers of all kinds. `version` rises with every change of meaning: a ledger folded by
 * another version is folded anew when it is opened.
 */
export interface ReducerSet {
  readonly version: number;
  readonly reducers: { readonly [K in EntityKind]: (state: never, event: never) => unknown };
  /**
   * An entity of a pruned mission, folded by an earlier version, as this one would have it: its
   * events are gone. Absent: it stays as it is. Pure, as reducers are.
   */
  readonly adopt?: (entity: Entity, foldedBy: number) => Entity;
}
