/**
 * The writer of one space: decides commands, signs them as one commit a flush, folds them and
 * stores all of it in one transaction. Synchronous and without a clock or chance of its own, so
 * the same code runs in the writer's thread and, over an in-memory database, in simulation.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { Signer } from '#identity/signer.ts';
import { makeHybridClock } from '#lib/hybrid-clock.ts';
import { isUuidv7, makeUuidv7, uuidPlus } from '#lib/uuidv7.ts';
import type { Command, Receipt, Speaker } from '#protocol/command.ts';
import { COMMIT_FORMAT } from '#protocol/commit.ts';
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import { assertData, type DecodedEvent, type NewSkeinEvent } from '#protocol/event-types.ts';
import {
  CommitRows,
  encodeEvents,
  makeSalts,
  signCommit,
  type EncodedEvent,
} from '#ledger/store/commit-writer.ts';
import type { DeciderTable, DecisionContext } from './decider.ts';
import { EntityStore } from '#ledger/store/entity-store.ts';
import { foldEvent } from './fold.ts';
import type { ReadBlob } from '#ledger/prune/pruned-list.ts';
import { IdStore, type IdRange } from '#ledger/store/id-store.ts';
import type { ChainHead } from './ledger.ts';
import type { ReducerSet } from './reducer.ts';
import {
  damaged,
  epochGuard,
  lastCommit,
  isSqliteFailure,
  lastPosition,
  storageError,
  takeEpoch,
} from '#ledger/store/ledger-state.ts';
import { refoldIfNeeded } from './refold.ts';
import type { SpaceState } from './space-reducer.ts';

/** What a core is built from; `random` fills the given bytes. */
export interface LedgerCoreOptions {
  readonly database: DatabaseSync;
  readonly space: string;
  readonly signer: Signer;
  readonly epoch: number;
  readonly now: () => number;
  readonly random: (bytes: Uint8Array) => Uint8Array;
  readonly deciders: DeciderTable;
  readonly reducers: ReducerSet;
  /** Finds what a fold of pruned missions needs; absent where nothing was pruned. */
  readonly readBlob?: ReadBlob;
  /** Begin a new chain, and say why and what is known to be lost. */
  readonly restart?: { readonly reason: string; readonly lost: readonly string[] } | undefined;
}

/** A command and who speaks. */
export interface Pending {
  readonly command: Command;
  readonly speaker: Speaker;
}

/** What became of one pending command. */
export type Outcome =
  | { readonly type: 'stored'; readonly receipt: Receipt }
  | { readonly type: 'refused'; readonly error: SkeinError };

/** A command decided in this flush: its receipt can only be written once the commit is. */
interface Decided {
  readonly type: 'decided';
  readonly range: IdRange | null;
  readonly repeated: boolean;
}

interface Batch {
  readonly time: number;
  readonly events: EncodedEvent[];
  readonly attempts: (Outcome | Decided)[];
}

const MAX_EVENTS_PER_COMMAND = 10_000;

/** The single writer of a space. Use from one thread only. */
export class LedgerCore {
  readonly #options: LedgerCoreOptions;
  readonly #entities: EntityStore;
  readonly #ids: IdStore;
  readonly #rows: CommitRows;
  readonly #hlc: () => string;
  readonly #newId: () => string;
  readonly #salt: () => Buffer;
  readonly #assertEpoch: () => void;
  #stopped: SkeinError | undefined;
  #head: ChainHead | null;
  #chain: string;
  #commits: number;
  #events: number;

