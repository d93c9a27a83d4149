/** The mailroom: who waits is woken, what is over is told when it is, and a restart forgets nothing. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Letter } from '#bus/inbox/letters.ts';
import { human } from '../support/test-ledger.ts';
import { agent } from './bus-stage.ts';
import { carry, makeMailNode, settle, twoNodes, type MailNode } from './mail-stage.ts';

interface Following {
  readonly letters: Letter[];
  readonly stop: () => Promise<void>;
  readonly ended: Promise<void>;
}

/** Follows an inbox; answers what it gets when `isDone`. */
function follow(
  node: MailNode,
  name: string,
  { most = 1, answers = true, signal = new AbortController() } = {},
): Following {
  const letters: Letter[] = [];
  const ended = (async () => {
    const given = node.room.follow(node.id(name), {
      speaker: agent(name),
      most,
      signal: signal.signal,
    });
    for await (const letter of given) {
      letters.push(letter);
      if (answers) await node.ack(name, letter.id);
    }
  })();
  return {
    letters,
    ended,
    stop: async () => {
      signal.abort();
      await ended;
    },
  };
}

async function oneNode(card: object = {}): Promise<MailNode> {
  const node = makeMailNode();
  await node.register('a');
  await node.register('b', { handleMs: 1_000, tries: 2, ...card });
  await settle();
  return node;
}

const last = (node: MailNode): string | undefined => node.events().at(-1)?.type;

describe('following an inbox', () => {
  it('wakes who waits when something comes, from here or from another node', async () => {
    const [one, other] = await twoNodes();
    await one.register('a');
    await other.register('b');
    await carry(other, one);
    const following = follow(other, 'b');
    await settle();
    assert.equal(following.letters.length, 0);
    const ids = [await one.send('a', 'b')];
    await carry(one, other);
    ids.push(await other.send('x', 'b'));
    await settle();
    assert.deepEqual(
      following.letters.map(({ id }) => id),
      ids,
    );
    assert.deepEqual(
      [following.letters[0]?.to, following.letters[0]?.text, following.letters[0]?.tries],
      [`agent:${other.id('b')}`, 'hello', 1],
    );
    await following.stop();
    assert.equal(other.inbox('b').handled, 2);
  });

  it('asks the ledger nothing while nothing happens', async () => {
    const node = await oneNode();
    const following = follow(node, 'b');
    await settle();
    let asked = 0;
    node.ledger.failing = () => void (asked += 1);
    await node.pass(3_600_000);
    assert.deepEqual([asked, node.timers.waiting], [0, 0]);
    await following.stop();
  });

  it('shares an inbox between two who follow it: each message goes to one', async () => {
    const node = await oneNode();
    const both = [follow(node, 'b'), follow(node, 'b')];
    const ids: string[] = [];
    for (let count = 0; count < 10; count += 1) ids.push(await node.send('a', 'b'));
    await settle();
    await settle();
    const seen = both.flatMap(({ letters }) => letters.map(({ id }) => id));
    assert.deepEqual(seen.toSorted(), ids.toSorted());
    for (const each of both) await each.stop();
  });

  it('gives back at once what it took for somebody who leaves', async () => {
    const node = await oneNode();
    for (let count = 0; count < 5; count += 1) await node.send('a', 'b');
    for await (const letter of node.room.follow(node.id('b'), { speaker: agent('b'), most: 5 })) {
      await node.ack('b', letter.id);
      break;
    }
    const states = node.inbox('b').waiting.map(({ tries, until }) => [tries, until]);
    assert.deepEqual(
      states,
      [0, 1, 2, 3].map(() => [0, null]),
    );
  });

  it('comes again when nobody answers, and is given up after its tries', async () => {
    const node = await oneNode();
    await node.send('a', 'b');
    const following = follow(node, 'b', { answers: false });
    await settle();
    await node.pass(999);
    assert.equal(following.letters.length, 1);
    await node.pass(1);
    assert.deepEqual(
      following.letters.map(({ tries }) => tries),
      [1, 2],
    );
    await node.pass(1_000);
    assert.equal(last(node), 'message.dead-lettered');
    assert.equal(node.timers.waiting, 0);
    await following.stop();
  });

  it('waits for the delay of what was given back, and hands out nothing of that sender before', async () => {
    const node = await oneNode();
    const first = await node.send('a', 'b');
    await node.room.take(node.id('b'), { speaker: agent('b'), most: 1 });
    const second = await node.send('a', 'b');
    const input = { inbox: node.id('b'), message: first, reason: 'later', delayMs: 500 };
    await node.do(agent('b'), 'message.nack', input);
    const following = follow(node, 'b');
    await node.pass(499);
    assert.deepEqual(following.letters, []);
    await node.pass(1);
    assert.deepEqual(
      following.letters.map(({ id }) => id),
      [first, second],
    );
    await following.stop();
  });

  it('is refused to another agent', async () => {
    const node = await oneNode();
    await assert.rejects(node.room.take(node.id('b'), { speaker: agent('a'), most: 1 }), {
      name: 'unauthorized',
    });
  });

  it('ends when the mailroom does', async () => {
    const node = await oneNode();
    const following = follow(node, 'b');
    await settle();
    await node.room.close();
    await following.ended;
    assert.deepEqual(node.reported, []);
  });
});

