/** Registries of several nodes over one bus, each with its own copy of the record. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { agentId } from '#protocol/address.ts';
import { signalSubject } from '#protocol/subjects.ts';
import { HEARTBEAT_SIGNAL } from '#registry/heartbeat/heartbeat.ts';
import { recordedPresence } from '#registry/presence/recorded-presence.ts';
import { makeLedgerReader } from '#ledger/ledger-reader.ts';
import { SPACE } from '../support/test-ledger.ts';
import {
  makeCarrier,
  makePair,
  makeRegistryNode,
  meetAll,
  passAll,
  settle,
  type RegistryNode,
} from './registry-node.ts';
import { admit } from '../support/test-nodes.ts';

/** What this node has recorded of others, in order. */
function notesOf({ node }: RegistryNode): (readonly [from: string, to: string])[] {
  const events = makeLedgerReader(node.database).events({ after: 0, limit: 10_000 });
  return events
    .filter(({ type, author }) => type === 'presence.changed' && author === node.signer.key)
    .map(({ body }) => JSON.parse(String(body)).data)
    .map(({ from, to }) => [from, to] as const);
}

describe('two nodes', () => {
  it('see each other with name, load and agents, and themselves as well', async () => {
    const [one, other] = makePair();
    const load = { cpu: 0.25, memoryUsed: 1, memoryTotal: 2 };
    const [here, there] = [one.open(), other.open({ load: () => load })];
    const id = other.register('coder', ['review'], ['news']);
    other.agents.set('coder', { name: 'coder', state: 'at work', waiting: 3, inFlight: 1 });
    meetAll(one, other);
    await passAll(6_000, one, other);
    const seen = here.node(other.key);
    assert.deepEqual([seen?.name, seen?.presence, seen?.isSelf], ['node-2', 'alive', false]);
    assert.deepEqual([seen?.load, seen?.agents], [load, 1]);
    assert.deepEqual(
      here.nodes().map(({ id: key }) => key),
      [one.key, other.key].toSorted(),
    );
    assert.equal(here.node(one.key)?.presence, 'alive');
    const [agent] = here.agents({ skill: 'review' });
    assert.deepEqual(agent, there.agent(id));
    assert.deepEqual([agent?.state, agent?.waiting, agent?.inFlight], ['at work', 3, 1]);
    assert.deepEqual(here.agents({ topic: 'news', node: other.key }), [agent]);
    assert.deepEqual(here.agents({ skill: 'review', node: one.key }), []);
    assert.equal(here.stats().dropped['not-member'], undefined);
    for (const registry of [here, there]) await registry.close();
    assert.deepEqual([one.reported, other.reported], [[], []]);
  });

  it('find an agent by its name while that is enough, by its id always', async () => {
    const [one, other] = makePair();
    const here = one.open();
    const only = other.register('critic', []);
    const both = [one.register('coder', []), other.register('coder', [])];
    meetAll(one, other);
    await settle();
    assert.equal(here.find('critic').id, only);
    assert.equal(here.find(only.slice(0, -4)).id, only);
    assert.throws(() => here.find('nobody'), { name: 'not-found' });
    assert.throws(
      () => here.find('coder'),
      (thrown: { name: string; details: object }) => {
        assert.equal(thrown.name, 'ambiguous-id');
        assert.deepEqual(thrown.details, { candidates: both.toSorted() });
        return true;
      },
    );
    await here.close();
  });

  it('see who drains, and who has retired no more', async () => {
    const [one, other] = makePair();
    const [here, there] = [one.open(), other.open()];
    const id = other.register('coder', ['review']);
    meetAll(one, other);
    await passAll(6_000, one, other);
    other.announce({ draining: true });
    meetAll(one, other);
    await settle();
    assert.equal(here.node(other.key)?.presence, 'draining');
    assert.equal(here.agent(id)?.presence, 'draining');
    const data = { reason: 'done' };
    other.node.store('test.state', [{ type: 'agent.retired', subject: `agent/${id}`, data }]);
    meetAll(one, other);
    await settle();
    assert.deepEqual(here.agents({ skill: 'review' }), []);
    assert.equal(here.agents({ withRetired: true }).length, 1);
    for (const registry of [here, there]) await registry.close();
  });
});

describe('a node that falls silent', () => {
  it('is late, then lost, on the record too; its agents keep their cards', async () => {
    const [one, other] = makePair();
    const [here, there] = [one.open(), other.open()];
    const id = other.register('coder', ['review']);
    meetAll(one, other);
    await passAll(10_000, one, other);
    await there.close();
    await passAll(30_000, one);
    assert.equal(here.node(other.key)?.presence, 'late');
    await passAll(60_000, one);
    assert.equal(here.node(other.key)?.presence, 'lost');
    assert.equal(here.agent(id)?.presence, 'lost');
    assert.equal(here.agents({ skill: 'review' }).length, 1);
    assert.deepEqual(notesOf(one), [
      ['lost', 'alive'],
      ['alive', 'late'],
      ['late', 'lost'],
    ]);
    assert.deepEqual(notesOf(other), [['lost', 'alive']]);
    await here.close();
  });

  it('is no news for who starts anew and finds it as it was', async () => {
    const [one, other] = makePair();
    const here = one.open();
    await passAll(5_000, one);
    const there = other.open();
    await passAll(10_000, one, other);
    await there.close();
    await passAll(120_000, one);
    await here.close();
    const before = notesOf(one).length;
    const reader = makeLedgerReader(one.node.database);
    assert.deepEqual([...recordedPresence(reader, one.key)], [[other.key, 'lost']]);
    const again = one.open();
    assert.equal(again.node(other.key)?.presence, 'late');
    await passAll(120_000, one);
    assert.equal(again.node(other.key)?.presence, 'lost');
    assert.equal(notesOf(one).length, before);
    await again.close();
  });

  it('is late at once when its link closes, and back with the next sign', async () => {
    const [one, other] = makePair();
    const [here, there] = [one.open(), other.open()];
    await passAll(10_000, one, other);
    here.linkDown(other.key);
    assert.equal(here.node(other.key)?.presence, 'late');
    here.linkUp(other.key);
    assert.equal(here.node(other.key)?.presence, 'alive');
    here.linkDown(other.key);
    await passAll(6_000, one, other);
    assert.equal(here.node(other.key)?.presence, 'alive');
    here.linkUp('f'.repeat(64));
    assert.equal(here.node('f'.repeat(64)), undefined);
    for (const registry of [here, there]) await registry.close();
  });
});

