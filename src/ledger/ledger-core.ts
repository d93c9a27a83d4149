/**
 * The writer of one space: decides commands, signs them as one commit a flush, folds them and
 * stores all of it in one transaction. Synchronous and without a clock or chance of its own, so
 * the same code runs in the writer's thread and, over an in-memory database, in simulation.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { Signer } from '#identity/signer.ts';
import { makeUuidv7 } from '#lib/uuidv7.ts';
import type { Command, Receipt, Speaker } from '#protocol/command.ts';
import { COMMIT_FORMAT } from '#protocol/commit.ts';
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import type { NewSkeinEvent } from '#protocol/event-types.ts';
import { makeSalts } from '#ledger/store/commit-writer.ts';
import { CommitShelf } from './commit-shelf.ts';
import { CommandBatch, type Decided } from './command-batch.ts';
import type { DeciderTable } from './decider.ts';
import type { PageContext } from '#ledger/exchange/page-context.ts';
import { PageTaker } from '#ledger/exchange/take-page.ts';
import type { ReadBlob } from '#ledger/prune/pruned-list.ts';
import type { ChainHead, Page, Reaction, Taken } from './ledger.ts';
import type { ReducerSet } from './state/reducer.ts';
import { damaged, isSqliteFailure, storageError } from '#ledger/store/ledger-state.ts';
import { idsOf, refuseAll, toReaction, type Outcome, type Pending } from './outcome.ts';
import { OwnChain } from './own-chain.ts';
import type { SpaceState } from './state/space-reducer.ts';

/** What a core is built from; `random` fills the given bytes. */
export interface LedgerCoreOptions {
  readonly database: DatabaseSync;
  readonly space: string;
  readonly signer: Signer;
  readonly epoch: number;
  readonly now: () => number;
  readonly random: (bytes: Uint8Array) => Uint8Array;
  /** The key of another node that created the space; absent = this one has, or does. */
  readonly founder?: string | undefined;
  /** Whether `signature` over `bytes` was made by `key`; absent = no page of another node is taken. */
  readonly verifySignature?: PageContext['verifySignature'];
  readonly deciders: DeciderTable;
  readonly reducers: ReducerSet;
  /** Finds what a fold of pruned missions needs; absent where nothing was pruned. */
  readonly readBlob?: ReadBlob;
  /** Begin a new chain, and say why and what is known to be lost. */
  readonly restart?: { readonly reason: string; readonly lost: readonly string[] } | undefined;
}

/** What goes with the commands of a transaction. */
interface Transaction {
  readonly before?: () => boolean;
  readonly most?: number;
}

/** A page, and what is to be done about it in the same transaction. */
export interface Taking {
  readonly page: Page;
  readonly reactions: readonly Reaction[];
}

/** A commit ends after the command that brings it over this; it has to travel in one frame. */
const MAX_COMMIT_BYTES = 2 * 1024 * 1024;

/** Events after which what was folded may not count any more. */
const CUTTING: readonly string[] = ['space.member-removed', 'space.chain-started', 'chain.forked'];

/** The single writer of a space. Use from one thread only. */
export class LedgerCore {
  readonly #options: LedgerCoreOptions;
  readonly #shelf: CommitShelf;
  readonly #own: OwnChain;
  readonly #taker: PageTaker;
  readonly #newId: () => string;
  readonly #salt: () => Buffer;
  #stopped: SkeinError | undefined;

