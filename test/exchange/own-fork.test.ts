/** A node that went on with an older copy and finds out by itself leaves the chain that forked. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openLedgerDatabase } from '#ledger/store/database.ts';
import { note } from '../support/test-ledger.ts';
import { admit, makeTestNode, meet, nextPage } from '../support/test-nodes.ts';

describe('a node that is shown that its own chain forked', () => {
  it('says so in a new chain, and all come to the same', () => {
    const owner = makeTestNode({ seed: 1 });
    const founder = owner.signer.key;
    const node = makeTestNode({ founder, seed: 3 });
    admit(owner, node);
    meet(owner, node);
    node.store('note.record', note('before'));
    const copy = node.database.serialize();
    node.store('note.record', note('lost'));
    meet(owner, node);
    const database = openLedgerDatabase(':memory:');
    database.deserialize(copy);
    const restored = makeTestNode({ database, signer: node.signer, founder, seed: 5, epoch: 2 });
    restored.store('note.record', note('instead'));
    const chain = String(node.core.head?.chain);
    const page = nextPage(owner, makeTestNode({ founder }), chain);
    assert.ok(page !== undefined);
    assert.equal(restored.take(page).type, 'forked');
    assert.deepEqual(Object.keys(restored.space().forks), [chain]);
    assert.notEqual(restored.core.head?.chain, chain);
    meet(owner, restored);
    assert.equal(owner.stateHash(), restored.stateHash());
    assert.equal(restored.stateHash(), restored.foldedHash());
  });
});