describe('heartbeats', () => {
  it('of a node that was removed count no more', async () => {
    const [one, other] = makePair();
    const [here, there] = [one.open(), other.open()];
    const id = other.register('coder', ['review']);
    meetAll(one, other);
    await passAll(6_000, one, other);
    assert.equal(here.agents({ skill: 'review' }).length, 1);
    const data = { key: other.key };
    const removed = [{ type: 'space.member-removed', subject: `space/${SPACE}`, data }];
    one.node.store('test.state', removed);
    one.ring();
    await passAll(6_000, one, other);
    assert.equal(here.node(other.key), undefined);
    assert.equal(here.agent(id), undefined);
    assert.ok((here.stats().dropped['not-member'] ?? 0) > 0);
    for (const registry of [here, there]) await registry.close();
  });

  it('with a clock that is off are dropped and counted, unless a link has measured it', async () => {
    const offMs = 600_000;
    for (const clockOf of [undefined, () => offMs]) {
      const [one, other] = makePair();
      other.time.wallOffMs += offMs;
      const here = one.open(clockOf === undefined ? {} : { clockOf });
      const there = other.open();
      await passAll(11_000, one, other);
      const seen = here.node(other.key)?.presence;
      assert.equal(seen, clockOf === undefined ? 'late' : 'alive');
      const dropped = here.stats().dropped['clock-off'] ?? 0;
      assert.equal(dropped > 0, clockOf === undefined);
      for (const registry of [here, there]) await registry.close();
    }
  });

  it('of 10,000 agents fit, and who comes later or misses some is told again', async () => {
    const carrier = makeCarrier();
    const [one, other] = makePair(carrier);
    const names = Array.from({ length: 10_000 }, (_, index) => `worker-${index}`);
    for (const name of names) {
      other.agents.set(name, { name, state: 'at work', waiting: 2, inFlight: 1 });
    }
    const events = names.map((name) => ({
      type: 'agent.registered',
      subject: `agent/${agentId(name, other.key)}`,
      data: { role: 'coder', skills: ['review'], topics: [] },
    }));
    other.node.store('test.state', events);
    meetAll(one, other);
    const sizes: number[] = [];
    carrier.connect().subscribe(signalSubject(SPACE, HEARTBEAT_SIGNAL), (message) => {
      sizes.push(Buffer.byteLength(JSON.stringify(message)));
    });
    const there = other.open();
    await passAll(15_000, one, other);
    assert.ok(Math.max(...sizes) < 64 * 1024, `${Math.max(...sizes)} bytes`);
    const atFirst = sizes.length;
    assert.ok(Math.min(...sizes.slice(-2)) < 1_024, 'what did not change is not told again');
    // It was not there when all were told.
    const here = one.open();
    await passAll(16_000, one, other);
    const seen = here.agents({ skill: 'review' });
    assert.equal(seen.length, 10_000);
    assert.ok(seen.every(({ state, waiting }) => state === 'at work' && waiting === 2));
    assert.ok(sizes.length > atFirst + 8, 'all were told again');
    assert.equal(here.stats().dropped['too-many'], undefined);
    for (const registry of [here, there]) await registry.close();
  });

  it('are not sent, nor needed, by a node that is alone', async () => {
    const alone = makeRegistryNode(makeCarrier(), 7);
    const registry = alone.open({}, true);
    alone.announce();
    const id = alone.register('coder', ['review']);
    alone.agents.set('coder', { name: 'coder', state: 'away', waiting: 1, inFlight: 0 });
    await passAll(2_000, alone);
    assert.equal(registry.agent(id)?.presence, 'late');
    assert.equal(registry.node(alone.key)?.presence, 'alive');
    assert.deepEqual([notesOf(alone), registry.stats().beatsSent], [[], 0]);
    assert.equal(alone.time.armed, 0, 'it needs no timer');
    await registry.close();
  });
});

describe('a third node', () => {
  it('that is admitted while the others are at work is seen', async () => {
    const carrier = makeCarrier();
    const [one, other] = makePair(carrier);
    const [here, there] = [one.open(), other.open()];
    const third = makeRegistryNode(carrier, 3, one.key);
    const its = third.open();
    await passAll(6_000, one, other, third);
    assert.equal(here.nodes().length, 2);
    assert.ok((here.stats().dropped['not-member'] ?? 0) > 0, 'it is no member yet');
    admit(one.node, third.node);
    meetAll(one, third);
    third.announce();
    for (const peer of [one, other]) meetAll(peer, third);
    await passAll(6_000, one, other, third);
    for (const registry of [here, there, its]) {
      assert.deepEqual(
        registry.nodes().map(({ presence }) => presence),
        ['alive', 'alive', 'alive'],
      );
      await registry.close();
    }
  });
});
