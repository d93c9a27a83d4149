/**
 * Counts what is on the record of one open space: missions, tasks and leases by status, checks, and
 * edits refused. All entities are looked at once, when the space is opened; from then on only what
 * is new is read, whatever the length of the record.
 */
import type { Ledger, StoredEvent } from '#ledger/ledger.ts';
import { openCensus, type EntityStatus } from '#ledger/store/entity-census.ts';
import type { Entity } from '#protocol/entity.ts';
import { decodeEvent, entityOf, type SkeinEvent } from '#protocol/event-types.ts';
import type { MissionStatus } from '#supervisor/mission-reducer.ts';
import type { LeaseState, TaskState } from '#tasks/task-reducer.ts';

const PAGE_EVENTS = 500;

/** Whether who is in a status may still leave it: only those have to be remembered one by one. */
const STATUSES = {
  mission: {
    planning: 'open',
    waiting: 'open',
    running: 'open',
    interrupted: 'open',
    rejected: 'ended',
    cancelled: 'ended',
    done: 'ended',
    failed: 'ended',
  } satisfies Record<MissionStatus, 'open' | 'ended'>,
  task: {
    ready: 'open',
    claimed: 'open',
    done: 'ended',
    failed: 'ended',
    dropped: 'ended',
  } satisfies Record<TaskState['status'], 'open' | 'ended'>,
  lease: { held: 'open', released: 'ended', expired: 'ended' } satisfies Record<
    LeaseState['status'],
    'open' | 'ended'
  >,
} as const;

/** The kinds of entities that are counted. */
export type TallyKind = keyof typeof STATUSES;

/** All kinds that are counted. */
export const TALLY_KINDS = Object.keys(STATUSES) as TallyKind[];

/** All statuses of a kind. */
export const statusesOf = (kind: TallyKind): readonly string[] => Object.keys(STATUSES[kind]);

const isOpen = (kind: TallyKind, status: string): boolean =>
  (STATUSES[kind] as Readonly<Record<string, string>>)[status] !== 'ended';

/** Events whose subject was not there before. */
const FIRST_EVENTS = new Set([
  'mission.submitted',
  'mission.forked',
  'task.created',
  'lease.granted',
]);

/** Types that have to be read; of all others nothing is counted. */
const isCounted = (type: string | null): boolean =>
  type !== null && /^(?:(?:mission|task|lease|check)\.|guardrail\.refused$)/.test(type);

/** What a tally counts, and where it tells what only events know. */
export interface TallyOptions {
  readonly ledger: Pick<Ledger, 'read'>;
  readonly folder: string;
  /** The node: leases of an earlier epoch are void, those of another node are not held here. */
  readonly key: string;
  readonly epoch: number;
  /** Where events are told from; absent: from those that come after the first look. */
  readonly toldUpTo?: number | undefined;
  /** Called with each check that ended and each edit refused on this node, since then. */
  readonly tell: (event: SkeinEvent) => void;
  /** Lets others work between two pages. */
  readonly breathe: () => Promise<unknown>;
}

interface Touched {
  readonly kind: TallyKind;
  readonly id: string;
  /** Who said that it begins. */
  readonly makers: string[];
}

/** The tally of one space while it is open. */
export class RecordTally {
  readonly #options: TallyOptions;
  /** How many are in each status. */
  readonly #counts = new Map<TallyKind, Map<string, number>>();
  /** The status of each that may still change it. */
  readonly #open = new Map<TallyKind, Map<string, string>>();
  #lookedUpTo: number | undefined;
  #position = 0;
  #reading: Promise<boolean> | undefined;
  #stopped = false;

  constructor(options: TallyOptions) {
    this.#options = options;
  }

  /** Up to which event the counters were told; undefined before the first look. */
  get toldUpTo(): number | undefined {
    return this.#lookedUpTo === undefined ? this.#options.toldUpTo : this.#position;
  }

