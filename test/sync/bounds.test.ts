/** What a slow, stopped or silent peer costs, and that the rounds and retries matter: their twins. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { makeRandom, seededFor } from '../support/seeded-random.ts';
import { SPACE } from '../support/test-ledger.ts';
import { admit, makeTestNode, pull } from '../support/test-nodes.ts';
import { makeNet, type Net, type SyncNode } from './sync-nodes.ts';

const nodeOf = (net: Net, index: number): SyncNode => net.nodes[index] as SyncNode;

describe('a peer that handles nothing it is sent', () => {
  it('costs a bounded amount, and slows nobody', async (context) => {
    const random = seededFor(context);
    const queuedBytes = 64 << 10;
    const net = makeNet({ nodes: 2, random, linkLimits: { queuedBytes } });
    const owner = nodeOf(net, 0);
    const frozen = makeTestNode({
      seed: random.below(1e9),
      clock: owner.ledger.clock,
      founder: owner.ledger.signer.key,
    });
    admit(owner.ledger, frozen);
    pull(owner.ledger, frozen);
    owner.ring();
    const hello = {
      timers: net.time,
      random: makeRandom(random.below(1e9)).fill,
      signer: frozen.signer,
      software: 'frozen',
      spacesFor: () => [SPACE],
      limits: { served: 4 },
    };
    net.network.attach({ address: 'frozen', hello, accept: () => undefined });
    const dialled = net.network.dial('frozen', owner.name);
    await net.time.pass(100);
    const link = await dialled;
    // It listens long enough to be known, and then to nothing any more.
    link.serve((method) =>
      method === 'sync.heads'
        ? { params: { space: SPACE, heads: frozen.chains.heads() } }
        : new Promise(() => undefined),
    );
    await net.time.pass(1_000);
    const text = 'x'.repeat(3_000);
    let slowest = 0;
    for (let index = 0; index < 100; index += 1) {
      owner.write(`${index} ${text}`);
      slowest = Math.max(slowest, await net.time.until(net.isSame, 5_000));
    }
    assert.ok(slowest <= 50, `the other one waited ${slowest} ms`);
    const sent = owner.news.reduce((sum, each) => sum + (each.type === 'sent' ? each.bytes : 0), 0);
    // Everything went to the one that reads, and little more than the bound to the one that doesn't.
    const once = 100 * 3_600;
    assert.ok(sent > 100 * 3_000 && sent < once + 3 * queuedBytes, `${sent} bytes were sent`);
    const lag = owner.sync
      .status()
      .spaces[0]?.chains.find(({ chain }) => chain === owner.ledger.core.head?.chain);
    assert.ok((lag?.lag[frozen.signer.key] ?? 0) >= 90, 'the lag is told by our own count');
    link.close('the test is over');
    await net.close();
  });
});

describe('what got lost on the way', () => {
  const lose = async (net: Net): Promise<void> => {
    await net.time.until(net.isSame);
    await net.time.pass(1_000);
    // Shorter than the silence that would end the link: nobody notices that anything is missing.
    net.network.cut('node-0', 'node-1');
    nodeOf(net, 0).write('lost');
    await net.time.pass(1_000);
    net.network.heal();
  };
  const faults = { delayMs: [0, 5], loss: 0, double: 0, overtaking: true } as const;

  it('is found in the next round', async (context) => {
    const net = makeNet({ nodes: 2, random: seededFor(context), faults });
    await lose(net);
    await net.time.until(net.isSame, 10_000);
    await net.close();
  });

  it('is never found without rounds (the twin)', async (context) => {
    const net = makeNet({ nodes: 2, random: seededFor(context), faults, limits: { roundMs: 1e9 } });
    await lose(net);
    await net.time.pass(600_000);
    assert.ok(!net.isSame());
    // It is not stuck either: the next thing that is written brings it along.
    nodeOf(net, 0).write('next');
    await net.time.until(net.isSame, 1_000);
    await net.close();
  });
});

describe('a link that is gone', () => {
  const counts = (node: SyncNode, type: string): number =>
    node.news.filter((each) => each.type === type).length;

  it('is tried again for ever, less and less often, and at once when woken', async (context) => {
    const net = makeNet({ nodes: 2, random: seededFor(context) });
    await net.time.pass(1_000);
    nodeOf(net, 0).crash();
    await net.time.pass(60_000);
    const [first] = [counts(nodeOf(net, 1), 'unreached')];
    await net.time.pass(3_600_000);
    const perHour = counts(nodeOf(net, 1), 'unreached') - first;
    assert.ok(perHour > 60 && perHour < 1_000, `${perHour} tries an hour`);
    const [address] = nodeOf(net, 1).sync.status().addresses;
    assert.match(address?.problem ?? '', /nobody answers/);
    nodeOf(net, 0).restart();
    nodeOf(net, 1).sync.wake();
    await net.time.pass(200);
    assert.equal(nodeOf(net, 1).sync.status().peers.length, 1);
    await net.close();
  });

  it('while the machine slept is noticed when its clock says so', async (context) => {
    const net = makeNet({ nodes: 2, random: seededFor(context) });
    await net.time.pass(1_000);
    net.network.cut('node-0', 'node-1');
    net.time.jump(3_600_000);
    // One round and the time to answer; by silence alone it would take twenty seconds, see below.
    await net.time.pass(11_000);
    assert.equal(counts(nodeOf(net, 1), 'unlinked'), 1);
    net.network.heal();
    await net.time.until(() => nodeOf(net, 1).sync.status().peers.length === 1);
    await net.close();
  });

  it('without a word is noticed: by silence, and soon after waking up', async (context) => {
    const net = makeNet({ nodes: 2, random: seededFor(context) });
    await net.time.pass(1_000);
    net.network.cut('node-0', 'node-1');
    await net.time.pass(15_000);
    assert.equal(counts(nodeOf(net, 1), 'unlinked'), 0);
    await net.time.pass(11_000);
    assert.equal(counts(nodeOf(net, 1), 'unlinked'), 1);
    net.network.heal();
    await net.time.pass(31_000);
    assert.equal(nodeOf(net, 1).sync.status().peers.length, 1);
    net.network.cut('node-0', 'node-1');
    nodeOf(net, 1).sync.wake();
    await net.time.pass(4_000);
    assert.equal(counts(nodeOf(net, 1), 'unlinked'), 2);
    await net.close();
  });
});
