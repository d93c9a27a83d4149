/** History between nodes: whatever arrives in whatever order, all come to the same state, or say why not. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sizeOf } from '#ledger/exchange/read-chains.ts';
import type { Page } from '#ledger/ledger.ts';
import { openLedgerDatabase } from '#ledger/store/database.ts';
import type { NewSkeinEvent } from '#protocol/event-types.ts';
import { submission } from '../support/mission-story.ts';
import { makeRandom, seededFor } from '../support/seeded-random.ts';
import { note, SPACE, type TestClock } from '../support/test-ledger.ts';
import {
  admit,
  linesOf,
  makeTestNode,
  meet,
  nextPage,
  pull,
  type TestNode,
  type TestNodeOptions,
} from '../support/test-nodes.ts';

const START_MS = Date.UTC(2026, 10, 21);

let seed = 1;
const newNode = (options: TestNodeOptions = {}): TestNode =>
  makeTestNode({ seed: (seed += 1), clock: { ms: START_MS }, ...options });

/** An owner and members that were admitted and know it. */
function spaceOf(members: number, clock: () => TestClock = () => ({ ms: START_MS })): TestNode[] {
  const owner = newNode({ clock: clock() });
  const joined = Array.from({ length: members }, () =>
    newNode({ founder: owner.signer.key, clock: clock() }),
  );
  for (const node of joined) admit(owner, node);
  for (const node of joined) pull(owner, node);
  return [owner, ...joined];
}

const state = (node: TestNode, ...events: readonly NewSkeinEvent[]): void =>
  void node.store('test.state', [...events]);

const missionOf = (id: string, goal: string): NewSkeinEvent => {
  const { mission: _mission, ...data } = submission(id);
  return {
    type: 'mission.submitted',
    subject: `mission/${id}`,
    mission: id,
    data: { ...data, goal },
  } as NewSkeinEvent;
};

function assertSame(nodes: readonly TestNode[]): void {
  const [first, ...others] = nodes as [TestNode, ...TestNode[]];
  for (const node of others) assert.deepEqual(linesOf(node), linesOf(first));
  for (const node of nodes) assert.equal(node.foldedHash(), node.stateHash(), 'folded anew');
}

/** Copies the files of a node as a backup would. */
function copyOf(node: TestNode, options: TestNodeOptions = {}): TestNode {
  const database = openLedgerDatabase(':memory:');
  database.deserialize(node.database.serialize());
  const { signer, clock } = node;
  return newNode({ database, signer, clock: { ...clock }, ...options });
}

describe('a node that joins', () => {
  it('has the state of the others, and they have what it writes', () => {
    const [owner, joined] = spaceOf(1) as [TestNode, TestNode];
    state(owner, missionOf(owner.newId(), 'one'));
    state(joined, missionOf(joined.newId(), 'two'));
    joined.store('note.record', note('hello'));
    meet(owner, joined);
    assertSame([owner, joined]);
    assert.equal(linesOf(owner).filter((line) => line.startsWith('["mission"')).length, 2);
  });

  it('writes nothing before it was admitted', () => {
    const owner = newNode();
    const stranger = newNode({ founder: owner.signer.key });
    assert.equal(stranger.refuse('note.record', note('x')).name, 'not-member');
    pull(owner, stranger);
    assert.equal(stranger.refuse('note.record', note('x')).name, 'not-member');
    admit(owner, stranger);
    pull(owner, stranger);
    stranger.store('note.record', note('x'));
  });

  it('can not change what another node decides about', () => {
    const [owner, joined] = spaceOf(1) as [TestNode, TestNode];
    const id = owner.newId();
    state(owner, missionOf(id, 'mine'));
    pull(owner, joined);
    const before = joined.stateHash();
    assert.equal(joined.refuse('test.state', [missionOf(id, 'yours')]).name, 'not-home');
    assert.equal(joined.stateHash(), before);
  });
});