  /** Reads what is new, at most so many pages of it; answers whether that was all. */
  catchUp(mostPages: number): Promise<boolean> {
    this.#reading ??= this.#read(mostPages)
      .catch((thrown: unknown) => {
        // The space was closed under the hands of this reader: there is nothing to count any more.
        if (this.#stopped) return true;
        throw thrown;
      })
      .finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  /** How many are in each status; undefined before the first look. */
  counts(kind: TallyKind): ReadonlyMap<string, number> | undefined {
    if (this.#lookedUpTo === undefined) return undefined;
    return place(this.#counts, kind);
  }

  /** The space is closed: nothing is read any more. */
  stop(): void {
    this.#stopped = true;
  }

  async #read(mostPages: number): Promise<boolean> {
    if (this.#lookedUpTo === undefined) await this.#look();
    for (let page = 0; page < mostPages; page += 1) {
      if (this.#stopped) return true;
      const query = { after: this.#position, limit: PAGE_EVENTS };
      const events = this.#options.ledger.read.events(query);
      this.#count(events);
      this.#position = events.at(-1)?.position ?? this.#position;
      if (events.length < PAGE_EVENTS) return true;
      await this.#options.breathe();
    }
    return false;
  }

  async #look(): Promise<void> {
    const census = openCensus(this.#options.folder);
    try {
      this.#counts.clear();
      this.#open.clear();
      for (const kind of TALLY_KINDS) {
        let after = '';
        for (
          let page = census.page(kind, after);
          page.length > 0;
          page = census.page(kind, after)
        ) {
          for (const { id, ...row } of page) this.#enter(kind, id, this.#statusOf(kind, row));
          after = page.at(-1)?.id ?? after;
          await this.#options.breathe();
        }
      }
    } finally {
      census.close();
    }
    const { toldUpTo = census.position } = this.#options;
    this.#lookedUpTo = census.position;
    // A record that was restored meanwhile may be shorter than the one that was told of.
    this.#position = Math.min(toldUpTo, census.position);
  }

  #statusOf(kind: TallyKind, { status, home, epoch }: Omit<EntityStatus, 'id'>): string {
    if (kind !== 'lease') return status;
    const isOurs = home === this.#options.key && epoch === this.#options.epoch;
    return isOurs ? status : 'expired';
  }

  #count(events: readonly StoredEvent[]): void {
    const touched = new Map<string, Touched>();
    for (const { position, type, body, author } of events) {
      if (body === null || !isCounted(type)) continue;
      const decoded = decodeEvent(body);
      if (!decoded.known) continue;
      const { event } = decoded;
      if (event.type.startsWith('check.') || event.type === 'guardrail.refused') {
        // Each node tells its own: added up over all nodes nothing is counted twice.
        if (author === this.#options.key) this.#options.tell(event);
        continue;
      }
      const entity = entityOf(event);
      if (entity === null || !(entity.kind in STATUSES)) continue;
      if (position <= (this.#lookedUpTo ?? 0)) continue;
      const key = `${entity.kind}/${entity.id}`;
      const makers = touched.get(key)?.makers ?? [];
      if (FIRST_EVENTS.has(event.type)) makers.push(author);
      touched.set(key, { kind: entity.kind as TallyKind, id: entity.id, makers });
    }
    for (const each of touched.values()) this.#update(each);
  }

  /** As it stands now, which may be later than the event: then its next event changes nothing. */
  #update({ kind, id, makers }: Touched): void {
    const before = place(this.#open, kind).get(id);
    if (before === undefined && makers.length === 0) return; // it had ended, and was counted then
    const entity = this.#options.ledger.read.entity(kind, id);
    if (entity === undefined) return;
    const { home, body } = entity as Entity<{ readonly status: string; readonly epoch?: number }>;
    // Whoever else says that it begins says nothing: it may have ended long ago.
    if (before === undefined && !makers.includes(home)) return;
    if (before !== undefined) {
      place(this.#open, kind).delete(id);
      this.#add(kind, before, -1);
    }
    const { status, epoch = null } = body;
    this.#enter(kind, id, this.#statusOf(kind, { status, home, epoch }));
  }

  #enter(kind: TallyKind, id: string, status: string): void {
    if (isOpen(kind, status)) place(this.#open, kind).set(id, status);
    this.#add(kind, status, 1);
  }

  #add(kind: TallyKind, status: string, more: number): void {
    const counts = place(this.#counts, kind);
    counts.set(status, (counts.get(status) ?? 0) + more);
  }
}

function place<V>(maps: Map<TallyKind, Map<string, V>>, kind: TallyKind): Map<string, V> {
  const known = maps.get(kind) ?? new Map<string, V>();
  maps.set(kind, known);
  return known;
}
