/** A hub with two edges that only dial out: they see each other through it, also after it was away. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { ListedAgent } from '#api/bus-door.ts';
import { becomes } from '../bus-cli/bus-home.ts';
import { agree, linked, openListening, openNetNode, type NetNode } from './net-node.ts';
import { cameOnce, recordedOnce, startReader, startSender } from './traffic.ts';

const COUNT = 60;

describe('a star of three homes', () => {
  let hub: NetNode;
  let left: NetNode;
  let right: NetNode;
  let space = '';

  before(async () => {
    hub = await openListening('hub');
    [left, right] = await Promise.all([openNetNode('left'), openNetNode('right')]);
    for (const edge of [left, right]) {
      await edge.up('--name', edge.name, '--peer', hub.address);
      const [invited] = await hub.data<{ code: string; space: string }>('invite');
      await edge.ok('join', invited?.code ?? '', '--default');
      space = invited?.space ?? '';
    }
    await left.ok('agents', 'add', 'lea');
    await right.ok('agents', 'add', 'rob');
    await agree([hub, left, right]);
  });

  const presenceOf = async (node: NetNode, name: string): Promise<string | null | undefined> =>
    (await node.data<ListedAgent>('agents')).find((agent) => agent.name === name)?.presence;

  it('shows each edge the agents of the other one, alive', async () => {
    await becomes('left sees rob', async () => (await presenceOf(left, 'rob')) === 'alive');
    await becomes('right sees lea', async () => (await presenceOf(right, 'lea')) === 'alive');
    // They have no way to each other but the hub.
    for (const edge of [left, right]) {
      const { network } = await edge.status();
      assert.deepEqual(network.listening, []);
      assert.deepEqual(
        network.sync?.peers.map(({ peer }) => peer),
        [(await hub.status()).key],
      );
    }
  });

  it('carries questions and answers through the hub', async () => {
    const handler = right.start([
      'watch',
      '--as',
      'rob',
      '--once',
      '--exec',
      'cat > /dev/null; echo yes',
    ]);
    const answer = await left.ok('request', 'rob', 'there?', '--as', 'lea', '--timeout', '30s');
    assert.match(answer, /yes/u);
    assert.equal((await handler.ended).code, 0);
  });

  it('loses nothing while the hub is killed and comes back, and tells that others are away', async () => {
    const readers = [startReader(left, 'lea'), startReader(right, 'rob')] as const;
    const senders = [
      startSender(left, { from: 'lea', to: 'rob', count: COUNT }),
      startSender(right, { from: 'rob', to: 'lea', count: COUNT }),
    ] as const;
    await becomes('some are sent', async () => senders.every((each) => each.sent() > COUNT / 4));
    await hub.kill();
    await Promise.all(senders.map(({ done }) => done));
    const { network } = await left.status();
    assert.deepEqual(network.sync?.peers, []);
    assert.match(network.sync?.addresses[0]?.problem ?? '', /Cannot/u);
    await hub.up();
    await linked(hub, 2);
    await Promise.all(readers.map((reader) => cameOnce(reader, 1, COUNT)));
    await Promise.all(readers.map(({ stop }) => stop()));
    await agree([hub, left, right]);
    await recordedOnce(hub, space, 2 * COUNT + 2, /^(?:lea|rob)@/u);
  });
});
