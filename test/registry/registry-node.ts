/** Nodes of one space with a real record, a registry over a bus in memory, and time a test moves. */
import { setImmediate as turn } from 'node:timers/promises';
import { makeMemoryBus, type MemoryBus } from '#bus/memory-bus.ts';
import { makeLedgerReader, countRows } from '#ledger/ledger-reader.ts';
import type { Ledger } from '#ledger/ledger.ts';
import { CommitBell, subscribe } from '#ledger/subscription.ts';
import { agentId } from '#protocol/address.ts';
import type { AgentNow } from '#registry/heartbeat/heartbeat.ts';
import { LiveRegistry, type LiveRegistryOptions } from '#registry/live-registry.ts';
import type { NodeCard } from '#registry/registry-reducer.ts';
import { NODE_TIMERS } from '#bus/conformance/open-memory.ts';
import { makeRandom } from '../support/seeded-random.ts';
import { SPACE } from '../support/test-ledger.ts';
import { admit, makeTestNode, meet, type TestNode } from '../support/test-nodes.ts';
import { FakeTime } from './fake-time.ts';

/** A node with its copy of the record; `agents` is what its agents do now. */
export interface RegistryNode {
  readonly node: TestNode;
  readonly key: string;
  readonly time: FakeTime;
  readonly bus: MemoryBus;
  readonly agents: Map<string, AgentNow>;
  readonly reported: unknown[];
  /** Wakes who follows the record, after pages were carried by hand. */
  readonly ring: () => void;
  /** Opens its registry; `isAlone` = without a bus. */
  readonly open: (more?: Partial<LiveRegistryOptions>, isAlone?: boolean) => LiveRegistry;
  readonly announce: (card?: Partial<NodeCard>) => void;
  readonly register: (
    name: string,
    skills: readonly string[],
    topics?: readonly string[],
  ) => string;
}

/** A carrier for nodes of one space. */
export const makeCarrier = (): MemoryBus =>
  makeMemoryBus({ ...NODE_TIMERS, report: (error) => void process.emitWarning(error.message) });

/** Lets the bus and all who follow come to rest. */
export async function settle(): Promise<void> {
  for (let count = 0; count < 40; count += 1) await turn();
}

/** A node on `carrier`; without `founder` it has made the space. */
export function makeRegistryNode(carrier: MemoryBus, seed: number, founder?: string): RegistryNode {
  const node = makeTestNode({ seed, ...(founder === undefined ? {} : { founder }) });
  const time = new FakeTime();
  const bell = new CommitBell();
  const read = makeLedgerReader(node.database);
  const agents = new Map<string, AgentNow>();
  const reported: unknown[] = [];
  const random = makeRandom(seed);
  const ledger: LiveRegistryOptions['ledger'] = {
    space: SPACE,
    read,
    stats: () => ({ ...countRows(node.database), ledgerBytes: 0, blobBytes: 0, redacted: 0 }),
    subscribe: (from) => subscribe(read, bell, from),
    execute: (async (command, speaker) => {
      const [outcome] = node.core.flush([{ command, speaker }]);
      if (outcome?.type !== 'stored') throw outcome?.error;
      bell.ring();
      return outcome.receipt;
    }) as Ledger['execute'],
  };
  const bus = carrier.connect();
  const state = (events: object): void => {
    node.store('test.state', events);
    bell.ring();
  };
  return {
    node,
    key: node.signer.key,
    time,
    bus,
    agents,
    reported,
    ring: () => bell.ring(),
    open: (more, isAlone = false) =>
      new LiveRegistry({
        ledger,
        ...(isAlone ? {} : { bus }),
        signer: node.signer,
        name: `node-${seed}`,
        epoch: 1,
        agents: () => agents.values(),
        now: time.now,
        monotonicMs: time.monotonicMs,
        after: time.after,
        random: () => random.below(1_000) / 1_000,
        newId: node.newId,
        report: (thrown) => void reported.push(thrown),
        ...more,
      }),
    announce: (card) => {
      const plain = { name: `node-${seed}`, version: '0.1.0', addresses: [], draining: false };
      node.store('node.announce', { ...plain, ...card });
      bell.ring();
    },
    register: (name, skills, topics = []) => {
      const id = agentId(name, node.signer.key);
      const data = { role: 'coder', skills, topics };
      state([{ type: 'agent.registered', subject: `agent/${id}`, data }]);
      return id;
    },
  };
}

/** Two nodes with cards, each with all of the other's record. */
export function makePair(
  carrier: MemoryBus = makeCarrier(),
): readonly [RegistryNode, RegistryNode] {
  const one = makeRegistryNode(carrier, 1);
  const other = makeRegistryNode(carrier, 2, one.key);
  admit(one.node, other.node);
  meetAll(one, other);
  for (const each of [one, other]) each.announce();
  meetAll(one, other);
  return [one, other];
}

/** Both have all of each other's record, and know it. */
export function meetAll(one: RegistryNode, other: RegistryNode): void {
  meet(one.node, other.node);
  for (const each of [one, other]) each.ring();
}

/** Time passes at all nodes, a second at a time. */
export async function passAll(ms: number, ...nodes: readonly RegistryNode[]): Promise<void> {
  for (let passed = 0; passed < ms; passed += 1_000) {
    for (const { time } of nodes) await time.pass(Math.min(1_000, ms - passed), settle);
  }
}
