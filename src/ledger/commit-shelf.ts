/**
 * The tables of a space as its one writer fills them: commits and events in rows, ids that were used,
 * entities folded, all of it in one transaction at a time. Whatever fails leaves no trace.
 */
import type { DatabaseSync } from 'node:sqlite';
import { entityOf, type DecodedEvent } from '#protocol/event-types.ts';
import type { ReadBlob } from '#ledger/prune/pruned-list.ts';
import { CommitRows, type EncodedEvent, type SignedCommit } from '#ledger/store/commit-writer.ts';
import { EntityStore } from '#ledger/store/entity-store.ts';
import { IdStore } from '#ledger/store/id-store.ts';
import { epochGuard, lastPosition, takeEpoch } from '#ledger/store/ledger-state.ts';
import { foldEvent } from './state/fold.ts';
import type { ReducerSet } from './state/reducer.ts';
import { refold, refoldIfNeeded } from './state/refold.ts';

/** What a shelf is made of. */
export interface ShelfOptions {
  readonly database: DatabaseSync;
  readonly epoch: number;
  readonly reducers: ReducerSet;
  readonly readBlob?: ReadBlob;
}

/** Writes for one epoch; a later one fences it off. */
export class CommitShelf {
  readonly entities: EntityStore;
  readonly ids: IdStore;
  readonly #options: ShelfOptions;
  readonly #rows: CommitRows;
  readonly #assertEpoch: () => void;
  #commits: number;
  #events: number;

  constructor(options: ShelfOptions) {
    const { database, epoch, reducers, readBlob } = options;
    this.#options = options;
    this.entities = new EntityStore(database);
    this.ids = new IdStore(database, 'write');
    this.#rows = new CommitRows(database);
    takeEpoch(database, epoch);
    this.#assertEpoch = epochGuard(database, epoch);
    refoldIfNeeded(database, reducers, readBlob);
    this.#commits = lastPosition(database, 'commits');
    this.#events = lastPosition(database, 'events');
  }

  /** The local position of the last event. */
  get position(): number {
    return this.#events;
  }

  /** Whether the space has no commit yet. */
  get isEmpty(): boolean {
    return this.#commits === 0;
  }

  /**
   * Runs `work` in one transaction, which is kept when it answers true. Throws what `work` throws. Inside
   * of `group` it is a part of that one, and undone alone.
   */
  transact(work: () => boolean): void {
    if (this.#options.database.isTransaction) return this.#nested(work);
    this.#run(['BEGIN IMMEDIATE', 'COMMIT', 'ROLLBACK'], () => {
      this.#assertEpoch();
      return work();
    });
  }

  /** Runs transactions that become durable as one; throws when they don't, and nothing is kept. */
  group(work: () => void): void {
    this.transact(() => {
      const before = this.#events;
      work();
      return this.#events > before;
    });
  }

  #nested(work: () => boolean): void {
    this.#run(['SAVEPOINT part', 'RELEASE part', 'ROLLBACK TO part; RELEASE part'], work);
  }

  #run([begin, keep, undo]: readonly [string, string, string], work: () => boolean): void {
    const { database } = this.#options;
    const before = [this.#commits, this.#events] as const;
    try {
      database.exec(begin);
      database.exec(work() ? keep : undo);
    } catch (cause) {
      this.entities.forget();
      // After some failures SQLite has rolled back everything by itself.
      if (database.isTransaction) database.exec(undo);
      this.ids.forget();
      [this.#commits, this.#events] = before;
      throw cause;
    }
  }

  /** Folds one event of `author` into the entities; answers whether it changed one. */
  fold(decoded: DecodedEvent, author: string): boolean {
    const { reducers } = this.#options;
    const entity = foldEvent(reducers, decoded, author, (kind, id) => this.entities.get(kind, id));
    if (entity !== undefined) this.entities.set(entity);
    return entity !== undefined;
  }

  /** A name for what this event would change, when another node is its home; else undefined. */
  rivalOf({ event }: DecodedEvent, author: string): string | undefined {
    const reference = entityOf(event);
    if (reference === null) return undefined;
    const { kind, id } = reference;
    const before = this.entities.get(kind, id);
    if (before === undefined || before.home === author || kind === 'space') return undefined;
    return `${kind}/${id} ${author}`;
  }

  /** Writes the rows of a commit, and what was settled of the entities. */
  add(commit: SignedCommit, events: readonly (Omit<EncodedEvent, 'hash'> | null)[]): void {
    this.#rows.insert({ commit: this.#commits + 1, event: this.#events + 1 }, commit, events);
    this.#commits += 1;
    this.#events += events.length;
    this.entities.flush();
  }

  /** Folds everything anew: it turned out later what counts. All commits must have been added. */
  refold(): void {
    const { database, reducers, readBlob } = this.#options;
    this.entities.forget();
    refold(database, reducers, readBlob);
  }
}
