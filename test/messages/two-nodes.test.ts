/** Messages between nodes: received once in the transaction that takes them, whatever comes how often. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { importMessages } from '#bus/inbox/import-messages.ts';
import { derivedId } from '#bus/inbox/derived-id.ts';
import { reactionsTo } from '#bus/inbox/page-reactions.ts';
import type { PageCommit, Reaction } from '#ledger/ledger.ts';
import { seededFor } from '../support/seeded-random.ts';
import { human } from '../support/test-ledger.ts';
import { admit } from '../support/test-nodes.ts';
import { agent, system } from './bus-stage.ts';
import { carry, makeMailNode, pagesFor, settle, twoNodes, type MailNode } from './mail-stage.ts';

const typesAfter = (node: MailNode, position: number): string =>
  node
    .events()
    .slice(position)
    .map(({ type }) => type)
    .join(' ');

const waitingOf = (node: MailNode, name: string): readonly string[] =>
  node.inbox(name).waiting.map(({ message }) => message);

const setUp = async (card: object = {}, more: object = {}): Promise<[MailNode, MailNode]> => {
  const [one, other] = await twoNodes(more);
  await one.register('a');
  await other.register('b', card);
  await carry(one, other);
  await carry(other, one);
  return [one, other];
};

const sameState = (one: MailNode, other: MailNode): void =>
  assert.equal(one.node.stateHash(), other.node.stateHash());

describe('a message to an agent of another node', () => {
  it('is received in the transaction that takes it, in order, and answered back', async () => {
    const [one, other] = await setUp();
    const ids = [await one.send('a', 'b'), await one.send('a', 'b'), await one.send('a', 'b')];
    await carry(one, other, 1);
    assert.deepEqual(waitingOf(other, 'b'), ids);
    assert.equal(other.inbox('b').waiting[0]?.from, one.id('a'));
    const [letter] = await other.room.take(other.id('b'), { speaker: agent('b'), most: 1 });
    assert.equal(letter?.text, 'hello');
    const reply = { inbox: other.id('b'), message: letter.id, processingMs: 1, text: 'yes' };
    await other.do(agent('b'), 'message.reply', reply);
    await carry(other, one);
    const [answer] = await one.room.take(one.id('a'), { speaker: agent('a'), most: 9 });
    assert.deepEqual([answer?.text, answer?.replyTo, answer?.from], ['yes', ids[0], other.id('b')]);
    await carry(one, other);
    sameState(one, other);
  });

  it('is received once, though its command is decided twice', async () => {
    const [one, other] = await setUp();
    const id = await one.send('a', 'b');
    const [page] = [...take(pagesFor(one, other), 1)];
    assert.ok(page !== undefined);
    const reactions = other.room.reactionsTo(page);
    await other.ledger.exchange.take(page, reactions);
    await other.ledger.exchange.take(page, reactions);
    const again = other.ledger.flush(reactions);
    assert.equal(again[0]?.type === 'stored' && again[0].receipt.repeated, true);
    await other.room.take(other.id('b'), { speaker: agent('b'), most: 1 });
    await other.ack('b', id);
    other.ledger.flush(reactions);
    assert.equal(other.inbox('b').received, 1);
    // Without the derived id it would be received again.
    other.ledger.flush(
      reactions.map((each) => ({
        ...each,
        command: { ...each.command, id: derivedId('x', id, 'y') },
      })),
    );
    assert.equal(other.inbox('b').received, 2);
  });

  it('has an id that another node can not know before', async () => {
    const [one, other] = await setUp();
    await one.send('a', 'b');
    const [page] = [...take(pagesFor(one, other), 1)];
    assert.ok(page !== undefined);
    const parts = {
      read: other.ledger.read,
      nodeKey: other.node.signer.key,
      clockOf: () => undefined,
    };
    const [guess] = reactionsTo({ ...parts, secret: 'a guess' }, page);
    assert.notEqual(guess?.command.id, other.room.reactionsTo(page)[0]?.command.id);
  });

  it('waits on the record when there is no room, in order, and is taken in when there is', async () => {
    const [one, first] = await setUp({ limit: 16, handleMs: 60_000 });
    let other = first;
    const ids: string[] = [];
    for (let count = 0; count < 40; count += 1) ids.push(await one.send('a', 'b'));
    await carry(one, other);
    assert.deepEqual(
      [other.inbox('b').waiting.length, other.inbox('b').deferred.normal?.count],
      [12, 28],
    );
    const seen: string[] = [];
    for (let round = 0; round < 60 && seen.length < ids.length; round += 1) {
      if (round % 7 === 3) {
        await other.room.close();
        other = other.reopen();
      }
      await settle();
      const letters = await other.room.take(other.id('b'), { speaker: agent('b'), most: 3 });
      for (const { id } of letters) {
        seen.push(id);
        await other.ack('b', id);
      }
      await settle();
    }
    assert.deepEqual(seen, ids);
    assert.deepEqual([other.inbox('b').deferred, other.inbox('b').received], [{}, 40]);
    await carry(other, one);
    sameState(one, other);
  });

  it('is refused when its time was over on the way, or its agent has retired, and the sender hears it', async () => {
    const [one, other] = await setUp();
    await one.send('a', 'b', { expiresInMs: 1_000 });
    await other.do(human, 'agent.retire', { name: 'b', reason: 'old' });
    await one.send('a', 'b');
    one.clock.ms += 2_000;
    await carry(one, other);
    await carry(other, one);
    const refusals = one
      .events()
      .flatMap((each) => (each.type === 'message.refused' ? [each.data] : []));
    assert.deepEqual(
      refusals.map(({ error, to }) => [error, to]),
      [
        ['not-found', other.id('b')],
        ['not-found', other.id('b')],
      ],
    );
    await other.register('b');
    await carry(other, one);
    await one.send('a', 'b', { expiresInMs: 1_000 });
    one.clock.ms += 2_000;
    const position = other.events().length;
    await carry(one, other);
    assert.match(typesAfter(other, position), /message\.refused$/u);
    assert.deepEqual(waitingOf(other, 'b'), []);
  });

  it('keeps how far the clock of the sender is ahead, and reads its times by its own', async () => {
    const [one, other] = await setUp({}, { clockOf: () => ({ offsetMs: 5_000.4, errorMs: 3.2 }) });
    await one.send('a', 'b', { expiresInMs: 60_000, answerInMs: 30_000 });
    await carry(one, other);
    const received = other.events().find((each) => each.type === 'message.received');
    assert.ok(received?.type === 'message.received');
    const { offsetMs, offsetErrorMs, expiresAt, answerBy } = received.data;
    const now = other.clock.ms;
    assert.deepEqual([offsetMs, offsetErrorMs], [5_000, 4]);
    assert.deepEqual(
      [Date.parse(expiresAt ?? '') - now, Date.parse(answerBy ?? '') - now],
      [55_000, 25_000],
    );
  });
});

describe('a page that can be taken in part only', () => {
  /** The second of two messages builds on what a third node wrote, which is not here. */
  async function inPart(strip: (reaction: Reaction) => Reaction): Promise<[MailNode, string[]]> {
    const [one, other] = await setUp();
    const third = makeMailNode({ clock: one.clock, founder: one.node.signer.key });
    admit(one.node, third.node);
    await carry(one, third);
    await carry(one, other);
    const ids = [await one.send('a', 'b')];
    await third.register('c');
    await carry(third, one);
    ids.push(await one.send('a', 'b'));
    const [page] = [...take(pagesFor(one, other, 4_096, one.node.core.head?.chain), 1)];
    assert.ok(page !== undefined);
    await other.ledger.exchange.take(page, other.room.reactionsTo(page).map(strip));
    await settle();
    return [other, ids];
  }

  it('is received as far as it is taken', async () => {
    const [other, [first]] = await inPart((each) => each);
    assert.deepEqual(waitingOf(other, 'b'), [first]);
  });

  it('would be received before it is here, if reactions did not name their commit', async () => {
    const [other, ids] = await inPart(({ seq: _, ...each }) => each);
    assert.deepEqual(waitingOf(other, 'b'), ids);
    const letters = await other.room.take(other.id('b'), { speaker: agent('b'), most: 9 });
    assert.deepEqual(
      letters.map(({ text }) => text),
      ['hello', ''],
    );
  });
});