describe('any order of arrival', () => {
  it('comes to the same state, also where two nodes made the same thing', (context) => {
    const { seed: first } = seededFor(context);
    for (let round = 0; round < 12; round += 1) {
      const random = makeRandom(first + round);
      const nodes = spaceOf(3, () => ({ ms: START_MS + random.below(5_000) }));
      const shared = Array.from({ length: 6 }, () => (nodes[0] as TestNode).newId());
      for (let step = 0; step < 60; step += 1) {
        const node = random.pick(nodes);
        node.clock.ms += random.below(40);
        const kind = random.below(4);
        const id = kind === 0 ? random.pick(shared) : node.newId();
        if (kind < 2) node.flush(node.pending('test.state', [missionOf(id, `${step}`)]));
        else if (kind === 2) node.store('note.record', note(`${step}`));
        else {
          const from = random.pick(nodes);
          const chain = random.pick(from.chains.heads()).chain;
          const page = nextPage(from, node, chain, 1 + random.below(3_000));
          if (from !== node && page !== undefined) node.take(page);
        }
      }
      for (const one of nodes) for (const other of nodes) if (one !== other) meet(one, other);
      for (const one of nodes) for (const other of nodes) if (one !== other) meet(one, other);
      assertSame(nodes);
    }
  });

  it('would not, if who came first by the wire were the home (the twin)', () => {
    const [owner, one, other] = spaceOf(2) as [TestNode, TestNode, TestNode];
    const id = owner.newId();
    one.clock.ms += 10;
    state(one, missionOf(id, 'later'));
    state(other, missionOf(id, 'earlier'));
    pull(one, owner);
    const found = (): string => linesOf(owner).find((line) => line.includes(id)) ?? '';
    assert.match(found(), /later/);
    pull(other, owner);
    assert.match(found(), /earlier/);
    meet(one, other);
    meet(one, owner);
    assertSame([owner, one, other]);
  });
});

describe('a backup that was put back', () => {
  it('goes on with another chain; what it did not know counts no more, in any order', () => {
    const [owner, writer, witness] = spaceOf(2) as [TestNode, TestNode, TestNode];
    state(writer, missionOf(writer.newId(), 'before the backup'));
    const database = openLedgerDatabase(':memory:');
    database.deserialize(writer.database.serialize());
    state(writer, missionOf(writer.newId(), 'vanished'));
    pull(writer, witness);
    const restored = newNode({
      database,
      signer: writer.signer,
      founder: owner.signer.key,
      epoch: 2,
      restart: { reason: 'a backup was restored', lost: [] },
    });
    state(restored, missionOf(restored.newId(), 'after it'));
    for (const node of [owner, witness]) meet(restored, node);
    meet(witness, owner);
    for (const node of [owner, witness, restored]) {
      const goals = linesOf(node).join('\n');
      assert.match(goals, /before the backup/);
      assert.match(goals, /after it/);
      assert.doesNotMatch(goals, /vanished/);
    }
    assertSame([owner, witness, restored]);
    state(restored, missionOf(restored.newId(), 'and on'));
    meet(restored, owner);
    assertSame([owner, restored]);
  });

  it('ends nobody else chain: who says so is refused', () => {
    const [owner, victim, liar] = spaceOf(2) as [TestNode, TestNode, TestNode];
    victim.store('note.record', note('x'));
    pull(victim, owner);
    const { chain, seq, hash } = victim.core.head as { chain: string; seq: number; hash: string };
    const own = 'ef'.repeat(16);
    state(liar, {
      type: 'space.chain-started',
      subject: `space/${SPACE}`,
      data: { chain: own, after: { chain, seq: seq - 1, hash }, reason: 'a lie', lost: [] },
    });
    const page = nextPage(liar, owner, liar.core.head?.chain ?? '') as Page;
    assert.throws(() => owner.take(page), { name: 'page-refused' });
  });
});

