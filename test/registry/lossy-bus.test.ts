/** Heartbeats over a bus that loses, repeats and gets stuck: in the end everybody knows the same. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SkeinError } from '#protocol/errors.ts';
import type { Bus, BusMessage } from '#bus/bus.ts';
import { AGENT_STATES } from '#registry/heartbeat/heartbeat.ts';
import { STUCK_MS } from '#registry/heartbeat/beat-sender.ts';
import type { LiveRegistry } from '#registry/live-registry.ts';
import { seededFor, type SeededRandom } from '../support/seeded-random.ts';
import { makePair, meetAll, passAll, type RegistryNode } from './registry-node.ts';

/** A connection on which `fate` decides how often a message is sent. */
const unreliable = (bus: Bus, fate: (message: BusMessage) => number): Bus => ({
  subscribe: (...given) => bus.subscribe(...given),
  request: (...given) => bus.request(...given),
  close: () => bus.close(),
  publish: async (message) => {
    for (let count = fate(message); count > 0; count -= 1) await bus.publish(message);
  },
});

const NAMES = Array.from({ length: 12 }, (_, index) => `agent-${index}`);

function stir(random: SeededRandom, { agents }: RegistryNode): void {
  for (const name of NAMES) {
    if (random.below(5) !== 0) continue;
    const state = random.pick(AGENT_STATES);
    if (random.below(4) === 0) agents.delete(name);
    else agents.set(name, { name, state, waiting: random.below(9), inFlight: 0 });
  }
}

/** What a registry shows of another node's agents, and what that node shows of them. */
const shown = (registry: LiveRegistry, node: string): unknown =>
  registry.agents({ node }).map(({ id, state, waiting }) => [id, state, waiting]);

/** A minute of changes over such a bus, then a quiet minute over the same. */
async function play(
  random: SeededRandom,
  fate: (message: BusMessage) => number,
): Promise<{ readonly isSame: boolean; readonly here: LiveRegistry }> {
  const [one, other] = makePair();
  for (const name of NAMES) other.register(name, []);
  meetAll(one, other);
  const here = one.open({ bus: unreliable(one.bus, fate) });
  const there = other.open({ bus: unreliable(other.bus, fate) });
  for (let second = 0; second < 60; second += 1) {
    stir(random, other);
    await passAll(1_000, one, other);
  }
  // A wish, and all that answers it, may be lost some times in a row.
  await passAll(120_000, one, other);
  const isSame = JSON.stringify(shown(here, other.key)) === JSON.stringify(shown(there, other.key));
  for (const registry of [here, there]) await registry.close();
  return { isSame, here };
}

describe('a bus that loses a third and repeats a third', () => {
  it('leaves both ends with the same in the end', async (context) => {
    const random = seededFor(context);
    for (let round = 0; round < 5; round += 1) {
      const { isSame, here } = await play(random, () => random.below(3));
      assert.ok(isSame);
      assert.ok((here.stats().dropped.replayed ?? 0) > 0, 'what was repeated is dropped');
    }
  });

  it('does not, when nobody can say that something is missing', async (context) => {
    const random = seededFor(context);
    let differ = 0;
    for (let round = 0; round < 5; round += 1) {
      const isWish = ({ subject }: BusMessage): boolean => subject.endsWith('.heartbeat-wanted');
      const { isSame } = await play(random, (message) => (isWish(message) ? 0 : random.below(3)));
      if (!isSame) differ += 1;
    }
    assert.ok(differ > 0, 'losses would heal by themselves: the wish is not needed');
  });
});

describe('a carrier in trouble', () => {
  it('that refuses is reported, and what was missed is told afterwards', async () => {
    const [one, other] = makePair();
    const id = other.register('coder', []);
    meetAll(one, other);
    let isDown = true;
    const closed = new SkeinError('bus-closed', 'Cannot publish: the network is away');
    const bus: Bus = {
      ...unreliable(other.bus, () => 1),
      publish: (message) => (isDown ? Promise.reject(closed) : other.bus.publish(message)),
    };
    other.agents.set('coder', { name: 'coder', state: 'at work', waiting: 0, inFlight: 1 });
    const [here, there] = [one.open(), other.open({ bus })];
    await passAll(12_000, one, other);
    assert.ok(other.reported.length > 0);
    assert.ok(other.reported.every((thrown) => thrown === closed));
    assert.equal(here.agent(id)?.state, null);
    isDown = false;
    await passAll(6_000, one, other);
    assert.equal(here.agent(id)?.state, 'at work');
    for (const registry of [here, there]) await registry.close();
  });

  it('that takes one message for ever does not end the heartbeats', async () => {
    const [one, other] = makePair();
    let sent = 0;
    const bus: Bus = {
      ...unreliable(other.bus, () => 1),
      publish: (message) => {
        sent += 1;
        return sent === 1 ? new Promise(() => undefined) : other.bus.publish(message);
      },
    };
    const [here, there] = [one.open(), other.open({ bus })];
    await passAll(STUCK_MS - 6_000, one, other);
    assert.equal(sent, 1);
    await passAll(13_000, one, other);
    assert.equal(here.node(other.key)?.presence, 'alive');
    for (const registry of [here, there]) await registry.close();
  });
});
