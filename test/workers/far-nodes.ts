/**
 * Nodes of one space in one process, each with its own ledger in memory, behind the same port as in a
 * node. What one commits is carried to those it is joined with, until somebody cuts them apart.
 */
import { createHash } from 'node:crypto';
import { makeLedgerReader } from '#ledger/ledger-reader.ts';
import type { Ledger, Page, Reaction } from '#ledger/ledger.ts';
import { CommitBell, subscribe } from '#ledger/subscription.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { SkeinEvent } from '#protocol/event-types.ts';
import type { Speaker } from '#protocol/command.ts';
import { SPACE, type TestClock, type TestLedgerOptions } from '../support/test-ledger.ts';
import {
  admit,
  makeTestNode,
  pull,
  type TestNode,
  type TestNodeOptions,
} from '../support/test-nodes.ts';

/** A node with its ledger as a port. */
export interface FarNode {
  readonly key: string;
  readonly node: TestNode;
  readonly ledger: Ledger;
  readonly say: (name: string, input: unknown, speaker?: Speaker) => Promise<readonly string[]>;
  /** All events with who signed them. */
  readonly events: () => readonly (SkeinEvent & { readonly author: string })[];
  /** Resolves when an event is wanted, from the beginning on. */
  readonly seen: (wanted: (event: SkeinEvent) => boolean) => Promise<SkeinEvent>;
  /** What is to be executed with the pages of others. */
  reactionsTo: (page: Page) => readonly Reaction[];
  /** Nothing that it still wants to write is written, and nobody hears why. */
  readonly die: () => void;
}

/** The person at a node. */
const PERSON: Speaker = { actor: 'person:owner', authority: 'human' };

/** What all nodes are made with. */
export type FarOptions = TestNodeOptions & Pick<TestLedgerOptions, 'deciders'>;

/** The space: its owner, and who was admitted. */
export class FarSpace {
  readonly nodes: FarNode[] = [];
  /** The clock of all of them. */
  readonly clock: TestClock;
  readonly #cuts = new Set<string>();
  readonly #bells = new Map<FarNode, CommitBell>();
  readonly #blobs = new Map<string, Map<string, Buffer>>();
  #carrying = false;
  #again = false;

  constructor(members: number, options: FarOptions = {}) {
    const { seed = 1, clock = { ms: Date.now() }, ...more } = options;
    this.clock = clock;
    const owner = makeTestNode({ seed, clock, ...more });
    const all = [owner];
    for (let index = 1; index <= members; index += 1) {
      const founder = owner.signer.key;
      const joined = makeTestNode({ ...more, founder, seed: seed + 10 * index, clock });
      admit(owner, joined);
      all.push(joined);
    }
    for (const node of all.slice(1)) pull(owner, node);
    for (const node of all) this.nodes.push(this.#wrap(node));
  }

  /** The same node after it died: what it has stored, and nothing that it knew. */
  reopen(before: FarNode, clock: TestClock, seed: number): FarNode {
    const owner = this.nodes[0] as FarNode;
    before.die();
    const { database, signer } = before.node;
    const founder = before === owner ? {} : { founder: owner.key };
    const again = this.#wrap(makeTestNode({ database, signer, clock, seed, epoch: 2, ...founder }));
    this.nodes[this.nodes.indexOf(before)] = again;
    this.#bells.delete(before);
    return again;
  }

  cut(one: FarNode, other: FarNode): void {
    this.#cuts.add(pair(one, other));
  }

  heal(): void {
    this.#cuts.clear();
    this.carry();
  }

  /** Everybody gets what those it is joined with have. */
  carry(): void {
    if (this.#carrying) {
      this.#again = true;
      return;
    }
    this.#carrying = true;
    queueMicrotask(() => {
      try {
        do {
          this.#again = false;
          for (const from of this.nodes) for (const to of this.nodes) this.#pull(from, to);
        } while (this.#again);
      } finally {
        this.#carrying = false;
      }
    });
  }

  #pull(from: FarNode, to: FarNode): void {
    if (from === to || this.#cuts.has(pair(from, to))) return;
    const taker: TestNode = {
      ...to.node,
      take: (page) => {
        const taken = to.node.core.take(page, to.reactionsTo(page));
        this.#bells.get(to)?.ring();
        this.#again = true;
        return taken;
      },
    };
    pull(from.node, taker, 64_000);
  }

  #wrap(node: TestNode): FarNode {
    const { core, database } = node;
    const bell = new CommitBell();
    const read = makeLedgerReader(database);
    const blobs = this.#blobs.get(node.signer.key) ?? new Map<string, Buffer>();
    this.#blobs.set(node.signer.key, blobs);
    let isDead = false;
    const put: Ledger['blobs']['put'] = async (content) => {
      const hash = createHash('sha256').update(content).digest('hex');
      blobs.set(hash, Buffer.from(content));
      return { hash, bytes: content.byteLength };
    };
    const ledger: Ledger = {
      space: SPACE,
      read,
      execute: async (command, speaker) => {
        // As with a writer's thread: nobody hears of it in the same turn.
        await Promise.resolve();
        if (isDead) return new Promise(() => undefined);
        const [outcome] = core.flush([{ command, speaker }]);
        bell.ring();
        this.carry();
        if (outcome?.type === 'stored') return outcome.receipt;
        throw outcome?.error ?? new Error('no outcome');
      },
      subscribe: (from) => subscribe(read, bell, from),
      exchange: {
        ...node.chains,
        take: async (page, reactions) => core.take(page, reactions),
        hasBlob: (hash) => blobs.has(hash),
      },
      stats: () => ({
        events: core.position,
        commits: 0,
        ledgerBytes: 0,
        blobBytes: 0,
        head: core.head,
        redacted: 0,
      }),
      blobs: {
        put,
        putText: (text) => put(Buffer.from(text)),
        get: (hash) => {
          const found = blobs.get(hash);
          if (found === undefined) throw new SkeinError('blob-missing', `Cannot read blob ${hash}`);
          return found;
        },
      },
      close: async () => undefined,
    };
    const far: FarNode = {
      key: node.signer.key,
      node,
      ledger,
      say: async (name, input, speaker = PERSON) =>
        (await ledger.execute({ id: node.newId(), name, input }, speaker)).events,
      events: () =>
        read.events({ after: 0, limit: 10_000 }).map(({ body, author }) => ({
          ...(JSON.parse(String(body)) as SkeinEvent),
          author,
        })),
      seen: (wanted) => seen(ledger, wanted),
      reactionsTo: () => [],
      die: () => void (isDead = true),
    };
    this.#bells.set(far, bell);
    return far;
  }
}

const pair = (one: FarNode, other: FarNode): string => [one.key, other.key].sort().join(' ');

async function seen(ledger: Ledger, wanted: (event: SkeinEvent) => boolean): Promise<SkeinEvent> {
  const stop = new AbortController();
  for await (const page of ledger.subscribe({ after: 0, follow: true, signal: stop.signal })) {
    for (const { body } of page) {
      const event = JSON.parse(String(body)) as SkeinEvent;
      if (wanted(event)) {
        stop.abort();
        return event;
      }
    }
  }
  throw new Error('the record was closed before it was seen');
}
