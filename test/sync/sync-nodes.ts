/** Nodes with a record in memory and the real engine, on a network that a test cuts and heals. */
import type { Exchange, Page, Reaction, Taken } from '#ledger/ledger.ts';
import { makeLedgerReader } from '#ledger/ledger-reader.ts';
import { openLedgerDatabase } from '#ledger/store/database.ts';
import { sha256 } from '#lib/sha256.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { HelloOptions } from '#sync/hello/handshake.ts';
import type { LinkLimits } from '#sync/link/link.ts';
import { MemoryNetwork, type NetworkFaults } from '#sync/link/memory-link.ts';
import type { SpaceSync, Sync, SyncLimits, SyncNews, SyncOptions } from '#sync/sync.ts';
import { startSync } from '#sync/sync-engine.ts';
import { makeRandom, type SeededRandom } from '../support/seeded-random.ts';
import { note, SPACE } from '../support/test-ledger.ts';
import { admit, makeTestNode, pull, type TestNode } from '../support/test-nodes.ts';
import { VirtualTime } from './virtual-time.ts';

/** A node of the simulated network. */
export interface SyncNode {
  readonly name: string;
  /** Its record; a node that crashed has another one, with what was durable. */
  ledger: TestNode;
  sync: Sync;
  space: SpaceSync;
  readonly news: SyncNews[];
  readonly blobs: Map<string, Buffer>;
  /** Records a note and lets the engine know. */
  readonly write: (text: string) => void;
  /** Lets the engine know that the record grew otherwise. */
  readonly ring: () => void;
  readonly crash: () => void;
  readonly restart: () => void;
}

/** What a net is made of. */
export interface NetOptions {
  readonly nodes: number;
  readonly random: SeededRandom;
  readonly faults?: NetworkFaults;
  /** Who is a member from the beginning, by number; everybody unless it is told otherwise. */
  readonly isMember?: (node: number) => boolean;
  /** Who dials whom, by number; everybody the ones before it, unless it is told otherwise. */
  readonly dials?: (node: number) => readonly number[];
  readonly limits?: Partial<SyncLimits>;
  readonly linkLimits?: Partial<LinkLimits>;
  readonly more?: Partial<SyncOptions>;
  readonly reactionsTo?: (node: string, page: Page) => readonly Reaction[];
  readonly taken?: (node: string, taken: Taken) => void;
}

/** A network of nodes that are members of one space. */
export interface Net {
  readonly nodes: SyncNode[];
  readonly network: MemoryNetwork;
  readonly time: VirtualTime;
  readonly close: () => Promise<void>;
  /** Whether all have the same chains and the same state. */
  readonly isSame: () => boolean;
}

const START_MS = Date.UTC(2026, 10, 21);

/** Builds records, engines and network; all nodes are up, members, and dial. */
export function makeNet(options: NetOptions): Net {
  const { random } = options;
  const time = new VirtualTime(START_MS);
  const network = new MemoryNetwork({ timers: time, random: random.fill, ...faultsOf(options) });
  const clock = {
    get ms(): number {
      return time.now();
    },
    set ms(_value: number) {},
  };
  const owner = makeTestNode({ seed: random.below(1e9), clock });
  const others = Array.from({ length: options.nodes - 1 }, () =>
    makeTestNode({ seed: random.below(1e9), clock, founder: owner.signer.key }),
  );
  const { isMember = () => true } = options;
  const members = others.filter((_node, index) => isMember(index + 1));
  for (const node of members) admit(owner, node);
  for (const node of members) pull(owner, node);
  const dials = options.dials ?? ((index) => Array.from({ length: index }, (_, before) => before));
  const nodes = [owner, ...others].map((ledger, index) => {
    const node = makeNode(`node-${index}`, ledger, {
      options,
      network,
      time,
      founder: owner.signer.key,
    });
    return { node, to: dials(index) };
  });
  for (const { node, to } of nodes) node.dialled.push(...to.map((each) => `node-${each}`));
  for (const { node } of nodes) node.restart();
  const all = nodes.map(({ node }) => node);
  return {
    nodes: all,
    network,
    time,
    isSame: () => {
      const states = all.map(({ ledger }) => [ledger.stateHash(), chainsOf(ledger)].join(' '));
      return new Set(states).size === 1;
    },
    close: async () => {
      for (const { sync } of all) void sync.close();
      await time.pass(100);
    },
  };
}