  constructor(options: LedgerCoreOptions) {
    const { now, random, signer, founder = signer.key } = options;
    this.#options = options;
    this.#newId = makeUuidv7({ now, random });
    this.#salt = makeSalts(random);
    this.#shelf = new CommitShelf(options);
    this.#own = new OwnChain(options);
    this.#taker = new PageTaker({ ...options, owner: founder, shelf: this.#shelf, own: this.#own });
    if (founder === signer.key) {
      if (this.#shelf.isEmpty) this.#writeGenesis();
      else this.#assertMember();
    }
    if (options.restart !== undefined && this.#own.head !== null) this.#startChain(options.restart);
  }

  /** The last commit of this author's chain. */
  get head(): ChainHead | null {
    return this.#own.head;
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
    return this.#shelf.position;
  }

  /**
   * Decides and stores `pending` in order, as one commit. A refused command leaves no trace and
   * does not disturb the others. When storing fails, all of them are refused and nothing is stored;
   * when the disk fails to sync that can't be known, and the writer stops (`storage-unsafe`).
   */
  flush(pending: readonly Pending[]): Outcome[] {
    const outcomes: Outcome[] = [];
    while (outcomes.length < pending.length || pending.length === 0) {
      const rest = pending.slice(outcomes.length);
      try {
        outcomes.push(...this.#transact(rest, { most: MAX_COMMIT_BYTES }));
      } catch (cause) {
        return [...outcomes, ...refuseAll(rest, storageError(cause))];
      }
      if (pending.length === 0) break;
    }
    return outcomes;
  }

  /** Takes pages one after the other; what is taken becomes durable at once. One that throws undoes itself. */
  takeAll(pages: readonly Taking[]): (Taken | SkeinError)[] {
    const answers: (Taken | SkeinError)[] = [];
    const back = this.#own.mark();
    try {
      this.#shelf.group(() => {
        for (const { page, reactions } of pages) answers.push(this.#tryTake(page, reactions));
      });
      return answers;
    } catch (cause) {
      back();
      this.#taker.forget();
      const error = storageError(cause);
      if (error.name === 'storage-unsafe') this.stop(error);
      return pages.map(() => error);
    }
  }

  #tryTake(page: Page, reactions: readonly Reaction[]): Taken | SkeinError {
    try {
      return this.take(page, reactions);
    } catch (thrown) {
      if (isSqliteFailure((thrown as SkeinError).cause)) throw thrown;
      return toSkeinError(thrown);
    }
  }

  /**
   * Takes a page of another node, and decides `reactions` in the same transaction. Throws what
   * `Exchange.take` does, and `storage-failed`.
   */
  take(page: Page, reactions: readonly Reaction[] = []): Taken {
    const checked = this.#taker.check(page);
    if (checked.type === 'forked') {
      const news = this.#taker.evidence(checked);
      // What we say in our own forked chain would be void itself: it is said in a new one.
      if (news !== undefined && checked.header.chain === this.#own.id) this.#leaveChain(checked.at);
      if (news !== undefined) this.#writeOwn(news);
      return { type: 'forked', at: checked.at };
    }
    if (checked.type !== 'fits') return checked;
    const { commits, seq } = checked;
    const taken = new Set(commits.map(({ header }) => header.seq));
    const due = reactions.filter((each) => each.seq === undefined || taken.has(each.seq));
    let outcomes: readonly Outcome[] = [];
    try {
      if (commits.length > 0) {
        outcomes = this.#transact(due, { before: () => this.#taker.store(commits) });
      }
    } catch (cause) {
      throw storageError(cause);
    }
    this.#leaveForkedChain();
    return { type: 'taken', seq, news: commits.length, outcomes: outcomes.map(toReaction) };
  }

  /**
   * One transaction: what `before` stores, then the commands, as many as `most` bytes of events hold;
   * throws when nothing was stored.
   */
  #transact(
    pending: readonly Pending[],
    { before = () => false, most = Number.POSITIVE_INFINITY }: Transaction,
  ): Outcome[] {
    if (this.#stopped !== undefined) throw this.#stopped;
    const batch = this.#newBatch();
    const attempts: (Outcome | Decided)[] = [];
    const back = this.#own.mark();
    try {
      this.#shelf.transact(() => {
        const changed = before();
        for (const one of pending) {
          if (batch.bytes >= most) break;
          attempts.push(batch.attempt(one));
        }
        return this.#store(batch) || changed;
      });
    } catch (cause) {
      back();
      this.#taker.forget();
      const error = storageError(cause);
      if (error.name === 'storage-unsafe') this.stop(error);
      throw cause;
    }
    return attempts.map((each, index) => this.#settle(each, pending[index] as Pending));
  }

  /** Signs the batch and writes its rows; answers whether there is anything to be stored. */
  #store({ events }: CommandBatch): boolean {
    if (events.length === 0) return false;
    const commit = this.#own.sign(events);
    this.#shelf.add(commit, events);
    this.#own.keep(commit.head);
    if (events.some(({ event }) => CUTTING.includes(event.type))) this.#shelf.refold();
    return true;
  }

