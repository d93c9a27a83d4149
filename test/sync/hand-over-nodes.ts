/** Nodes with a record in memory, at a real NATS server: hand-over, and links when a test wants them. */
import { randomFillSync } from 'node:crypto';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { makeLedgerReader } from '#ledger/ledger-reader.ts';
import type { KnownChain, Page, Reaction, Taken } from '#ledger/ledger.ts';
import type { HelloOptions } from '#sync/hello/handshake.ts';
import type { Surroundings } from '#sync/link/wire.ts';
import { HandOver, type HandOverLimits } from '#sync/nats/hand-over.ts';
import { NatsLinks } from '#sync/nats/nats-links.ts';
import type { Cursors } from '#sync/nats/page-outbox.ts';
import type { Refusal } from '#sync/refusal.ts';
import type { SpaceSync, Sync, SyncSpace } from '#sync/sync.ts';
import { startSync } from '#sync/sync-engine.ts';
import { note, SPACE } from '../support/test-ledger.ts';
import { admit, makeTestNode, pull, type TestNode } from '../support/test-nodes.ts';
import type { NatsServer } from '../bus/nats-server.ts';

/** Real time and chance. */
export const surroundings: Surroundings = {
  timers: {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    after: (ms, callback) => {
      const timer = setTimeout(callback, ms);
      return () => clearTimeout(timer);
    },
  },
  random: (bytes) => randomFillSync(bytes),
};

/** What a life of a node is made with. */
export interface UpOptions {
  readonly limits?: Partial<HandOverLimits>;
  /** Other nodes that links are kept to; without it there are no links at all. */
  readonly linkTo?: readonly PostNode[];
  readonly withoutHandOver?: boolean;
  readonly reactionsTo?: (page: Page) => readonly Reaction[];
}

/** A node that is up. */
export interface Life {
  readonly connection: NatsConnection;
  readonly handOver: HandOver | undefined;
  readonly sync: Sync;
  readonly space: SpaceSync;
  readonly refused: Refusal[];
  /** Goes in peace; `die`: nothing that is not out by now goes out. */
  readonly down: () => Promise<void>;
  readonly die: () => Promise<void>;
}

const QUICK: Partial<HandOverLimits> = {
  soonMs: 5,
  lagMs: 300,
  checkMs: 300,
  repairMs: 100,
  retryMs: 50,
  ackWaitMs: 1_000,
};

/** A node of the space; its record outlives its lives. */
export class PostNode {
  readonly node: TestNode;
  cursors: Cursors = {};
  readonly #rings = new Set<() => void>();
  #taking: ((page: Page) => void) | undefined;

  constructor(node: TestNode) {
    this.node = node;
  }

  get key(): string {
    return this.node.signer.key;
  }

  /** Told of each page before it is taken. */
  onTake(tell: (page: Page) => void): void {
    this.#taking = tell;
  }

  write(text: string): void {
    this.node.store('note.record', note(text));
    this.ring();
  }

  ring(): void {
    for (const each of this.#rings) each();
  }

  /** The chain that this node signs. */
  chain(): KnownChain {
    const own = this.node.chains.heads().find(({ author }) => author === this.key);
    if (own === undefined) throw new Error('this node has written nothing');
    return own;
  }

  /** How far another node's chain is here. */
  has(other: PostNode): number {
    const { chain } = other.chain();
    return this.node.chains.heads().find((head) => head.chain === chain)?.seq ?? 0;
  }

  async up(server: NatsServer, options: UpOptions = {}): Promise<Life> {
    const connection = await connect({
      servers: server.address,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 50,
    });
    const refused: Refusal[] = [];
    const space = this.#space(options.reactionsTo);
    const sync = startSync({
      ...surroundings,
      node: this.key,
      dial: (address) => {
        if (links === undefined) throw new Error('there are no links');
        return links.dial(address);
      },
    });
    const hello: HelloOptions = {
      ...surroundings,
      signer: this.node.signer,
      software: '0.0.0-test',
      spacesFor: (peer) => sync.spacesFor(peer),
    };
    const links =
      options.linkTo === undefined
        ? undefined
        : new NatsLinks({ connection, space: SPACE, hello, accept: sync.welcome });
    const opened = sync.open(space);
    for (const { key } of options.linkTo ?? []) sync.reach(key);
    const make = (): HandOver =>
      new HandOver({
        ...surroundings,
        connection,
        node: this.key,
        space,
        acked: opened.acked,
        cursors: { read: () => this.cursors, write: (cursors) => (this.cursors = cursors) },
        refused: (reason) => refused.push(reason),
        report: () => undefined,
        limits: { ...QUICK, ...options.limits },
      });
    const handOver = options.withoutHandOver === true ? undefined : make();
    const end = async (): Promise<void> => {
      links?.close();
      await sync.close();
      await connection.close();
    };
    return {
      connection,
      handOver,
      sync,
      space: opened,
      refused,
      down: async () => {
        await handOver?.close();
        await end();
      },
      die: async () => {
        await connection.close();
        await handOver?.close();
        await end();
      },
    };
  }

  #space(reactionsTo: UpOptions['reactionsTo']): SyncSpace {
    const { core, chains, database } = this.node;
    const take = async (page: Page, reactions: readonly Reaction[] = []): Promise<Taken> => {
      this.#taking?.(page);
      const taken = core.take(page, reactions);
      this.ring();
      return taken;
    };
    return {
      ledger: {
        space: SPACE,
        exchange: { heads: chains.heads, page: chains.page, hasBlob: () => false, take },
        read: makeLedgerReader(database),
        blobs: {
          get: () => Buffer.alloc(0),
          put: () => Promise.reject(new Error('no blobs here')),
        },
      },
      grown: (ring) => {
        this.#rings.add(ring);
        return () => this.#rings.delete(ring);
      },
      ...(reactionsTo === undefined ? {} : { reactionsTo }),
    };
  }
}

/** An owner and members of one space who all know that. */
export function makeNodes(members: number): readonly [PostNode, PostNode, ...PostNode[]] {
  const clock = { ms: Date.now() };
  const owner = makeTestNode({ seed: 1, clock });
  const others = Array.from({ length: members }, (_, index) =>
    makeTestNode({ founder: owner.signer.key, seed: index + 2, clock }),
  );
  for (const other of others) admit(owner, other);
  for (const other of others) pull(owner, other);
  return [owner, ...others].map((node) => new PostNode(node)) as [PostNode, PostNode];
}

const LIMIT_MS = 60_000;

/** Resolves when `isSo` holds; rejects when that takes too long. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + LIMIT_MS;
  while (!(await isSo())) {
    if (performance.now() > endMs) throw new Error(`it never came to be that ${isSo.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