/** The chains of a record, sorted, with their heads. */
export const chainsOf = ({ chains }: TestNode): string =>
  chains
    .heads()
    .map(({ chain, seq, hash }) => `${chain} ${seq} ${hash}`)
    .toSorted()
    .join('\n');

const faultsOf = ({ faults }: NetOptions): { faults?: NetworkFaults } => (faults ? { faults } : {});

interface World {
  readonly options: NetOptions;
  readonly network: MemoryNetwork;
  readonly time: VirtualTime;
  readonly founder: string;
}

function makeNode(
  name: string,
  first: TestNode,
  { options, network, time, founder }: World,
): SyncNode & { readonly dialled: string[] } {
  const { random, linkLimits = {}, limits = {}, more = {} } = options;
  const rings = new Set<() => void>();
  const dialled: string[] = [];
  let detach = (): void => undefined;
  let epoch = 0;
  const ring = (): void => {
    for (const each of rings) each();
  };
  const start = (): void => {
    const { ledger } = node;
    const { signer } = ledger;
    const fill = makeRandom(random.below(1e9)).fill;
    const hello: HelloOptions = {
      timers: time,
      random: fill,
      signer,
      software: '0.0.0-test',
      spacesFor: (peer) => node.sync.spacesFor(peer),
      limits: linkLimits,
    };
    node.sync = startSync({
      timers: time,
      random: fill,
      node: signer.key,
      dial: (address) => network.dial(name, address),
      observe: (news) => node.news.push(news),
      limits,
      ...more,
    });
    node.space = node.sync.open({
      ledger: {
        space: SPACE,
        exchange: exchangeOf(node, ring),
        read: makeLedgerReader(ledger.database),
        blobs: blobsOf(node.blobs),
      },
      founder,
      grown: (each) => {
        rings.add(each);
        return () => rings.delete(each);
      },
      ...(options.reactionsTo
        ? { reactionsTo: (page) => options.reactionsTo?.(name, page) ?? [] }
        : {}),
      taken: (taken) => options.taken?.(name, taken),
    });
    detach = network.attach({ address: name, hello, accept: (link) => node.sync.welcome(link) });
    for (const address of dialled) node.sync.reach(address);
  };
  const node: SyncNode & { readonly dialled: string[] } = {
    name,
    dialled,
    ledger: first,
    sync: undefined as unknown as Sync,
    space: undefined as unknown as SpaceSync,
    news: [],
    blobs: new Map(),
    ring,
    write: (text) => {
      node.ledger.store('note.record', note(text));
      ring();
    },
    // Nobody says goodbye; what was not durable is gone, and memory with it.
    crash: () => {
      detach();
      rings.clear();
      void node.sync.close();
    },
    restart: () => {
      epoch += 1;
      if (epoch > 1) node.ledger = reopen(node.ledger, random, epoch);
      start();
    },
  };
  return node;
}

function reopen(ledger: TestNode, random: SeededRandom, epoch: number): TestNode {
  const database = openLedgerDatabase(':memory:');
  database.deserialize(ledger.database.serialize());
  const { signer, clock } = ledger;
  const founder = ledger.space().owner;
  const more = founder === signer.key ? {} : { founder };
  return makeTestNode({
    database,
    signer,
    clock,
    seed: random.below(1e9),
    epoch,
    ...more,
  });
}

function exchangeOf(node: SyncNode, ring: () => void): Exchange {
  const { core, chains } = node.ledger;
  return {
    heads: chains.heads,
    page: chains.page,
    hasBlob: (hash) => node.blobs.has(hash),
    take: async (page, reactions = []) => {
      const taken = core.take(page, reactions);
      ring();
      return taken;
    },
  };
}

const blobsOf = (blobs: Map<string, Buffer>): Parameters<Sync['open']>[0]['ledger']['blobs'] => ({
  get: (hash) => {
    const found = blobs.get(hash);
    if (found === undefined) throw new SkeinError('blob-missing', `Cannot find blob ${hash}`);
    return found;
  },
  put: async (content) => {
    const hash = sha256(content);
    blobs.set(hash, Buffer.from(content));
    return { hash, bytes: content.length };
  },
});
