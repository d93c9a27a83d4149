/** Commands are decided purely: (input, state) -> events, inside the writer's transaction. */
import { SkeinError } from '#protocol/errors.ts';
import type { Entity } from '#protocol/entity.ts';
import type { EntityKind } from '#protocol/event-type.ts';
import type { Authority } from '#protocol/event.ts';
import type { NewSkeinEvent } from '#protocol/event-types.ts';
import type { Shape } from '#protocol/shape.ts';

/**
 * What a decider wants to know of all entities of a kind without listing them each time. `add`
 * takes in an entity as it stands now, again after each of its changes, and must come to the same
 * in whatever order different entities are added. `start` answers an object.
 */
export interface EntityView<V> {
  readonly kind: EntityKind;
  readonly start: () => V;
  readonly add: (view: V, entity: Entity) => void;
}

/** What a decider may look at. `now` is milliseconds since 1970 by the node's clock. */
export interface DecisionContext {
  readonly entity: <B>(kind: EntityKind, id: string) => Entity<B> | undefined;
  readonly entities: <B>(kind: EntityKind) => readonly Entity<B>[];
  /** The view as the commands before this one left it; only to be read. */
  readonly view: <V>(view: EntityView<V>) => V;
  readonly now: number;
  readonly epoch: number;
  readonly node: string;
  readonly space: string;
  readonly authority: Authority;
  /** Who speaks, and the id of the command: that of the first event it makes. */
  readonly actor: string;
  readonly command: string;
}

/** Decides one command. Throws a SkeinError to refuse; an empty list changes nothing. */
export type Decider = (input: unknown, context: DecisionContext) => readonly NewSkeinEvent[];

/** Deciders by command name. */
export type DeciderTable = Readonly<Record<string, Decider>>;

/** A decider whose input is checked against `shape` before `decide` sees it. */
export function defineDecider<I>(
  shape: Shape<I>,
  decide: (input: I, context: DecisionContext) => readonly NewSkeinEvent[],
): Decider {
  return (input, context) => {
    const problem = shape.problem(input, 'input');
    if (problem !== undefined) throw new SkeinError('usage', `Cannot decide: ${problem}`);
    return decide(input as I, context);
  };
}

/** The entity, or a `not-found` error that names it. */
export function requireEntity<B>(
  context: DecisionContext,
  kind: EntityKind,
  id: string,
): Entity<B> {
  const found = context.entity<B>(kind, id);
  if (found === undefined) throw new SkeinError('not-found', `Cannot find ${kind} ${id}`);
  return found;
}
