/** What a member may do to the chains of others: nothing. Each attack has the honest twin beside it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Page } from '#ledger/ledger.ts';
import { makeSigner, type Signer } from '#identity/signer.ts';
import { commitId } from '#ledger/store/commit-writer.ts';
import { signedBytes } from '#protocol/commit.ts';
import type { NewSkeinEvent } from '#protocol/event-types.ts';
import { note, SPACE } from '../support/test-ledger.ts';
import { admit, linesOf, makeTestNode, pull, type TestNode } from '../support/test-nodes.ts';
import { damageOf } from './damage.ts';
import { chainName, liarChain, pageOf, unsigned } from './liar.ts';
import { keyOfSeed, signWithNonce } from './second-signature.ts';

const START_MS = Date.UTC(2026, 10, 21);

let seed = 500;
function spaceOf(
  signer?: Signer,
): [owner: TestNode, honest: TestNode, witness: TestNode, liar: TestNode] {
  const make = (founder?: string, own?: Signer): TestNode =>
    makeTestNode({
      seed: (seed += 3),
      clock: { ms: START_MS },
      ...(founder === undefined ? {} : { founder }),
      ...(own === undefined ? {} : { signer: own }),
    });
  const owner = make();
  const others = [undefined, undefined, signer].map((own) => make(owner.signer.key, own)) as [
    TestNode,
    TestNode,
    TestNode,
  ];
  for (const node of others) admit(owner, node);
  for (const node of others) pull(owner, node);
  return [owner, ...others];
}

const asText = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const remark = (detail: string): NewSkeinEvent => note(detail) as NewSkeinEvent;
const allOf = (node: TestNode, chain = node.core.head?.chain ?? ''): Page =>
  node.chains.page(chain, 0, 1e6) as Page;

describe('a fork that a member claims', () => {
  it('can not be of a chain that is not its own', () => {
    const [owner, honest, witness, liar] = spaceOf();
    honest.store('note.record', note('mine'));
    const { chain } = honest.core.head as { chain: string };
    const [one, other] = [0, 1].map((which) => liarChain(liar, chain).next([remark(`${which}`)]));
    const proof = [one, other].map((commit) => ({
      header: asText(commit?.header as Uint8Array),
      signature: asText(commit?.signature as Uint8Array),
    }));
    const [first, second] = proof as [(typeof proof)[number], (typeof proof)[number]];
    const data = { author: liar.signer.key, chain, seq: 1, first, second };
    const claim = liarChain(liar, chainName(liar, 'e')).next([
      { type: 'chain.forked', subject: `space/${SPACE}`, data },
    ]);
    for (const node of [owner, witness]) {
      assert.throws(() => node.take(pageOf(claim)), { name: 'page-refused' });
      assert.equal(node.take(allOf(honest)).type, 'taken');
      assert.equal(node.space().forks[chain], undefined);
    }
  });

  it('is proven to everybody also when one header was signed in two ways', () => {
    const key = keyOfSeed(Buffer.alloc(32, 7));
    const [owner, , witness, liar] = spaceOf(makeSigner(key));
    const lies = liarChain(liar, chainName(liar, 'a'));
    const one = lies.next([remark('x')]);
    const signature = signWithNonce(key, signedBytes(one.header), Buffer.alloc(32, 9));
    const other = { ...one, signature };
    assert.notEqual(commitId(one.header, signature), commitId(one.header, one.signature));
    assert.equal(owner.take(pageOf(one)).type, 'taken');
    assert.equal(owner.take(pageOf(other)).type, 'forked');
    assert.equal(witness.take(pageOf(other)).type, 'taken');
    owner.store('note.record', note('after'));
    pull(owner, witness);
    assert.equal(witness.space().forks[lies.chain], 1);
    assert.deepEqual(linesOf(witness), linesOf(owner));
  });
});

describe('the name of a chain', () => {
  it('can not be taken by another member where its own commits have not arrived yet', () => {
    const [owner, honest, witness, liar] = spaceOf();
    honest.store('note.record', note('mine'));
    const { chain } = honest.core.head as { chain: string };
    const squatter = pageOf(liarChain(liar, chain).next([remark('yours')]));
    assert.throws(() => witness.take(squatter), { name: 'page-refused' });
    for (const node of [owner, witness]) assert.equal(node.take(allOf(honest)).type, 'taken');
    assert.deepEqual(linesOf(witness), linesOf(owner));
  });
});

describe('a record with chains that a member began without a word', () => {
  it('is not damaged by them', () => {
    const [owner, , , liar] = spaceOf();
    for (const last of ['a', 'b', 'c']) {
      try {
        owner.take(pageOf(liarChain(liar, chainName(liar, last)).next([remark(last)])));
      } catch (thrown) {
        assert.equal((thrown as Error).name, 'page-refused');
      }
    }
    assert.deepEqual(damageOf(owner), []);
  });
});

describe('a commit in the middle of a page that nobody signed', () => {
  // Passed on with a page that ends there it would be refused, and who passed it on blamed; and nobody
  // could prove that there is another one in its place.
  it('is refused, though the last signature vouches for it', () => {
    const [owner, , , liar] = spaceOf();
    const lies = liarChain(liar, chainName(liar, 'a'));
    const signed = lies.next([remark('1')]);
    const bad = unsigned(signed);
    lies.follow(commitId(bad.header, bad.signature));
    assert.throws(() => owner.take(pageOf(bad, lies.next([remark('2')]))), {
      name: 'page-refused',
    });
    lies.follow(commitId(signed.header, signed.signature));
    assert.equal(owner.take(pageOf(signed)).type, 'taken');
  });
});

describe('what a commit builds on', () => {
  it('names each chain once', () => {
    const [owner, , , liar] = spaceOf();
    const { chain, seq } = owner.core.head as { chain: string; seq: number };
    const point = { author: owner.signer.key, chain, seq };
    const honest = liarChain(liar, chainName(liar, 'a')).next([remark('x')], { seen: [point] });
    const greedy = liarChain(liar, chainName(liar, 'a')).next([remark('x')], {
      seen: Array.from({ length: 20_000 }, () => point),
    });
    assert.throws(() => owner.take(pageOf(greedy)), { name: 'page-refused' });
    assert.equal(owner.take(pageOf(honest)).type, 'taken');
  });
});

describe('the highest id of all', () => {
  it('is refused or taken like any other, and no mishap', () => {
    const [owner, , , liar] = spaceOf();
    const lies = liarChain(liar, chainName(liar, 'a'));
    const commit = lies.next([remark('x')], { id: 'ffffffff-ffff-7fff-bfff-fffffffffffe' });
    const { header } = commit;
    const twice = Buffer.from(header)
      .toString()
      .replace(/("events":\[)(.*)(\])/u, '$1$2,$2$3');
    const raw = Buffer.from(twice.replace('fffffffffffe', 'ffffffffffff'));
    const signature = liar.signer.sign(signedBytes(raw));
    const events = [...commit.events, ...commit.events];
    assert.throws(() => owner.take(pageOf({ header: raw, signature, events })), {
      name: 'page-refused',
    });
    assert.equal(owner.take(pageOf(commit)).type, 'taken');
  });
});