describe('names and topics of several nodes', () => {
  it('asks which agent is meant when two nodes have one of the name', async () => {
    const [one, other] = await setUp();
    await one.register('b');
    const send = (to: string): Promise<string> =>
      one.do(agent('a'), 'message.send', { to, text: 'x' });
    await assert.rejects(send('b'), {
      name: 'ambiguous-id',
      details: { candidates: [one.id('b'), other.id('b')].toSorted() },
    });
    assert.equal(await send(`agent:${other.id('b')}`), 'message.sent');
    assert.equal(await send(one.id('b')), 'message.sent message.received');
  });

  it('reaches all listeners of a topic at each home', async () => {
    const [one, other] = await setUp();
    for (const node of [one, other])
      for (const name of ['x', 'y']) await node.register(name, { topics: ['t'] });
    await carry(other, one);
    await one.send('a', 'topic:t');
    await carry(one, other);
    const counts = [one, other].flatMap((node) =>
      ['x', 'y'].map((name) => node.inbox(name).waiting.length),
    );
    assert.deepEqual(counts, [1, 1, 1, 1]);
    assert.equal(other.inbox('b').waiting.length, 0);
  });
});

describe('a group over several nodes', () => {
  const group = async (limit = 4): Promise<[MailNode, MailNode]> => {
    const [one, other] = await setUp();
    await one.register('x', { skills: ['s'], limit });
    await other.register('y', { skills: ['s'], limit });
    await carry(one, other);
    await carry(other, one);
    return [one, other];
  };
  const inInboxes = (one: MailNode, other: MailNode): readonly string[] => [
    ...waitingOf(one, 'x'),
    ...waitingOf(other, 'y'),
  ];

  it('gives each message to exactly one agent', async () => {
    const [one, other] = await group(100);
    const ids: string[] = [];
    for (let count = 0; count < 20; count += 1) ids.push(await one.send('a', 'skill:s'));
    await carry(one, other);
    assert.deepEqual(inInboxes(one, other).toSorted(), ids.toSorted());
    assert.ok(waitingOf(one, 'x').length > 0 && waitingOf(other, 'y').length > 0);
  });

  it('chooses another one after a refusal, once, and tells when nobody is left', async () => {
    const [one, other] = await group(4);
    const choose = [other.id('y')];
    const ids: string[] = [];
    // What the sender knows of the other inbox is old: it is full already.
    for (let count = 0; count < 3; count += 1) await other.send('b', 'y');
    for (let count = 0; count < 4; count += 1) ids.push(await one.send('a', 'skill:s', { choose }));
    await carry(one, other);
    assert.equal(other.inbox('y').waiting.length, 3);
    await carry(other, one);
    assert.deepEqual(waitingOf(one, 'x'), ids.slice(0, 3));
    const last = one.events().findLast((each) => each.type === 'message.refused');
    assert.deepEqual(last?.data, {
      message: ids[3],
      to: 'skill:s',
      error: 'inbox-full',
      detail: 'no agent that has it took it',
    });
    await carry(one, other);
    await carry(other, one);
    assert.equal(inInboxes(one, other).filter((each) => ids.includes(each)).length, 3);
  });

  it('takes back what a retired agent of another node leaves', async () => {
    const [one, other] = await group(100);
    const id = await one.send('a', 'skill:s', { choose: [other.id('y')] });
    await carry(one, other);
    await other.do(human, 'agent.retire', { name: 'y', reason: 'old' });
    assert.deepEqual(waitingOf(other, 'y'), []);
    await carry(other, one);
    assert.deepEqual(waitingOf(one, 'x'), [id]);
  });

  it('does not choose again because somebody says so who has not got it', async () => {
    const [one, other] = await group(100);
    const id = await one.send('a', 'skill:s', { choose: [one.id('x')] });
    const assigned = one.events().findLast((each) => each.type === 'message.assigned');
    const forged = { message: id, to: one.id('x'), error: 'inbox-full', detail: '' };
    const event = {
      type: 'message.refused',
      subject: `message/${id}`,
      cause: assigned?.id,
      data: forged,
    };
    await other.do(system, 'test.state', [event]);
    await other.do(system, 'test.state', [{ ...event, data: { ...forged, to: other.id('y') } }]);
    assert.equal(await carry(other, one), 0);
    assert.deepEqual(inInboxes(one, other), [id]);
    // The same refusal by the one who has it counts, and only once.
    const given = await one.send('a', 'skill:s', { choose: [other.id('y')] });
    const cause = one.events().findLast((each) => each.type === 'message.assigned')?.id;
    const honest = {
      ...event,
      subject: `message/${given}`,
      cause,
      data: { ...forged, message: given, to: other.id('y') },
    };
    await other.do(system, 'test.state', [honest]);
    await other.do(system, 'test.state', [honest]);
    assert.equal(await carry(other, one), 2);
    assert.deepEqual(waitingOf(one, 'x'), [id, given]);
  });

  it('takes an assignment only from who sent the message', async () => {
    const [one, other] = await group(100);
    const id = await other.send('b', 'skill:s', { choose: [other.id('y')] });
    await carry(other, one);
    const forged = { message: id, to: `agent:${other.id('y')}`, attempt: 2 };
    await one.do(system, 'test.state', [
      { type: 'message.assigned', subject: `message/${id}`, data: forged },
    ]);
    assert.equal(await carry(one, other), 0);
  });
});

