/**
 * What survives a crash: the committed images of both databases, the anchor, the world. Every
 * durable change passes `touch`, and a crash happens just before one of them: by then all that was
 * acknowledged before it is acknowledged. After it this life changes nothing any more.
 */
import { DatabaseSync } from 'node:sqlite';
import type { ChainHead } from '#ledger/ledger.ts';
import { openBlobDatabase, openLedgerDatabase } from '#ledger/store/database.ts';
import type { HeadFile } from '#ledger/store/head-file.ts';
import type { WorldState } from '../world/world-state.ts';

/** What is left of a life. */
export interface Remains {
  readonly ledger: Uint8Array | null;
  readonly blobs: Uint8Array | null;
  readonly head: ChainHead | undefined;
  readonly world: WorldState;
}

/** Thrown where the process dies. */
export class Crashed extends Error {}

/** The durable side of one life. */
export class SimDisk {
  readonly ledger: DatabaseSync;
  readonly blobs: DatabaseSync;
  readonly world: WorldState;
  /** The durable change of this life that does not happen any more; 0 = none. */
  crashAt: number;
  #head: ChainHead | undefined;
  #changes = 0;
  #remains: Remains | undefined;

  constructor({ ledger, blobs, head, world }: Remains, crashAt: number) {
    this.crashAt = crashAt;
    this.ledger = openLedgerDatabase(':memory:');
    if (ledger !== null) this.ledger.deserialize(ledger);
    this.blobs = openBlobDatabase(':memory:');
    if (blobs !== null) this.blobs.deserialize(blobs);
    this.world = structuredClone(world);
    this.#head = head;
    for (const database of [this.ledger, this.blobs]) this.#watch(database);
  }

  /** How many durable changes there were in this life. */
  get changes(): number {
    return this.#changes;
  }

  /** What the crash left, once there was one. */
  get remains(): Remains | undefined {
    return this.#remains;
  }

  /** The anchor as it would be read after a crash now. */
  get head(): ChainHead | undefined {
    return this.#head;
  }

  /** The anchor, written through `touch` as everything else. */
  get headFile(): HeadFile {
    return {
      write: (head) => {
        this.touch();
        this.#head = head;
      },
      sync: () => undefined,
      close: () => undefined,
    };
  }

  /** To be called right before every durable change. */
  touch(): void {
    if (this.#remains !== undefined) throw new Crashed();
    this.#changes += 1;
    if (this.#changes === this.crashAt) {
      this.crash();
      throw new Crashed();
    }
  }

  /** The process dies now. */
  crash(): Remains {
    this.#remains ??= {
      ledger: committed(this.ledger),
      blobs: committed(this.blobs),
      head: this.#head,
      world: structuredClone(this.world),
    };
    return this.#remains;
  }

  /** Frees the memory of a life that is over. */
  close(): void {
    for (const database of [this.ledger, this.blobs]) if (database.isOpen) database.close();
  }

  #watch(database: DatabaseSync): void {
    const exec = database.exec.bind(database);
    database.exec = (sql) => {
      if (sql === 'COMMIT') this.touch();
      exec(sql);
    };
  }
}

/** What a reader would find: an open transaction is gone. */
function committed(database: DatabaseSync): Uint8Array {
  if (database.isTransaction) DatabaseSync.prototype.exec.call(database, 'ROLLBACK');
  return database.serialize();
}
