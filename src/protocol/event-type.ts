/** How an event type is declared: whose order counts, which entity it changes, what it carries. */
import { fields, type FieldsOf, type Shape } from './shape.ts';

/**
 * Whose order counts. `home`: one arbiter per entity decides; `merge`: any order gives the same
 * state; `note`: changes no state.
 */
export type EventOrder = 'home' | 'merge' | 'note';

/** The kinds of entities that events fold into. */
export const ENTITY_KINDS = [
  'space',
  'mission',
  'plan',
  'task',
  'lease',
  'effect',
  'node',
  'agent',
  'inbox',
] as const;

/** A kind of entity. */
export type EntityKind = (typeof ENTITY_KINDS)[number];

/** A declared event type, version `v` of its data. */
export interface EventTypeDefinition<D = unknown> {
  readonly v: number;
  readonly order: EventOrder;
  readonly entity: EntityKind | null;
  readonly data: Shape<D>;
}

type Fields = Readonly<Record<string, Shape<unknown>>>;

/** A type whose events change one entity of `entity`, decided by that entity's home. */
export const homeEvent = <K extends EntityKind, F extends Fields>(
  entity: K,
  data: F,
): EventTypeDefinition<FieldsOf<F>> & { readonly entity: K } => ({
  v: 1,
  order: 'home',
  entity,
  data: fields(data),
});

/** A type that any member may state of `entity`: whatever the order, they come to the same. */
export const mergeEvent = <K extends EntityKind, F extends Fields>(
  entity: K,
  data: F,
): EventTypeDefinition<FieldsOf<F>> & { readonly entity: K } => ({
  ...homeEvent(entity, data),
  order: 'merge',
});

/** A type whose events are told and kept, and change no state. */
export const noteEvent = <F extends Fields>(
  data: F,
): EventTypeDefinition<FieldsOf<F>> & { readonly entity: null } => ({
  v: 1,
  order: 'note',
  entity: null,
  data: fields(data),
});