describe('a chain that forks', () => {
  it('is proven, frozen everywhere, and its author goes on with another one', () => {
    const [owner, writer, witness] = spaceOf(2) as [TestNode, TestNode, TestNode];
    state(writer, missionOf(writer.newId(), 'before'));
    const copy = copyOf(writer, { seed: 77, founder: owner.signer.key, epoch: 2 });
    state(writer, missionOf(writer.newId(), 'one way'));
    state(copy, missionOf(copy.newId(), 'another way'));
    pull(writer, owner);
    pull(copy, witness);
    const { chain } = writer.core.head as { chain: string };
    const page = copy.chains.page(chain, 0, 100_000) as Page;
    assert.equal(owner.take(page).type, 'forked');
    assert.ok(owner.space().forks[chain] !== undefined);
    pull(owner, witness);
    pull(owner, copy);
    assert.notEqual(copy.core.head?.chain, chain, 'it goes on with a chain of its own');
    state(copy, missionOf(copy.newId(), 'after'));
    for (const node of [owner, witness]) pull(copy, node);
    meet(owner, witness);
    const goals = linesOf(owner).join('\n');
    assert.match(goals, /before/);
    assert.match(goals, /after/);
    assert.doesNotMatch(goals, /way/);
    assert.deepEqual(linesOf(witness), linesOf(owner));
    assert.equal(witness.foldedHash(), witness.stateHash());
  });

  it('is no claim that anybody can make without both signatures', () => {
    const [owner, writer, liar] = spaceOf(2) as [TestNode, TestNode, TestNode];
    writer.store('note.record', note('x'));
    const { chain, seq } = writer.core.head as { chain: string; seq: number };
    const made = writer.chains.page(chain, 0, 100_000)?.commits[0];
    const asText = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
    const first = {
      header: asText(made?.header as Buffer),
      signature: asText(made?.signature as Buffer),
    };
    const second = {
      ...first,
      header: asText(Buffer.from(String(made?.header).replace('"seq":1', '"seq": 1'))),
    };
    state(liar, {
      type: 'chain.forked',
      subject: `space/${SPACE}`,
      data: { author: writer.signer.key, chain, seq, first, second },
    });
    const before = owner.stateHash();
    const page = nextPage(liar, owner, liar.core.head?.chain ?? '') as Page;
    assert.throws(() => owner.take(page), { name: 'page-refused' });
    assert.equal(owner.stateHash(), before);
  });
});

describe('a member who was removed', () => {
  it('counts up to the cut, whenever what it wrote arrives', () => {
    const [owner, gone, witness] = spaceOf(2) as [TestNode, TestNode, TestNode];
    state(gone, missionOf(gone.newId(), 'kept'));
    const cut = gone.core.head as { chain: string; seq: number; hash: string };
    state(gone, missionOf(gone.newId(), 'void'));
    pull(gone, witness);
    assert.match(linesOf(witness).join(), /void/);
    const data = { key: gone.signer.key, cut };
    state(owner, { type: 'space.member-removed', subject: `space/${SPACE}`, data });
    pull(owner, witness);
    assert.doesNotMatch(linesOf(witness).join(), /void/);
    const all = gone.chains.page(cut.chain, 0, 1e6)?.commits ?? [];
    assert.deepEqual([all.length, cut.seq], [2, 1]);
    pull(gone, owner);
    const late = { space: SPACE, commits: all.slice(cut.seq) };
    assert.throws(() => owner.take(late), { name: 'not-member' });
    assertSame([owner, witness]);
    pull(owner, gone);
    assert.equal(gone.refuse('note.record', note('x')).name, 'not-member');
  });
});

