/**
 * The registry with 10,000 agents on 20 nodes: find by skill beside a bare Map of the same cards,
 * memory beside that Map, heartbeats that are taken beside the bare check of their signatures.
 */
import { generateKeyPairSync } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { makeSigner, verifySignature, type Signer } from '#identity/signer.ts';
import { agentId } from '#protocol/address.ts';
import type { Entity } from '#protocol/entity.ts';
import { BeatReceiver } from '#registry/heartbeat/beat-receiver.ts';
import { signBeat, type SignedBeat } from '#registry/heartbeat/heartbeat.ts';
import { LiveRegistry, type LiveRegistryOptions } from '#registry/live-registry.ts';
import type { AgentCard } from '#registry/registry-reducer.ts';
import { assertSound, BENCH_SPACE, newId } from './support/bench-space.ts';
import { atLeast, atMost, duration, rate, scaled, type Bench, type Finding } from './report.ts';
import { perSecond, takeTurns } from './rounds.ts';

const AGENTS = 10_000;
const NODES = 20;
const SKILLS = 20;
const QUERIES = 2_000;
const BEATS = 2_000;
const ROUNDS = 5;

/** The bench. */
export const registry: Bench = {
  about: `${AGENTS} agents on ${NODES} nodes: find by skill, memory, heartbeats`,
  run: async (options) => {
    const signers = Array.from({ length: NODES }, newSigner);
    const beats = makeBeats(signers, scaled(options, BEATS, 200));
    const queries = scaled(options, QUERIES, 100);
    const found = await findBySkill(signers, queries, scaled(options, ROUNDS));
    const heard = await takeTurns(scaled(options, ROUNDS), {
      taken: () => takeBeats(signers, beats),
      verified: () => verifyBeats(beats),
    });
    return [...found, ...measureMemory(signers), explainBeats(heard)];
  },
};

const newSigner = (): Signer => makeSigner(generateKeyPairSync('ed25519').privateKey);

const skillOf = (index: number): string => `skill-${index % SKILLS}`;

/** Entities as the record has them: each body read from its own JSON. */
function makeEntities(signers: readonly Signer[]): Entity[] {
  return Array.from({ length: AGENTS }, (_, index) => {
    const home = signers[index % NODES]?.key ?? '';
    const skills = [skillOf(index), skillOf(index + 7)];
    const card = {
      role: 'coder',
      skills,
      topics: ['news'],
      version: '1.4.2',
      status: 'registered',
    };
    const body: unknown = JSON.parse(JSON.stringify(card));
    return { kind: 'agent', id: agentId(`agent-${index}`, home), version: 1, home, body };
  });
}

/** A registry over a record that holds these agents; nothing beats, nothing changes. */
function openRegistry(signers: readonly Signer[], agents: readonly Entity[]): LiveRegistry {
  const members = Object.fromEntries(signers.map(({ key }) => [key, 'writer']));
  const entities = (kind: string, prefix = ''): readonly Entity[] =>
    kind === 'agent' ? agents.filter(({ id }) => id.startsWith(prefix)) : [];
  const ledger: LiveRegistryOptions['ledger'] = {
    space: BENCH_SPACE,
    read: {
      entity: (kind) =>
        kind === 'space' ? ({ body: { members } } as unknown as Entity) : undefined,
      entities,
      events: () => [],
      position: () => undefined,
    },
    stats: () => ({ events: 0, commits: 0, ledgerBytes: 0, blobBytes: 0, head: null, redacted: 0 }),
    subscribe: () => (async function* none() {})(),
    execute: () => Promise.reject(new TypeError('nothing is recorded here')),
  };
  return new LiveRegistry({
    ledger,
    signer: signers[0] as Signer,
    name: 'bench',
    epoch: 1,
    agents: () => [],
    now: Date.now,
    monotonicMs: () => performance.now(),
    after: () => () => undefined,
    random: Math.random,
    newId,
    report: () => undefined,
  });
}

/** Cards by skill, as one would keep them who needs nothing else. */
function bareMap(agents: readonly Entity[]): Map<string, Entity[]> {
  const bySkill = new Map<string, Entity[]>();
  for (const agent of agents) {
    for (const skill of (agent.body as AgentCard).skills) {
      const list = bySkill.get(skill);
      if (list === undefined) bySkill.set(skill, [agent]);
      else list.push(agent);
    }
  }
  return bySkill;
}