describe('what is over', () => {
  it('is told at its moment, with one timer, and none when nothing waits', async () => {
    const node = await oneNode();
    await node.send('a', 'b', { expiresInMs: 5_000 });
    await node.send('a', 'b', { answerInMs: 2_000 });
    await settle();
    assert.equal(node.timers.waiting, 1);
    await node.pass(2_000);
    assert.equal(last(node), 'message.unanswered');
    await node.pass(3_000);
    assert.equal(last(node), 'message.expired');
    assert.equal(node.timers.waiting, 0);
    const [left] = await node.room.take(node.id('b'), { speaker: agent('b'), most: 9 });
    await settle();
    assert.equal(node.timers.waiting, 1);
    await node.ack('b', left?.id ?? '');
    await settle();
    assert.equal(node.timers.waiting, 0);
  });

  it('is told after a restart, though its moment was before', async () => {
    const node = await oneNode();
    await node.send('a', 'b', { expiresInMs: 5_000 });
    await node.room.close();
    node.clock.ms += 60_000;
    assert.notEqual(last(node), 'message.expired');
    const again = node.reopen();
    await again.pass(0);
    assert.equal(last(again), 'message.expired');
    await again.room.close();
  });

  it('is handed out again after a restart', async () => {
    const node = await oneNode();
    const id = await node.send('a', 'b');
    await node.room.take(node.id('b'), { speaker: agent('b'), most: 1 });
    await node.room.close();
    const again = node.reopen();
    const following = follow(again, 'b');
    await again.pass(500);
    assert.equal(following.letters.length, 0);
    await again.pass(500);
    assert.deepEqual(
      following.letters.map((each) => [each.id, each.tries]),
      [[id, 2]],
    );
    await following.stop();
    await again.room.close();
  });

  it('is tried again when it could not be recorded', async () => {
    const node = await oneNode();
    await node.send('a', 'b', { expiresInMs: 1_000 });
    await settle();
    node.ledger.failing = (name) => {
      if (name === 'inbox.sweep') throw new Error('no room on the disk');
    };
    await node.pass(1_000);
    assert.match(node.reported.join(), /no room on the disk/u);
    node.ledger.failing = undefined;
    await node.pass(1_000);
    assert.equal(last(node), 'message.expired');
  });

  it('is looked at again when the clock of the wall was set back', async () => {
    const node = await oneNode();
    await node.send('a', 'b', { expiresInMs: 5_000 });
    await settle();
    node.clock.ms -= 3_000;
    node.timers.advance(5_000);
    await settle();
    assert.notEqual(last(node), 'message.expired');
    node.clock.ms += 8_000;
    node.timers.advance(60_000);
    await settle();
    assert.equal(last(node), 'message.expired');
  });

  it('goes to another agent when a retired one never answers', async () => {
    const node = await oneNode({ skills: ['s'] });
    await node.register('c', { skills: ['s'] });
    const id = await node.send('a', 'skill:s', { choose: [node.id('b')] });
    await node.room.take(node.id('b'), { speaker: agent('b'), most: 1 });
    await node.do(human, 'agent.retire', { name: 'b', reason: 'gone' });
    await settle();
    assert.equal(node.inbox('c').waiting.length, 0);
    await node.pass(1_000);
    assert.deepEqual(
      node.inbox('c').waiting.map(({ message }) => message),
      [id],
    );
  });
});

describe('a text that is elsewhere', () => {
  it('is fetched when it is asked for, and said to be missing when it can not be', async () => {
    const fetched: string[] = [];
    const fetchBlob = async (hash: string): Promise<Uint8Array> => {
      fetched.push(hash);
      return Buffer.from('all of it');
    };
    const node = makeMailNode({}, { fetchBlob });
    const body = { hash: '0'.repeat(64), bytes: 9 };
    assert.equal(await node.room.textOf({ text: 'all', body }), 'all of it');
    assert.deepEqual(fetched, [body.hash]);
    await assert.rejects(makeMailNode().room.textOf({ text: 'all', body }), {
      name: 'blob-missing',
    });
    assert.equal(await node.room.textOf({ text: 'all' }), 'all');
  });
});