describe('pages of one turn', () => {
  it('are taken one after the other, and one that is refused disturbs no other', () => {
    const [owner, one, other] = spaceOf(2) as [TestNode, TestNode, TestNode];
    for (const detail of ['a', 'b']) one.store('note.record', note(detail));
    other.store('note.record', note('c'));
    const pageOf = (node: TestNode, after: number): Page =>
      node.chains.page(node.core.head?.chain ?? '', after, 100) as Page;
    const forged = { ...pageOf(other, 0), space: 'cd'.repeat(16) };
    const pages = [pageOf(one, 0), forged, pageOf(other, 0), pageOf(one, 1)];
    const answers = owner.core.takeAll(pages.map((page) => ({ page, reactions: [] })));
    assert.deepEqual(
      answers.map((each) => (each instanceof Error ? each.name : each.type)),
      ['taken', 'page-refused', 'taken', 'taken'],
    );
    meet(owner, one);
    meet(owner, other);
    pull(owner, one);
    assertSame([owner, one, other]);
  });

  it('are all refused when they can not become durable, and can be taken later', () => {
    const [owner, one] = spaceOf(1) as [TestNode, TestNode];
    one.store('note.record', note('a'));
    const page = one.chains.page(one.core.head?.chain ?? '', 0, 1e6) as Page;
    const before = owner.stateHash();
    owner.database.exec(
      "CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT RAISE(ROLLBACK, 'disk full'); END",
    );
    const taking = { page, reactions: [] };
    for (const answer of owner.core.takeAll([taking, taking])) {
      assert.equal((answer as Error).name, 'storage-failed');
    }
    owner.database.exec('DROP TRIGGER full');
    assert.equal(owner.stateHash(), before);
    assert.partialDeepStrictEqual(owner.core.takeAll([taking])[0], { type: 'taken', news: 1 });
    meet(owner, one);
    assertSame([owner, one]);
  });
});

describe('a commit', () => {
  it('is never longer than what travels, however much comes at once', () => {
    const [owner, one] = spaceOf(1) as [TestNode, TestNode];
    const long = 'x'.repeat(100_000);
    const many = Array.from({ length: 60 }, () => one.pending('note.record', note(long)));
    assert.ok(one.flush(...many).every(({ type }) => type === 'stored'));
    const chain = one.core.head?.chain ?? '';
    const commits = one.chains.page(chain, 0, 1e9)?.commits ?? [];
    assert.ok(commits.length >= 3, `${commits.length} commits`);
    for (const commit of commits) assert.ok(sizeOf(commit) < 3 << 20, `${sizeOf(commit)} bytes`);
    meet(owner, one);
    assertSame([owner, one]);
    const news = Array.from({ length: 50 }, () => ({
      type: 'guardrail.passed',
      subject: 'task/t',
      data: { guardrail: 'syntax', detail: long },
    }));
    assert.equal(one.refuse('test.state', news).name, 'payload-too-large');
  });
});

describe('a reader', () => {
  it('has everything, and writes nothing that anybody takes', () => {
    const owner = newNode();
    const reader = newNode({ founder: owner.signer.key });
    admit(owner, reader);
    pull(owner, reader);
    reader.store('note.record', note('while it could'));
    const { chain } = reader.core.head as { chain: string };
    const data = { key: reader.signer.key, role: 'reader' as const };
    state(owner, { type: 'space.member-admitted', subject: `space/${SPACE}`, data });
    pull(owner, reader);
    assert.equal(reader.refuse('note.record', note('x')).name, 'not-member');
    const before = owner.stateHash();
    assert.throws(() => owner.take(reader.chains.page(chain, 0, 1e6) as Page), {
      name: 'not-member',
    });
    assert.equal(owner.stateHash(), before);
    assert.equal(reader.stateHash(), before);
  });
});