async function findBySkill(
  signers: readonly Signer[],
  queries: number,
  rounds: number,
): Promise<Finding[]> {
  const agents = makeEntities(signers);
  const open = openRegistry(signers, agents);
  const map = bareMap(agents);
  const expected = (AGENTS * 2) / SKILLS;
  const ask = (find: (skill: string) => readonly unknown[]): number =>
    perSecond(queries, () => {
      for (let query = 0; query < queries; query += 1) {
        const { length } = find(skillOf(query));
        assertSound(length === expected, `${length} of ${expected} agents were found`);
      }
    });
  const rates = await takeTurns(rounds, {
    registry: () => ask((skill) => open.agents({ skill })),
    // A list of one's own, too: what a caller does to it must not change the index.
    map: () => ask((skill) => [...(map.get(skill) ?? [])]),
    all: () => perSecond(queries >> 4, () => listAll(open, queries >> 4)),
  });
  const firstMs = 1_000 / perSecond(1, () => openRegistry(signers, agents).agents());
  const oneMs = 1_000 / rates.registry;
  return [
    {
      work: `find ${expected} of ${AGENTS} agents by skill`,
      figure: duration(oneMs),
      peer: `bare Map, list copied: ${duration(1_000 / rates.map)}`,
      ratio: rates.registry / rates.map,
      goal: atMost(oneMs, 1, '1 ms'),
    },
    { work: `list all ${AGENTS} agents`, figure: duration(1_000 / rates.all) },
    { work: `take in ${AGENTS} cards, list all of them`, figure: duration(firstMs) },
  ];
}

function listAll(open: LiveRegistry, times: number): void {
  for (let time = 0; time < times; time += 1) {
    assertSound(open.agents().length === AGENTS, 'agents are missing');
  }
}

function measureMemory(signers: readonly Signer[]): Finding[] {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const used = (): number => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const grown = (make: () => unknown): number => {
    const before = used();
    const kept = make();
    const bytes = (used() - before) / AGENTS;
    assertSound(kept !== undefined, 'nothing was made');
    return bytes;
  };
  const map = grown(() => bareMap(makeEntities(signers)));
  const open = grown(() => {
    const made = openRegistry(signers, makeEntities(signers));
    assertSound(made.agents().length === AGENTS, 'agents are missing');
    return made;
  });
  // What the bench's own ledger holds is no part of the registry.
  const entities = grown(() => makeEntities(signers));
  const own = open - entities;
  return [
    {
      work: 'memory of the registry for each agent',
      figure: `${own.toFixed(0)} bytes`,
      peer: `bare Map with the cards: ${map.toFixed(0)} bytes`,
      ratio: own / map,
      goal: atMost(own, 2_048, '2 kB'),
    },
  ];
}

function makeBeats(signers: readonly Signer[], count: number): SignedBeat[] {
  return Array.from({ length: count }, (_, index) => {
    const signer = signers[index % NODES] as Signer;
    return signBeat(signer, BENCH_SPACE, {
      v: 1,
      node: signer.key,
      name: `node-${index % NODES}`,
      sentAt: new Date().toISOString(),
      epoch: 1,
      counter: index,
      load: { cpu: 0.5, memoryUsed: 8_000_000_000, memoryTotal: 16_000_000_000 },
      agents: { anew: false, lines: [['coder-1', 'idle', 0, 0]], last: true, count: 1, sum: 1 },
    });
  });
}

function takeBeats(signers: readonly Signer[], beats: readonly SignedBeat[]): number {
  const members = new Set(signers.map(({ key }) => key));
  const none = { burst: Number.POSITIVE_INFINITY, perSecond: 1 };
  const receiver = new BeatReceiver({
    space: BENCH_SPACE,
    self: '',
    isMember: (node) => members.has(node),
    now: Date.now,
    monotonicMs: () => performance.now(),
    limits: { perNode: none, inAll: none },
    maxClockOffMs: Number.POSITIVE_INFINITY,
  });
  let taken = 0;
  const figure = perSecond(beats.length, () => {
    for (const beat of beats) if (receiver.take(beat) !== undefined) taken += 1;
  });
  assertSound(taken === beats.length, `${taken} of ${beats.length} heartbeats were taken`);
  return figure;
}

function verifyBeats(beats: readonly SignedBeat[]): number {
  const bytes = beats.map(({ text, signature }) => ({
    text: Buffer.from(text),
    signature: Buffer.from(signature, 'base64'),
  }));
  return perSecond(beats.length, () => {
    for (const [index, { text, signature }] of bytes.entries()) {
      verifySignature(beats[index]?.node ?? '', text, signature);
    }
  });
}

const explainBeats = ({
  taken,
  verified,
}: Readonly<Record<'taken' | 'verified', number>>): Finding => ({
  work: 'heartbeats checked and read',
  figure: rate(taken, 'heartbeats'),
  peer: `their signatures alone: ${rate(verified, 'signatures')}`,
  ratio: taken / verified,
  goal: atLeast(taken / verified, 0.7, '0.7'),
});
