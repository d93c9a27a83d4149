/** The state of a mission as a replay comes to it, event by event, from nothing but its own events. */
import { foldEvent } from '#ledger/state/fold.ts';
import type { BlobReference, LedgerReader } from '#ledger/ledger.ts';
import type { ReducerSet } from '#ledger/state/reducer.ts';
import type { Entity } from '#protocol/entity.ts';
import type { EntityKind } from '#protocol/event-type.ts';
import type { SkeinEvent } from '#protocol/event-types.ts';
import { heldLeases, type HeldLeases } from '#tasks/held-leases.ts';
import type { EffectState } from '#tasks/effect-reducer.ts';

/** A file as edits have left it: the blob of its content. */
export interface FileThen {
  readonly path: string;
  readonly afterHash: string;
  readonly after: BlobReference;
}

/** What a replay starts from. `read` answers what other missions have and never change again. */
export interface ReplayStart {
  readonly mission: string;
  readonly reducers: ReducerSet;
  readonly read: Pick<LedgerReader, 'entity'>;
}

/** What a replay knows by now. It answers entities as the ledger did at that moment. */
export class ReplayState implements Pick<LedgerReader, 'entity'> {
  /** By `<kind>/<id>`. */
  readonly entities = new Map<string, Entity>();
  /** The event that changed each of them last. */
  readonly changedBy = new Map<string, string>();
  /** Files by path, as the edits that are done have left them. */
  readonly files = new Map<string, FileThen>();
  /** Keys of effects that were announced and are not closed. */
  readonly open = new Set<string>();
  readonly held: HeldLeases = heldLeases.start();
  readonly mission: string;
  readonly #start: ReplayStart;
  #epoch = 0;

  constructor(start: ReplayStart) {
    this.#start = start;
    this.mission = start.mission;
  }

  /** The epoch of whoever was at work, as far as events have told it. */
  get epoch(): number {
    return this.#epoch;
  }

  /** An epoch that an event tells; a later owner has a higher one. */
  enterEpoch(epoch: number): void {
    this.#epoch = Math.max(this.#epoch, epoch);
  }

  readonly entity = (kind: EntityKind, id: string): Entity | undefined =>
    isOf(this.mission, id) ? this.entities.get(`${kind}/${id}`) : this.#start.read.entity(kind, id);

  /** The body of an entity as it stands now. */
  body<B>(kind: EntityKind, id: string): B | undefined {
    return this.entity(kind, id)?.body as B | undefined;
  }

  /** Folds one more event, exactly as the writer did. */
  take(event: SkeinEvent, author: string): void {
    const decoded = { known: true, event } as const;
    const entity = foldEvent(this.#start.reducers, decoded, author, this.entity);
    if (entity === undefined) return;
    const key = `${entity.kind}/${entity.id}`;
    this.entities.set(key, entity);
    this.changedBy.set(key, event.id);
    if (entity.kind === 'lease') heldLeases.add(this.held, entity);
    if (entity.kind === 'effect') this.#follow(entity.id, entity.body as EffectState);
  }

  #follow(key: string, { status, kind, intent }: EffectState): void {
    if (status === 'intended') this.open.add(key);
    else this.open.delete(key);
    if (status !== 'done' || kind !== 'edit') return;
    const file = intent as unknown as FileThen;
    this.files.set(file.path, file);
  }
}

/** Whether an entity is the mission or of it: `<mission>`, `<mission>.1`, `<mission>/edit/...`. */
const isOf = (mission: string, id: string): boolean =>
  id.startsWith(mission) && /^(?:[./]|$)/u.test(id.slice(mission.length));