describe('a page', () => {
  const scene = (): { readonly to: TestNode; readonly from: TestNode; readonly page: Page } => {
    const [to, from] = spaceOf(1) as [TestNode, TestNode];
    for (const detail of ['a', 'b', 'c']) from.store('note.record', note(detail));
    return { to, from, page: from.chains.page(from.core.head?.chain ?? '', 0, 1e6) as Page };
  };
  const spoiled = (
    page: Page,
    at: number,
    change: (commit: Page['commits'][number]) => object,
  ): Page => ({
    ...page,
    commits: page.commits.map((commit, index) =>
      index === at ? { ...commit, ...change(commit) } : commit,
    ),
  });

  it('is taken once, and again without effect', () => {
    const { to, page } = scene();
    assert.deepEqual(to.take(page), { type: 'taken', seq: 3, news: 3, outcomes: [] });
    const before = to.stateHash();
    assert.deepEqual(to.take(page), { type: 'taken', seq: 3, news: 0, outcomes: [] });
    assert.equal(to.stateHash(), before);
  });

  it('says what is missing before it', () => {
    const { to, page } = scene();
    const late = { ...page, commits: page.commits.slice(1) };
    assert.deepEqual(to.take(late), { type: 'gap', need: 1 });
  });

  it('waits for what it builds on, and for a clock that is ahead', () => {
    const [owner, one, other] = spaceOf(2) as [TestNode, TestNode, TestNode];
    one.store('note.record', note('first'));
    pull(one, other);
    other.store('note.record', note('second'));
    const chain = other.core.head?.chain ?? '';
    const waits = owner.take(other.chains.page(chain, 0, 1e6) as Page);
    assert.deepEqual(waits, {
      type: 'waits',
      commits: [{ chain: one.core.head?.chain, seq: 1 }],
      blobs: [],
      aheadMs: 0,
    });
    one.clock.ms += 61_000;
    one.store('note.record', note('ahead'));
    const ahead = (): object =>
      owner.take(one.chains.page(one.core.head?.chain ?? '', 1, 1e6) as Page);
    pull(one, owner);
    assert.deepEqual(ahead(), { type: 'waits', commits: [], blobs: [], aheadMs: 61_000 });
    owner.clock.ms += 1_000;
    assert.partialDeepStrictEqual(ahead(), { type: 'taken' });
  });

  const flip = (bytes: Uint8Array): Buffer => {
    const copy = Buffer.from(bytes);
    copy[copy.length >> 1] = (copy[copy.length >> 1] ?? 0) ^ 1;
    return copy;
  };
  const WRONG: Readonly<Record<string, (page: Page) => Page>> = {
    'of another space': (page) => ({ ...page, space: 'cd'.repeat(16) }),
    'without commits': (page) => ({ ...page, commits: [] }),
    'with a forged signature': (page) =>
      spoiled(page, 2, ({ signature }) => ({ signature: flip(signature) })),
    'with a changed header': (page) => spoiled(page, 1, ({ header }) => ({ header: flip(header) })),
    'with commits in another order': (page) => ({ ...page, commits: page.commits.toReversed() }),
    'with a hole': (page) => ({
      ...page,
      commits: [page.commits[0], page.commits[2]] as Page['commits'],
    }),
    'with another body': (page) =>
      spoiled(page, 0, ({ events }) => ({
        events: events.map((event) => event && { ...event, body: flip(event.body) }),
      })),
    'with fewer events': (page) => spoiled(page, 0, () => ({ events: [] })),
  };
  for (const [what, change] of Object.entries(WRONG)) {
    it(`${what} is refused, and changes nothing`, () => {
      const { to, page } = scene();
      const before = to.stateHash();
      assert.throws(() => to.take(change(page)), { name: 'page-refused' });
      assert.equal(to.stateHash(), before);
      assert.equal(to.take(page).type, 'taken');
    });
  }

  it('of a stranger is refused', () => {
    const [owner] = spaceOf(0) as [TestNode];
    const stranger = newNode();
    stranger.store('note.record', note('x'));
    const page = stranger.chains.page(stranger.core.head?.chain ?? '', 0, 1e6) as Page;
    assert.throws(() => owner.take(page), { name: 'not-member' });
  });

  it('brings back what this node wrote before an older copy was put in its place', () => {
    const [owner, writer] = spaceOf(1) as [TestNode, TestNode];
    writer.store('note.record', note('old'));
    const copy = copyOf(writer, { founder: owner.signer.key, seed: 5, epoch: 2 });
    writer.store('note.record', note('new'));
    meet(owner, writer);
    pull(owner, copy);
    copy.store('note.record', note('newest'));
    pull(copy, owner);
    assertSame([owner, copy]);
    assert.equal(copy.core.head?.seq, 3);
  });
});
