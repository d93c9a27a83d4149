/**
 * Folds a whole record. What it comes to depends on the commits alone, not on the order in which the
 * chains arrived: first what the space itself is, which says what counts; then everything else.
 */
import type { Entity } from '#protocol/entity.ts';
import type { DecodedEvent, SkeinEvent } from '#protocol/event-types.ts';
import { entityOf } from '#protocol/event-types.ts';
import { foldEvent } from './fold.ts';
import type { ReducerSet } from './reducer.ts';
import { counts, NO_CUTS, type CommitPlace, type Cuts } from './space-cuts.ts';
import type { SpaceState } from './space-reducer.ts';

/** An event of the space itself, and the commit that holds it. */
export interface PlacedEvent {
  readonly decoded: DecodedEvent & { readonly known: true };
  readonly place: CommitPlace;
}

/** The types that `foldSpace` has to be given. */
export const SPACE_TYPES: readonly SkeinEvent['type'][] = [
  'space.created',
  'space.member-admitted',
  'space.member-removed',
  'space.chain-started',
  'chain.forked',
];

/**
 * The entity of the space from all events of these types, in any order that keeps each chain's own.
 * Forks are proven by themselves, so they come first; then what the owner said, then all others.
 */
export function foldSpace(
  reducers: ReducerSet,
  events: readonly PlacedEvent[],
): Entity | undefined {
  const owner = events.find(({ decoded }) => decoded.event.type === 'space.created')?.place.author;
  let entity: Entity | undefined;
  const fold = ({ decoded, place }: PlacedEvent): void => {
    entity = foldEvent(reducers, decoded, place.author, () => entity) ?? entity;
  };
  const known = gather(events);
  for (const event of events) {
    if (event.place.author === owner && counts(known, event.place)) fold(event);
  }
  const { removed = {} } = (entity?.body ?? {}) as Partial<SpaceState>;
  for (const event of events) {
    if (event.place.author !== owner && counts({ ...known, removed }, event.place)) fold(event);
  }
  return entity;
}

function gather(events: readonly PlacedEvent[]): Cuts {
  const forks: Record<string, number> = {};
  const chains: Cuts['chains'][number][] = [];
  for (const { decoded } of events) {
    const { type, data } = decoded.event;
    if (type === 'chain.forked')
      forks[data.chain] = Math.min(data.seq, forks[data.chain] ?? data.seq);
    if (type === 'space.chain-started') chains.push({ ...data, lost: data.lost ?? [] });
  }
  return { removed: {}, forks, chains };
}

/** Folds everything but the space itself. */
export class RecordFold {
  readonly entities = new Map<string, Entity>();
  readonly #reducers: ReducerSet;
  readonly #cuts: Cuts;
  /** When each entity was made, and by whom: of two who made the same one, the first is its home. */
  readonly #births = new Map<string, string>();

  constructor(reducers: ReducerSet, space: Entity | undefined) {
    this.#reducers = reducers;
    this.#cuts = (space?.body as SpaceState | undefined) ?? NO_CUTS;
    if (space !== undefined) this.set(space);
  }

  /** Whether what this commit says counts. */
  counts(place: CommitPlace): boolean {
    return counts(this.#cuts, place);
  }

  take(decoded: DecodedEvent, place: CommitPlace): void {
    if (!decoded.known || !this.counts(place)) return;
    const reference = entityOf(decoded.event);
    if (reference === null || reference.kind === 'space') return;
    const key = `${reference.kind}/${reference.id}`;
    const before = this.entities.get(key);
    const stamp = `${place.hlc} ${place.author}`;
    const isRival = before !== undefined && before.home !== place.author;
    if (isRival && stamp >= (this.#births.get(key) ?? '')) return;
    const present = isRival ? undefined : before;
    const entity = foldEvent(this.#reducers, decoded, place.author, () => present);
    if (entity === undefined) return;
    if (present === undefined) this.#births.set(key, stamp);
    this.entities.set(key, entity);
  }

  /** Takes an entity as it is: what was pruned can't be folded. */
  set(entity: Entity): void {
    this.entities.set(`${entity.kind}/${entity.id}`, entity);
  }
}