  #newBatch(): CommandBatch {
    const { now } = this.#options;
    const [shelf, salt] = [this.#shelf, this.#salt];
    return new CommandBatch({ ...this.#options, shelf, salt, time: now() });
  }

  #settle(attempt: Outcome | Decided, { command }: Pending): Outcome {
    if (attempt.type !== 'decided') return attempt;
    const { range, repeated } = attempt;
    const receipt: Receipt = {
      command: command.id,
      commit: range === null ? null : (this.#own.head?.hash ?? null),
      seq: this.#own.head?.seq ?? 0,
      events: idsOf(range),
      repeated,
      strength: 'local-fsync',
    };
    return { type: 'stored', receipt };
  }

  /** What a stranger adds to a record would be void, and reported as damage. */
  #assertMember(): void {
    const { signer } = this.#options;
    const state = this.#space();
    if (state === undefined) throw damaged('its state lacks the space itself');
    if (Object.hasOwn(state.members, signer.key)) return;
    throw new SkeinError(
      'key-invalid',
      `Cannot write to this record: the key ${signer.key.slice(0, 16)} is not a member of it`,
      { fix: "Restore the node's key from a backup. A new key is a new node." },
    );
  }

  #space(): SpaceState | undefined {
    const { space } = this.#options;
    return this.#shelf.entities.get('space', space)?.body as SpaceState | undefined;
  }

  #writeGenesis(): void {
    const { signer, space } = this.#options;
    const data = { owner: signer.key, format: COMMIT_FORMAT };
    this.#writeOwn({ type: 'space.created', subject: `space/${space}`, data });
  }

  /** The old chain ends where it ends; nothing of ours may ever be added to it again. */
  #startChain(
    { reason, lost }: NonNullable<LedgerCoreOptions['restart']>,
    end = this.#own.head,
  ): void {
    const { space } = this.#options;
    const chain = this.#own.startAnew(end);
    const data = { chain, after: end, reason, lost };
    this.#writeOwn({ type: 'space.chain-started', subject: `space/${space}`, data });
  }

  /** Somebody proved that our own chain forked (an older copy of this home was used): go on anew. */
  #leaveForkedChain(): void {
    const fork = this.#space()?.forks[this.#own.id];
    if (fork !== undefined && this.#own.head !== null) this.#leaveChain(fork);
  }

  #leaveChain(fork: number): void {
    const reason = `the chain forked at commit ${fork}`;
    this.#startChain({ reason, lost: [] }, this.#taker.headAt(this.#own.id, fork - 1));
  }

  /** A commit of the node itself, of one event about the space. */
  #writeOwn(event: NewSkeinEvent): void {
    const { signer } = this.#options;
    const command: Command = { id: this.#newId(), name: event.type, input: null };
    const speaker: Speaker = { actor: `node:${signer.key.slice(0, 16)}`, authority: 'system' };
    const batch = this.#newBatch();
    const back = this.#own.mark();
    try {
      this.#shelf.transact(() => {
        batch.fold([event], { command, speaker });
        this.#shelf.entities.settle();
        return this.#store(batch);
      });
    } catch (cause) {
      back();
      throw cause;
    }
  }
}
