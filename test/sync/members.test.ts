/** Members that come and go while the others are linked, or are not. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededFor } from '../support/seeded-random.ts';
import { makeNet, type SyncNode } from './sync-nodes.ts';

const chainOf = ({ ledger }: SyncNode): { chain: string; seq: number; hash: string } =>
  ledger.core.head ?? { chain: '', seq: 0, hash: '' };

describe('a member that is removed', () => {
  it('counts up to its cut, everywhere, though somebody who did not know passed on more', async (context) => {
    const net = makeNet({ nodes: 3, random: seededFor(context) });
    const [owner, relay, leaver] = net.nodes as [SyncNode, SyncNode, SyncNode];
    leaver.write('counts');
    await net.time.until(net.isSame);
    const cut = chainOf(leaver);
    net.network.cut(owner.name, relay.name);
    net.network.cut(owner.name, leaver.name);
    owner.ledger.store('space.remove', { key: leaver.ledger.signer.key, cut });
    owner.ring();
    for (let index = 0; index < 30; index += 1) leaver.write(`too late ${index}`);
    await net.time.pass(2_000);
    const isPassedOn = relay.ledger.chains
      .heads()
      .some(({ chain, seq }) => chain === cut.chain && seq > cut.seq);
    assert.ok(isPassedOn, 'the relay believed it');
    net.network.heal();
    const isAgreed = (): boolean => {
      const states = [owner, relay].map(
        ({ ledger }) => ledger.stateHash() + JSON.stringify(ledger.chains.heads()),
      );
      return states[0] === states[1];
    };
    await net.time.until(isAgreed);
    for (const { ledger } of [owner, relay]) {
      assert.equal(ledger.chains.heads().find(({ chain }) => chain === cut.chain)?.seq, cut.seq);
      assert.equal(ledger.foldedHash(), ledger.stateHash());
    }
    await net.time.pass(120_000);
    assert.ok(!owner.news.some(({ type }) => type === 'barred'), 'the relay did nothing wrong');
    for (const node of [owner, relay]) {
      assert.equal(node.sync.status().peers.length, 1, 'the removed one is linked to nobody');
    }
    owner.write('goes on');
    await net.time.until(isAgreed, 1_000);
    await net.close();
  });
});

describe('a node that is not a member yet', () => {
  it('gets in by itself once it was admitted', async (context) => {
    const net = makeNet({ nodes: 2, random: seededFor(context), isMember: () => false });
    const [owner, late] = net.nodes as [SyncNode, SyncNode];
    await net.time.pass(60_000);
    assert.equal(owner.sync.status().peers.length, 0);
    assert.match(late.sync.status().addresses[0]?.problem ?? '', /nothing-shared/);
    assert.equal(late.ledger.chains.heads().length, 0);
    owner.ledger.store('space.admit', { key: late.ledger.signer.key, role: 'writer' });
    owner.ring();
    await net.time.until(() => owner.sync.status().peers.length === 1);
    await net.time.until(net.isSame, 10_000);
    late.write('here I am');
    await net.time.until(net.isSame, 1_000);
    await net.close();
  });
});
