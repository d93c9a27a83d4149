/** What a member that writes its messages by hand may do to the inboxes of others. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MessageReport } from '#api/bus-door.ts';
import { reportMessage } from '#daemon/messages/message-report.ts';
import type { Page } from '#ledger/ledger.ts';
import type { NewSkeinEvent } from '#protocol/event-types.ts';
import { agent } from '../messages/bus-stage.ts';
import { carry, makeMailNode, settle, twoNodes, type MailNode } from '../messages/mail-stage.ts';
import { SPACE } from '../support/test-ledger.ts';
import { admit, pull } from '../support/test-nodes.ts';
import { chainName, liarChain, pageOf, type LieOptions } from './liar.ts';

/** A node with an inbox, and a member that sends it what it likes. */
async function makeStage(): Promise<{
  readonly home: MailNode;
  readonly owner: MailNode;
  readonly send: (data: object, options?: LieOptions) => Promise<void>;
  /** Writes any event. */
  readonly say: (event: object) => Promise<void>;
}> {
  const [owner, home] = await twoNodes();
  const liar = makeMailNode({ founder: owner.node.signer.key, clock: owner.clock });
  admit(owner.node, liar.node);
  await home.register('b');
  pull(owner.node, home.node);
  pull(owner.node, liar.node);
  const lies = liarChain(liar.node, chainName(liar.node, 'a'));
  let count = 0;
  const send = async (data: object, options: LieOptions = {}): Promise<void> => {
    count += 1;
    const id = `019aa000-0000-7000-8000-${String(count).padStart(12, '0')}`;
    const said = { to: `agent:${home.id('b')}`, kind: 'announce', text: 'x', sentAt: NOW };
    const event = { type: 'message.sent', subject: `message/${id}`, data: { ...said, ...data } };
    const page: Page = pageOf(lies.next([event as NewSkeinEvent], { id, ...options }));
    const taken = await home.ledger.exchange.take(page, home.room.reactionsTo(page));
    assert.equal(taken.type, 'taken');
    await settle();
  };
  const say = async (event: object): Promise<void> => {
    await home.ledger.exchange.take(pageOf(lies.next([event as NewSkeinEvent])), []);
    await settle();
  };
  return { home, owner, send, say };
}

const NOW = '2026-11-21T00:00:00.000Z';
const LONG = 'x'.repeat(50_000);

describe('what an inbox keeps of a message', () => {
  it('is no longer than an honest sender makes it', async () => {
    const { home, send } = await makeStage();
    await send({});
    await send({}, { actor: 'agent:fine' });
    assert.equal(home.inbox('b').waiting.length, 2, 'the twin');
    await send({ sentAt: LONG });
    await send({}, { actor: `agent:${LONG}` });
    await send({}, { actor: `agent:b@${'0'.repeat(16)}` });
    await send({ answerBy: LONG, expiresAt: LONG }, { trace: LONG });
    await send({ answerBy: '+275760-09-13T00:00:00.000Z' });
    assert.ok(JSON.stringify(home.inbox('b')).length < 5_000);
    assert.deepEqual(
      home.inbox('b').waiting.map(({ answerBy }) => answerBy),
      [undefined, undefined, undefined, undefined],
    );
    const longest = Math.max(
      ...home
        .events()
        .filter(({ type }) => type === 'message.received')
        .map((event) => JSON.stringify(event).length),
    );
    assert.ok(longest < 2_000, `${longest}`);
  });
});

describe('what a member says of an inbox that is not its own', () => {
  it('keeps no message from coming again when it was not answered', async () => {
    const { home, owner, say } = await makeStage();
    await carry(home, owner);
    await owner.register('a');
    await carry(owner, home);
    const message = await owner.send('a', home.id('b'));
    await carry(owner, home);
    const [letter] = await home.room.take(home.id('b'), { speaker: agent('b'), most: 1 });
    assert.equal(letter?.id, message);
    const data = { inbox: home.id('b'), message, processingMs: 1 };
    await say({ type: 'message.handled', subject: `message/${message}`, data });
    assert.equal(home.inbox('b').handled, 0);
    const again = home.room.follow(home.id('b'), { speaker: agent('b'), most: 1 });
    const next = again.next();
    await home.pass(61_000);
    await settle();
    const first = await Promise.race([next, settle().then(() => 'nothing came')]);
    assert.notEqual(first, 'nothing came');
    await home.room.close();
  });

  it('is no answer, and no end, of a message that was not for it', async () => {
    const { home, owner, say } = await makeStage();
    await carry(home, owner);
    await home.register('c');
    await carry(home, owner);
    const message = await home.send('c', home.id('b'));
    const id = (name: string): string => home.id(name);
    const subject = `message/${message}`;
    await say({
      type: 'message.sent',
      subject,
      data: { to: `agent:${id('c')}`, kind: 'answer', text: 'lie', sentAt: NOW, replyTo: message },
    });
    const gone = { inbox: id('b'), message, reason: 'lie', tries: 1 };
    await say({ type: 'message.dead-lettered', subject, data: gone });
    const refusal = { message, to: id('b'), error: 'inbox-full', detail: 'lie' };
    await say({ type: 'message.refused', subject, data: refusal });
    const { signal } = new AbortController();
    const report = (): Promise<MessageReport> =>
      reportMessage(home.ledger, message, { follow: false, signal });
    assert.equal((await report()).answer, null);
    assert.deepEqual((await report()).standings, [
      { to: id('b'), state: 'waits in the inbox', isOver: false },
    ]);
    await home.room.take(id('b'), { speaker: agent('b'), most: 1 });
    const reply = { inbox: id('b'), message, processingMs: 1, text: 'true' };
    await home.do(agent('b'), 'message.reply', reply);
    assert.equal((await report()).answer?.text, 'true');
    await home.room.close();
  });

  it('fills no list with ids that no door lets in', async () => {
    const { home, say } = await makeStage();
    const known = home.ledger.read.entities('agent').length;
    const card = { role: 'r', skills: [], topics: [] };
    const short = home.ledger.read.entity('space', SPACE)?.home.slice(0, 16);
    for (const name of ['x'.repeat(5_000), 'a b', 'é', '', 'fine@fine', 'good'])
      await say({ type: 'agent.registered', subject: `agent/${name}@${short}`, data: card });
    assert.equal(home.ledger.read.entities('agent').length, known, 'of another node');
    const liar = home.ledger.exchange.heads().find(({ author }) => !isKnown(author))?.author ?? '';
    const at = liar.slice(0, 16);
    for (const name of ['x'.repeat(5_000), 'a b', 'é', '', 'fine@fine', 'good'])
      await say({ type: 'agent.registered', subject: `agent/${name}@${at}`, data: card });
    const ids = home.ledger.read.entities('agent').map(({ id }) => id);
    assert.deepEqual(
      ids.filter((id) => id.endsWith(at)),
      [`good@${at}`],
    );
    await home.room.close();

    function isKnown(author: string): boolean {
      return author === home.node.signer.key || author.startsWith(short ?? '-');
    }
  });
});