describe('what is no message for here', () => {
  it('is left alone: of missions, imported, misnamed, unreadable', async () => {
    const [one, other] = await setUp();
    const data = {
      to: `agent:${other.id('b')}`,
      kind: 'announce',
      text: 'x',
      sentAt: '2026-11-21T00:00:00.000Z',
    };
    const state = async (event: object): Promise<void> => {
      const id = one.node.newId();
      await one.do(
        system,
        'test.state',
        [{ type: 'message.sent', subject: `message/${id}`, data, ...event }],
        id,
      );
    };
    await state({ mission: one.node.newId() });
    await state({ data: { ...data, importedFrom: 'old' } });
    await state({ subject: 'message/other' });
    for (const to of [
      'topic:*',
      'agent:b',
      `agent:b*@${other.node.signer.key.slice(0, 16)}`,
      'nonsense:',
    ])
      await state({ data: { ...data, to } });
    assert.equal(await carry(one, other), 0);
    // The same without any of this is received.
    await state({});
    assert.equal(await carry(one, other), 1);
    const broken = {
      header: Buffer.from('{'),
      signature: Buffer.alloc(64),
      events: [{ salt: Buffer.alloc(16), body: Buffer.from('"type":"message.') }],
    };
    assert.deepEqual(other.room.reactionsTo({ space: 's', commits: [broken] }), []);
  });

  it('is whatever a page says that nobody has looked at yet', async (context) => {
    const random = seededFor(context);
    const [one, other] = await setUp({ skills: ['s'] });
    await one.send('a', 'b');
    await one.send('a', 'skill:s');
    await one.send('a', 'topic:t');
    const [page] = [...take(pagesFor(one, other, 100_000, one.node.core.head?.chain), 1)];
    assert.ok(page !== undefined);
    const spoil = (bytes: Uint8Array): Uint8Array => {
      const spoiled = Uint8Array.from(bytes);
      for (let count = 1 + random.below(3); count > 0; count -= 1) {
        spoiled[random.below(spoiled.length)] = random.below(256);
      }
      return random.below(10) === 0 ? spoiled.subarray(0, random.below(spoiled.length)) : spoiled;
    };
    const known = new Set(other.room.reactionsTo(page).map(({ command }) => command.name));
    assert.deepEqual([...known], ['message.receive']);
    for (let round = 0; round < 2_000; round += 1) {
      const commits: PageCommit[] = page.commits.map((commit) => ({
        ...commit,
        header: random.below(10) === 0 ? spoil(commit.header) : commit.header,
        events: commit.events.map((each) => each && { ...each, body: spoil(each.body) }),
      }));
      const names: readonly string[] = other.room
        .reactionsTo({ ...page, commits })
        .map(({ command }) => command.name);
      assert.ok(names.every((name) => known.has(name)));
    }
  });

  it('lets two nodes import the same old bus into one space', async () => {
    const [one, other] = await setUp();
    const old = { id: one.node.newId(), from: 'q', to: 'b', text: 'x', handled: false };
    const importInto = ({ ledger, node }: MailNode) =>
      importMessages({ ledger, secret: node.signer.key, speaker: human }, [
        old,
        { ...old, id: derivedId('', old.id, '2'), replyTo: old.id, text: 'y'.repeat(20_000) },
      ]);
    assert.deepEqual(await importInto(one), { added: 2, repeated: 0, refused: [] });
    assert.deepEqual(await importInto(one), { added: 0, repeated: 2, refused: [] });
    assert.deepEqual(await importInto(other), { added: 2, repeated: 0, refused: [] });
    await carry(one, other);
    await carry(other, one);
    sameState(one, other);
    assert.equal(other.inbox('b').waiting.length, 2);
    const letters = await other.room.take(other.id('b'), { speaker: agent('b'), most: 9 });
    assert.deepEqual(
      letters.map(({ importedFrom, text }) => [importedFrom, text.length]),
      [
        ['q', 1],
        ['q', 2_000],
      ],
    );
    assert.equal((await other.room.textOf(letters[1] ?? { text: '' })).length, 20_000);
    assert.equal(letters[1]?.replyTo, letters[0]?.id);
  });
});

function* take<T>(items: Iterable<T>, most: number): Generator<T> {
  let count = 0;
  for (const item of items) {
    if (count++ >= most) return;
    yield item;
  }
}
