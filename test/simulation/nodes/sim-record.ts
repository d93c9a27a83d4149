/**
 * The record of one life of a node: the real writer over SQLite in memory, where every COMMIT is a
 * sync to disk. What comes in while it is busy is committed together, as in the writer's thread.
 * Who dies answers nobody any more, and leaves what was committed.
 */
import { DatabaseSync } from 'node:sqlite';
import type { Signer } from '#identity/signer.ts';
import type { Page, Reaction, Taken, Ledger } from '#ledger/ledger.ts';
import type { Outcome, Pending } from '#ledger/outcome.ts';
import { openLedgerDatabase } from '#ledger/store/database.ts';
import type { Command, Receipt, Speaker } from '#protocol/command.ts';
import type { Timers } from '#sync/link/wire.ts';
import { makeMemoryLedger, type MemoryLedger } from '../../messages/memory-ledger.ts';
import { makeTestNode, type TestNode } from '../../support/test-nodes.ts';

/** What a life is begun with. */
export interface SimRecordOptions {
  readonly image: Uint8Array | undefined;
  readonly signer: Signer;
  readonly founder: string;
  readonly epoch: number;
  readonly seed: number;
  readonly timers: Timers;
  /** How long a command waits for others to share its commit, in milliseconds. */
  readonly gatherMs: () => number;
  /** Told after each commit, of this node or taken from another one. */
  readonly committed: (record: SimRecord) => void;
  /** Told when the process dies at a commit. */
  readonly died: () => void;
}

interface Asked {
  readonly pending: Pending;
  readonly answer: PromiseWithResolvers<Receipt>;
}

/** Where in a commit a process dies: nothing of it is left, or all of it and nobody was told. */
export type DeathAt = 'before-commit' | 'after-commit';

/** One life. */
export class SimRecord {
  readonly node: TestNode;
  readonly ledger: Ledger;
  /** When it is set, the next commit is the last thing that happens. */
  deathAt: DeathAt | undefined;
  readonly #options: SimRecordOptions;
  readonly #memory: MemoryLedger;
  readonly #database: DatabaseSync;
  #asked: Asked[] = [];
  #remains: Uint8Array | undefined;

  constructor(options: SimRecordOptions) {
    const { image, signer, founder, epoch, seed, timers } = options;
    this.#options = options;
    this.#database = openLedgerDatabase(':memory:');
    if (image !== undefined) this.#database.deserialize(image);
    this.#watch();
    const clock = {
      get ms(): number {
        return timers.now();
      },
      set ms(_value: number) {},
    };
    const far = founder === signer.key ? {} : { founder };
    this.node = makeTestNode({ database: this.#database, signer, epoch, seed, clock, ...far });
    this.#memory = makeMemoryLedger(this.node);
    this.ledger = {
      ...this.#memory,
      stats: () => this.#memory.stats(),
      execute: (command, speaker) => this.#ask(command, speaker),
      exchange: {
        ...this.#memory.exchange,
        take: (page, reactions) => this.#take(page, reactions),
      },
    };
  }

  get isDead(): boolean {
    return this.#remains !== undefined;
  }

  /** The process dies now; answers what is left. */
  die(): Uint8Array {
    if (this.#remains === undefined) {
      if (this.#database.isTransaction) exec(this.#database, 'ROLLBACK');
      this.#remains = this.#database.serialize();
    }
    return this.#remains;
  }

  /** A copy of what is on the disk, as for a backup. */
  image(): Uint8Array {
    return this.#remains ?? this.#database.serialize();
  }

  #watch(): void {
    const database = this.#database;
    database.exec = (sql) => {
      if (sql !== 'COMMIT') return exec(database, sql);
      if (this.isDead) throw new Error('it is dead');
      if (this.deathAt === 'before-commit') this.#dieAtCommit();
      exec(database, sql);
      if (this.deathAt === 'after-commit') this.#dieAtCommit();
    };
  }

  #dieAtCommit(): never {
    this.die();
    this.#options.died();
    throw new Error('it dies');
  }

  #ask(command: Command, speaker: Speaker): Promise<Receipt> {
    const answer = Promise.withResolvers<Receipt>();
    this.#asked.push({ pending: { command, speaker }, answer });
    const { timers, gatherMs } = this.#options;
    if (this.#asked.length === 1) timers.after(gatherMs(), () => this.#flush());
    return answer.promise;
  }

  #flush(): void {
    if (this.isDead) return;
    const asked = this.#asked.splice(0);
    const outcomes = this.#memory.flush(asked.map(({ pending }) => pending));
    if (this.#isOver()) return;
    for (const [index, { answer }] of asked.entries()) settle(answer, outcomes[index] as Outcome);
  }

  async #take(page: Page, reactions: readonly Reaction[] = []): Promise<Taken> {
    const { timers, gatherMs } = this.#options;
    await new Promise<void>((resolve) => timers.after(gatherMs(), resolve));
    if (this.isDead) return never();
    try {
      return await this.#memory.exchange.take(page, reactions);
    } finally {
      if (this.#isOver()) await never();
    }
  }

  /** Whether it died meanwhile; else tells that there may be a new commit. */
  #isOver(): boolean {
    if (this.isDead) return true;
    this.#options.committed(this);
    return false;
  }
}

const never = <T>(): Promise<T> => new Promise(() => undefined);

const exec = (database: DatabaseSync, sql: string): void =>
  DatabaseSync.prototype.exec.call(database, sql);

function settle({ resolve, reject }: PromiseWithResolvers<Receipt>, outcome: Outcome): void {
  if (outcome.type === 'stored') resolve(outcome.receipt);
  else reject(outcome.error);
}
