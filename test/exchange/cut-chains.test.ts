/** Who has built on what does not count any more is taken all the same: nobody passes that on. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Page } from '#ledger/ledger.ts';
import { note, SPACE } from '../support/test-ledger.ts';
import { admit, makeTestNode, meet, nextPage, pull, type TestNode } from '../support/test-nodes.ts';

interface Stage {
  readonly owner: TestNode;
  readonly leaving: TestNode;
  /** What another member wrote after it had seen more of the leaving one than the owner has. */
  readonly page: Page;
}

function stage(): Stage {
  const owner = makeTestNode({ seed: 1 });
  const founder = owner.signer.key;
  const [leaving, staying] = [
    makeTestNode({ founder, seed: 3 }),
    makeTestNode({ founder, seed: 5 }),
  ];
  for (const node of [leaving, staying]) admit(owner, node);
  for (const node of [leaving, staying]) meet(owner, node);
  leaving.store('note.record', note('seen by all'));
  pull(leaving, owner);
  leaving.store('note.record', note('seen by one'));
  pull(leaving, staying);
  staying.store('note.record', note('after it'));
  const { chain } =
    staying.chains.heads().find(({ author }) => author === staying.signer.key) ?? {};
  return { owner, leaving, page: nextPage(staying, owner, chain ?? '') as Page };
}

/** The member is removed; with `counting` up to what the owner has of it. */
function remove({ owner, leaving }: Stage, counting: boolean): void {
  const head = owner.chains.heads().find(({ author }) => author === leaving.signer.key);
  const cut = { chain: head?.chain, seq: head?.seq, hash: head?.hash };
  const data = { key: leaving.signer.key, ...(counting ? { cut } : {}) };
  const event = { type: 'space.member-removed', subject: `space/${SPACE}`, data };
  owner.store('test.state', [event]);
}

describe('a page that builds on commits of a removed member', () => {
  it('waits for them while they count', () => {
    const { owner, page } = stage();
    assert.equal(owner.take(page).type, 'waits');
  });

  for (const counting of [true, false]) {
    it(`is taken when ${counting ? 'they are beyond its cut' : 'nothing of it counts'}`, () => {
      const made = stage();
      remove(made, counting);
      assert.equal(made.owner.take(made.page).type, 'taken');
      assert.equal(made.owner.stateHash(), made.owner.foldedHash());
    });
  }
});