  constructor(options: LedgerCoreOptions) {
    const { database, now, random, signer } = options;
    this.#options = options;
    this.#entities = new EntityStore(database);
    this.#ids = new IdStore(database, 'write');
    this.#rows = new CommitRows(database);
    this.#newId = makeUuidv7({ now, random });
    this.#salt = makeSalts(random);
    takeEpoch(database, options.epoch);
    this.#assertEpoch = epochGuard(database, options.epoch);
    refoldIfNeeded(database, options.reducers, options.readBlob);
    const last = lastCommit(database, signer.key);
    this.#head = last?.head ?? null;
    this.#chain = last?.head.chain ?? Buffer.from(random(new Uint8Array(16))).toString('hex');
    this.#hlc = makeHybridClock(now, last?.hlc);
    this.#commits = lastPosition(database, 'commits');
    this.#events = lastPosition(database, 'events');
    if (this.#commits === 0) this.#writeGenesis();
    else this.#assertMember();
    if (options.restart !== undefined && this.#head !== null) this.#startChain(options.restart);
  }

  /** The last commit of this author's chain. */
  get head(): ChainHead | null {
    return this.#head;
  }

  /** Why this writer stores nothing any more; undefined while it works. */
  get stopped(): SkeinError | undefined {
    return this.#stopped;
  }

  /** Refuses everything from now on: whoever opens the files next must look at them anew. */
  stop(error: SkeinError): void {
    this.#stopped ??= error;
  }

  /** The local position of the last event. */
  get position(): number {
    return this.#events;
  }

  /**
   * Decides and stores `pending` in order, as one commit. A refused command leaves no trace and
   * does not disturb the others. When storing fails, all of them are refused and nothing is stored;
   * when the disk fails to sync that can't be known, and the writer stops (`storage-unsafe`).
   */
  flush(pending: readonly Pending[]): Outcome[] {
    if (this.#stopped !== undefined) return refuseAll(pending, this.#stopped);
    const { database, now } = this.#options;
    const batch: Batch = { time: now(), events: [], attempts: [] };
    try {
      database.exec('BEGIN IMMEDIATE');
      this.#assertEpoch();
      for (const one of pending) batch.attempts.push(this.#attempt(one, batch));
      const head = this.#store(batch);
      database.exec(head === this.#head ? 'ROLLBACK' : 'COMMIT');
      this.#advance(head, batch);
      return batch.attempts.map((each, index) => this.#settle(each, pending[index] as Pending));
    } catch (cause) {
      const error = storageError(cause);
      if (error.name === 'storage-unsafe') this.stop(error);
      this.#entities.forget();
      if (database.isTransaction) database.exec('ROLLBACK');
      this.#ids.forget();
      return refuseAll(pending, error);
    }
  }

  #attempt(pending: Pending, batch: Batch): Outcome | Decided {
    try {
      const range = this.#execute(pending, batch);
      this.#entities.settle();
      return range;
    } catch (thrown) {
      // After some failures SQLite has rolled back by itself: nothing may be written after them.
      if (isSqliteFailure(thrown)) throw thrown;
      this.#entities.revert();
      return { type: 'refused', error: toSkeinError(thrown) };
    }
  }

  #execute({ command, speaker }: Pending, batch: Batch): Outcome | Decided {
    if (!isUuidv7(command.id)) {
      throw new SkeinError('usage', `Cannot execute ${command.name}: its id is no UUIDv7`);
    }
    const earlier = this.#ids.find(command.id);
    if (earlier?.id === command.id) return this.#repeat(earlier);
    if (earlier !== undefined) throw idsTaken(command);
    this.#assertExpected(command);
    const decided = this.#decide({ command, speaker }, batch.time);
    if (decided.length === 0) return { type: 'decided', range: null, repeated: false };
    const range = this.#fold(decided, { command, speaker }, batch);
    return { type: 'decided', range, repeated: false };
  }

  #assertExpected({ name, expect }: Command): void {
    if (expect === undefined) return;
    const found = this.#entities.get(expect.kind, expect.id)?.version ?? 0;
    if (found !== expect.version) {
      throw new SkeinError(
        'conflict',
        `Cannot execute ${name}: ${expect.kind} ${expect.id} is at version ${found}, not ${expect.version}`,
        {
          fix: 'Read it again and decide anew.',
          details: { version: found },
        },
      );
    }
  }

  #decide({ command, speaker }: Pending, time: number): readonly NewSkeinEvent[] {
    const { deciders, epoch, signer, space } = this.#options;
    const decide = Object.hasOwn(deciders, command.name) ? deciders[command.name] : undefined;
    if (decide === undefined) {
      throw new SkeinError(
        'command-unknown',
        `Cannot execute ${command.name}: there is no such command`,
      );
    }
    const context: DecisionContext = {
      entity: ((kind, id) => this.#entities.get(kind, id)) as DecisionContext['entity'],
      entities: ((kind) => this.#entities.list(kind)) as DecisionContext['entities'],
      view: (view) => this.#entities.view(view),
      now: time,
      epoch,
      node: signer.key,
      space,
      authority: speaker.authority,
    };
    const decided = decide(command.input, context);
    if (decided.length > MAX_EVENTS_PER_COMMAND) {
      throw new SkeinError(
        'payload-too-large',
        `Cannot execute ${command.name}: it makes ${decided.length} events`,
      );
    }
    return decided;
  }

  #fold(decided: readonly NewSkeinEvent[], { command, speaker }: Pending, batch: Batch): IdRange {
    if (!this.#ids.isFree(command.id, decided.length)) throw idsTaken(command);
    const { reducers, signer } = this.#options;
    for (const event of decided) assertData(event);
    const encoded = encodeEvents(decided, command, speaker, {
      time: new Date(batch.time).toISOString(),
      salt: this.#salt,
    });
    for (const { event } of encoded) {
      const known = { known: true, event } as DecodedEvent;
      const entity = foldEvent(reducers, known, signer.key, (kind, id) =>
        this.#entities.get(kind, id),
      );
      if (entity !== undefined) this.#entities.set(entity);
    }
    const position = this.#events + batch.events.length + 1;
    const range = { id: command.id, position, count: encoded.length };
    // Inside the transaction already: the next command of this flush sees these ids as taken.
    this.#ids.add(range);
    batch.events.push(...encoded);
    return range;
  }

  /** Writes the batch's rows; answers the head there will be once the transaction commits. */
  #store(batch: Batch): ChainHead | null {
    if (batch.events.length === 0) return this.#head;
    const { signer, space } = this.#options;
    const commit = signCommit(
      signer,
      {
        space,
        chain: this.#chain,
        seq: (this.#head?.seq ?? 0) + 1,
        prev: this.#head?.hash ?? null,
        hlc: this.#hlc(),
        seen: [],
      },
      batch.events,
    );
    this.#rows.insert({ commit: this.#commits + 1, event: this.#events + 1 }, commit, batch.events);
    this.#entities.flush();
    return commit.head;
  }

  /** Memory follows the disk: only after COMMIT returned. */
  #advance(head: ChainHead | null, batch: Batch): void {
    if (head !== this.#head) this.#commits += 1;
    this.#events += batch.events.length;
    this.#head = head;
  }

  #settle(attempt: Outcome | Decided, { command }: Pending): Outcome {
    if (attempt.type !== 'decided') return attempt;
    const { range, repeated } = attempt;
    const receipt: Receipt = {
      command: command.id,
      commit: range === null ? null : (this.#head?.hash ?? null),
      seq: this.#head?.seq ?? 0,
      events: idsOf(range),
      repeated,
      strength: 'local-fsync',
    };
    return { type: 'stored', receipt };
  }

  /** A command of this flush has no commit yet; an older one is answered from the record. */
  #repeat(range: IdRange): Outcome | Decided {
    if (range.position > this.#events) return { type: 'decided', range, repeated: true };
    return { type: 'stored', receipt: this.#earlierReceipt(range) };
  }

  #earlierReceipt(range: IdRange): Receipt {
    const row = this.#options.database
      .prepare(
        `SELECT c.hash, c.seq FROM events e JOIN commits c ON c.position = e.commit_position
         WHERE e.position = ?`,
      )
      .get(range.position);
    return {
      command: range.id,
      commit: String(row?.['hash']),
      seq: Number(row?.['seq']),
      events: idsOf(range),
      repeated: true,
      strength: 'local-fsync',
    };
  }

  /** What a stranger adds to a record would be void, and reported as damage. */
  #assertMember(): void {
    const { signer, space } = this.#options;
    const state = this.#entities.get('space', space)?.body as SpaceState | undefined;
    if (state === undefined) throw damaged('its state lacks the space itself');
    if (Object.hasOwn(state.members, signer.key)) return;
    throw new SkeinError(
      'key-invalid',
      `Cannot write to this record: the key ${signer.key.slice(0, 16)} is not a member of it`,
      { fix: "Restore the node's key from a backup. A new key is a new node." },
    );
  }

  #writeGenesis(): void {
    const { signer, space } = this.#options;
    const data = { owner: signer.key, format: COMMIT_FORMAT };
    this.#writeOwn({ type: 'space.created', subject: `space/${space}`, data });
  }

  /** The old chain ends where it ends; nothing of ours may ever be added to it again. */
  #startChain({ reason, lost }: NonNullable<LedgerCoreOptions['restart']>): void {
    const { random, space } = this.#options;
    const after = this.#head;
    this.#chain = Buffer.from(random(new Uint8Array(16))).toString('hex');
    this.#head = null;
    const data = { chain: this.#chain, after, reason, lost };
    this.#writeOwn({ type: 'space.chain-started', subject: `space/${space}`, data });
  }

  /** A commit of the node itself, of one event about the space. */
  #writeOwn(event: NewSkeinEvent): void {
    const { database, now, signer } = this.#options;
    const command: Command = { id: this.#newId(), name: event.type, input: null };
    const speaker: Speaker = { actor: `node:${signer.key.slice(0, 16)}`, authority: 'system' };
    const batch: Batch = { time: now(), events: [], attempts: [] };
    database.exec('BEGIN IMMEDIATE');
    this.#fold([event], { command, speaker }, batch);
    this.#entities.settle();
    const head = this.#store(batch);
    database.exec('COMMIT');
    this.#advance(head, batch);
  }
}

const refuseAll = (pending: readonly Pending[], error: SkeinError): Outcome[] =>
  pending.map(() => ({ type: 'refused', error }));

const idsTaken = ({ id, name }: Command): SkeinError =>
  new SkeinError('conflict', `Cannot execute ${name}: ids from ${id} on are taken`, {
    fix: 'Send it again with a new id.',
  });

const idsOf = (range: IdRange | null): string[] =>
  range === null
    ? []
    : Array.from({ length: range.count }, (_, index) => uuidPlus(range.id, index));
