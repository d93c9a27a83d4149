/** Whatever the network does, nodes that meet come to hold the same history. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SyncNews } from '#sync/sync.ts';
import { makeRandom, seededFor } from '../support/seeded-random.ts';
import { makeNet, type Net, type SyncNode } from './sync-nodes.ts';

const nodeOf = (net: Net, index: number): SyncNode => net.nodes[index] as SyncNode;

const sentPages = (news: readonly SyncNews[]): number =>
  news.filter(({ type }) => type === 'sent').length;

describe('nodes on a calm network', () => {
  it('link, and have what was written before and after', async (context) => {
    const net = makeNet({ nodes: 3, random: seededFor(context) });
    nodeOf(net, 0).write('before');
    nodeOf(net, 1).write('before');
    await net.time.until(net.isSame);
    nodeOf(net, 2).write('after');
    await net.time.until(net.isSame, 1_000);
    await net.close();
  });

  it('send what they write in one hop, without being asked, and hear that it is durable', async (context) => {
    const faults = { delayMs: [10, 10], loss: 0, double: 0, overtaking: false } as const;
    const net = makeNet({ nodes: 3, random: seededFor(context), faults, limits: { roundMs: 1e9 } });
    await net.time.until(net.isSame);
    await net.time.pass(1_000);
    const writer = nodeOf(net, 1);
    writer.write('news');
    const { chain, seq } = writer.ledger.core.head ?? { chain: '', seq: 0 };
    assert.deepEqual(writer.space.strengthOf(chain, seq), { type: 'local-fsync' });
    await net.time.pass(11);
    assert.ok(net.isSame(), 'one way is enough');
    assert.deepEqual(writer.space.strengthOf(chain, seq), { type: 'local-fsync' });
    await net.time.pass(11);
    assert.deepEqual(writer.space.strengthOf(chain, seq), { type: 'k-replicas', replicas: 2 });
    assert.deepEqual(writer.space.strengthOf(chain, seq + 1), { type: 'local-fsync' });
    assert.equal(writer.space.acked(nodeOf(net, 0).ledger.signer.key)[chain], seq);
    assert.equal(sentPages(writer.news), 1);
    assert.equal(
      sentPages(nodeOf(net, 0).news) + sentPages(nodeOf(net, 2).news),
      0,
      'nobody sends it on',
    );
    await net.close();
  });

  it('reach each other by way of one that is linked to both, at once', async (context) => {
    const dials = (node: number): number[] => (node === 0 ? [] : [0]);
    const net = makeNet({ nodes: 4, random: seededFor(context), dials, limits: { roundMs: 1e9 } });
    await net.time.until(net.isSame);
    await net.time.pass(1_000);
    nodeOf(net, 3).write('news');
    await net.time.until(net.isSame, 50);
    await net.close();
  });

  it('keep one link when both dial, and dial again when it is gone', async (context) => {
    const dials = (node: number): number[] => [1 - node];
    const net = makeNet({ nodes: 2, random: seededFor(context), dials });
    await net.time.pass(60_000);
    for (const { sync } of net.nodes) assert.equal(sync.status().peers.length, 1);
    const links = net.nodes.map(({ news }) => news.filter(({ type }) => type === 'linked').length);
    assert.ok(Math.max(...links) <= 3, `it settles: ${links}`);
    nodeOf(net, 0).sync.peer(nodeOf(net, 1).ledger.signer.key)?.close('for a test');
    await net.time.pass(100);
    nodeOf(net, 0).write('again');
    await net.time.until(net.isSame);
    await net.close();
  });

  it('take a long talk in the order in which it was held, also who comes late', async (context) => {
    const dials = (node: number): number[] => (node === 1 ? [0] : []);
    const net = makeNet({ nodes: 3, random: seededFor(context), dials });
    const [one, two, late] = net.nodes as [SyncNode, SyncNode, SyncNode];
    await net.time.pass(1_000);
    for (let turn = 0; turn < 150; turn += 1) {
      (turn % 2 === 0 ? one : two).write(`turn ${turn}`);
      await net.time.pass(1);
    }
    late.sync.reach(one.name);
    await net.time.until(net.isSame, 10_000);
    assert.deepEqual(late.sync.status().refused, {});
    await net.close();
  });

  it('fetch blobs by hash, from whoever has them', async (context) => {
    const net = makeNet({ nodes: 3, random: seededFor(context) });
    await net.time.pass(1_000);
    const content = Buffer.alloc(5 << 20, 'a blob of several ranges ');
    const hash = 'ab'.repeat(32);
    const real = (await import('#lib/sha256.ts')).sha256(content);
    nodeOf(net, 2).blobs.set(real, content);
    const asked = nodeOf(net, 0).space.blob(real);
    await net.time.pass(1_000);
    assert.ok((await asked).equals(content));
    const missing = assert.rejects(nodeOf(net, 0).space.blob(hash), { name: 'blob-missing' });
    await net.time.pass(1_000);
    await missing;
    // One that lies about the content is not believed, and it is held against it.
    nodeOf(net, 1).blobs.set(hash, Buffer.from('something else'));
    const lied = assert.rejects(nodeOf(net, 0).space.blob(hash), { name: 'blob-missing' });
    await net.time.pass(1_000);
    await lied;
    assert.equal(nodeOf(net, 0).sync.status().refused['blob-wrong'], 1);
    await net.close();
  });
});

describe('nodes on a network that cuts, loses, doubles and reorders, and that crash', () => {
  it('reach the same state', async (context) => {
    const { seed } = seededFor(context);
    for (let round = 0; round < 8; round += 1) {
      context.diagnostic(`round ${round}`);
      await roughRound(seed + round);
    }
  });
});

async function roughRound(seed: number): Promise<void> {
  const random = makeRandom(seed);
  const nodes = 3 + random.below(3);
  const isRough = random.below(3) > 0;
  const faults = {
    delayMs: [0, 1 + random.below(400)] as const,
    loss: isRough ? random.below(20) / 100 : 0,
    double: isRough ? random.below(20) / 100 : 0,
    overtaking: isRough,
  };
  const net = makeNet({ nodes, random, faults });
  for (let step = 0; step < 80; step += 1) {
    const node = random.pick(net.nodes);
    const other = random.pick(net.nodes);
    const what = random.below(20);
    if (what < 12) node.write(`step ${step}`);
    else if (what < 15 && node !== other) net.network.cut(node.name, other.name);
    else if (what < 17) net.network.heal();
    else if (what < 18) {
      node.crash();
      await net.time.pass(random.below(2_000));
      node.restart();
    }
    await net.time.pass(random.below(700));
  }
  net.network.heal();
  try {
    await net.time.until(net.isSame);
  } catch (cause) {
    const states = net.nodes.map(({ name, sync }) => ({ name, ...sync.status() }));
    throw new Error(`seed ${seed}: ${JSON.stringify(states, null, 1)}`, { cause });
  }
  const refused = net.nodes.map(({ sync }) => sync.status().refused);
  for (const counts of refused) assert.deepEqual(counts, {}, `seed ${seed}: nobody did wrong`);
  for (const { ledger } of net.nodes) assert.equal(ledger.foldedHash(), ledger.stateHash());
  await net.close();
}
