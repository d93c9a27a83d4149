/** Records in files, writers in threads, real sockets: the same as in the simulation. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { note } from '../support/test-ledger.ts';
import { openRealNode, type RealNode } from './real-nodes.ts';

const headsOf = ({ ledger }: RealNode): string[] =>
  ledger.exchange
    .heads()
    .map(({ chain, seq, hash }) => `${chain} ${seq} ${hash}`)
    .toSorted();

async function until(is: () => boolean): Promise<void> {
  while (!is()) await sleep(5);
}

describe('two nodes with real records, over WebSockets', () => {
  it('catch up, push, fetch blobs, and come to the same state', async () => {
    const owner = await openRealNode();
    const joined = await openRealNode(owner.signer.key);
    const nodes = [owner, joined];
    await owner.run('space.admit', { key: joined.signer.key, role: 'writer' });
    await Promise.all(
      Array.from({ length: 3_000 }, (_, index) => owner.run('note.record', note(`${index}`))),
    );
    const content = Buffer.alloc(3 << 20, 'long ');
    const { hash } = await owner.ledger.blobs.put(content);
    joined.sync.reach(owner.address);
    const isSame = (): boolean => headsOf(owner).join() === headsOf(joined).join();
    await until(isSame);
    const receipts = await Promise.all(
      nodes.map((node) => node.run('note.record', note('at once'))),
    );
    await until(isSame);
    assert.ok((await joined.space.blob(hash)).equals(content));
    assert.ok(joined.ledger.exchange.hasBlob(hash));
    const { chain = '' } =
      joined.ledger.exchange.heads().find(({ author }) => author === joined.signer.key) ?? {};
    const seq = receipts[1]?.seq ?? 0;
    await until(() => joined.space.strengthOf(chain, seq).type === 'k-replicas');
    for (const { sync } of nodes) assert.deepEqual(sync.status().refused, {});
    const states = nodes.map(({ ledger }) => ledger.read.entities('space'));
    assert.deepEqual(states[0], states[1]);
    await Promise.all(nodes.map((node) => node.close()));
  });
});
