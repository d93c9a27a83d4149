/** What becomes of messages in an inbox: handed out, answered, returned, given up, past their time. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SkeinError, type ErrorName } from '#protocol/errors.ts';
import { human } from '../support/test-ledger.ts';
import { agent, makeBusStage, system, type BusStage } from './bus-stage.ts';

const refusedWith = (said: unknown, name: ErrorName): void => {
  assert.ok(said instanceof SkeinError, 'it was not refused');
  assert.equal(said.name, name, said.message);
};

const typesOf = (events: readonly { readonly type: string }[]): string =>
  events.map(({ type }) => type).join(' ');

function stageOf(more: object = {}): BusStage {
  const stage = makeBusStage();
  stage.register('a');
  stage.register('b', { tries: 2, handleMs: 1_000, ...more });
  return stage;
}

const ack = (stage: BusStage, message: string): unknown =>
  stage.say(agent('b'), 'message.ack', { inbox: stage.id('b'), message, processingMs: 1 });

const nack = (stage: BusStage, message: string, more: object = {}): unknown =>
  stage.say(agent('b'), 'message.nack', { inbox: stage.id('b'), message, reason: 'busy', ...more });

const sweep = (stage: BusStage): string =>
  typesOf(stage.do(system, 'inbox.sweep', { inbox: stage.id('b') }));

describe('an inbox', () => {
  it('is opened by its agent, the person and the node, and by nobody else', () => {
    const stage = stageOf();
    stage.send('a', 'b');
    const input = { inbox: stage.id('b'), most: 1 };
    refusedWith(stage.say(agent('a'), 'message.deliver', input), 'unauthorized');
    refusedWith(stage.say(agent('b'), 'message.deliver', { ...input, most: 0 }), 'usage');
    const elsewhere = { ...input, inbox: 'b@0123456789abcdef' };
    refusedWith(stage.say(human, 'message.deliver', elsewhere), 'not-home');
    refusedWith(
      stage.say(human, 'message.deliver', { ...input, inbox: stage.id('q') }),
      'not-found',
    );
    refusedWith(stage.say(agent('b'), 'inbox.sweep', input), 'unauthorized');
    assert.equal(typesOf(stage.do(human, 'message.deliver', input)), 'message.delivered');
  });

  it('hands out once until the time to answer is over, and gives up after its tries', () => {
    const stage = stageOf();
    const id = stage.send('a', 'b');
    assert.deepEqual([stage.take('b'), stage.take('b')], [[id], []]);
    stage.ledger.clock.ms += 1_000;
    assert.deepEqual(stage.take('b'), [id]);
    stage.ledger.clock.ms += 1_000;
    assert.deepEqual(stage.take('b'), []);
    const { waiting, dead, died } = stage.inbox('b');
    assert.deepEqual([waiting.length, died, dead[0]?.message, dead[0]?.tries], [0, 1, id, 2]);
    refusedWith(ack(stage, id), 'conflict');
  });

  it('forgets what was handled, and refuses a second answer', () => {
    const stage = stageOf();
    const id = stage.send('a', 'b');
    refusedWith(ack(stage, id), 'conflict');
    stage.take('b');
    assert.ok(Array.isArray(ack(stage, id)));
    refusedWith(ack(stage, id), 'conflict');
    assert.deepEqual([stage.inbox('b').waiting.length, stage.inbox('b').handled], [0, 1]);
  });

  it('takes a late answer as long as nobody else was faster', () => {
    const stage = stageOf();
    const id = stage.send('a', 'b');
    stage.take('b');
    stage.ledger.clock.ms += 5_000;
    assert.ok(Array.isArray(ack(stage, id)));
  });

  it('takes back with a delay, and gives up at the last try with the reason', () => {
    const stage = stageOf();
    const id = stage.send('a', 'b');
    stage.take('b');
    nack(stage, id, { delayMs: 500 });
    assert.deepEqual(stage.take('b'), []);
    stage.ledger.clock.ms += 500;
    assert.deepEqual(stage.take('b'), [id]);
    nack(stage, id, { unseen: true });
    assert.deepEqual(stage.take('b'), [id]);
    nack(stage, id);
    assert.equal(stage.inbox('b').dead[0]?.reason, 'busy');
    refusedWith(nack(stage, id), 'conflict');
  });

  it('answers and is done with the question in one commit', () => {
    const stage = stageOf();
    const id = stage.send('a', 'b', { priority: 'high', answerInMs: 500 });
    stage.take('b');
    const input = { inbox: stage.id('b'), message: id, processingMs: 3, text: 'yes' };
    const events = stage.do(agent('b'), 'message.reply', input);
    assert.equal(typesOf(events), 'message.sent message.received message.handled');
    const [sent] = events;
    assert.ok(sent?.type === 'message.sent');
    assert.deepEqual(
      [sent.data.replyTo, sent.data.kind, sent.data.priority],
      [id, 'answer', 'high'],
    );
    assert.equal(stage.inbox('a').waiting[0]?.from, stage.id('b'));
    refusedWith(stage.say(agent('b'), 'message.reply', input), 'conflict');
    assert.equal(stage.inbox('a').waiting.length, 1);
  });

  it('answers who has no inbox on the record, and who is full when it has room', () => {
    const stage = stageOf();
    stage.register('c', { limit: 4 });
    const [asked] = [stage.ledger.newId()];
    stage.do(human, 'message.send', { to: 'b', text: '?' }, asked);
    const other = stage.send('c', 'b');
    for (let count = 0; count < 3; count += 1) stage.send('a', 'c');
    stage.take('b', 2);
    const reply = (message: string): string =>
      typesOf(
        stage.do(agent('b'), 'message.reply', {
          inbox: stage.id('b'),
          message,
          processingMs: 0,
          text: '!',
        }),
      );
    assert.equal(reply(asked), 'message.sent message.handled');
    assert.equal(reply(other), 'message.sent message.deferred message.handled');
  });

  it('drops what is past its time, but not what somebody works on', () => {
    const stage = stageOf({ handleMs: 2_000 });
    const busy = stage.send('a', 'b', { expiresInMs: 1_000 });
    stage.take('b');
    stage.send('a', 'b', { expiresInMs: 1_000 });
    assert.equal(sweep(stage), '');
    stage.ledger.clock.ms += 1_000;
    assert.equal(sweep(stage), 'message.expired');
    assert.equal(sweep(stage), '');
    assert.ok(Array.isArray(ack(stage, busy)));
    assert.deepEqual([stage.inbox('b').expired, stage.inbox('b').handled], [1, 1]);
  });

  it('gives the alarm once when no answer came in time, and says how far it got', () => {
    const stage = stageOf({ handleMs: 5_000 });
    stage.send('a', 'b', { answerInMs: 1_000 });
    stage.take('b');
    stage.send('a', 'b', { answerInMs: 1_000, priority: 'low' });
    assert.equal(sweep(stage), '');
    stage.ledger.clock.ms += 1_000;
    const alarms = stage.do(system, 'inbox.sweep', { inbox: stage.id('b') });
    const states = alarms.map((each) => each.type === 'message.unanswered' && each.data.state);
    assert.deepEqual(states, ['delivered', 'waiting']);
    assert.equal(sweep(stage), '');
  });

  it('lets nobody but the node receive, assign, or take in what was deferred', () => {
    const stage = stageOf();
    const head = { message: stage.ledger.newId(), from: 'x@0', sentAt: '2026-11-21T00:00:00.000Z' };
    const to = `agent:${stage.id('b')}`;
    refusedWith(stage.say(agent('b'), 'message.receive', { ...head, to }), 'unauthorized');
    refusedWith(
      stage.say(human, 'message.assign', { ...head, skill: 's', attempt: 1, not: [], cause: 'x' }),
      'unauthorized',
    );
    refusedWith(
      stage.say(human, 'message.take-deferred', { ...head, inbox: to, event: 'e', after: 'e' }),
      'unauthorized',
    );
    refusedWith(
      stage.say(agent('b'), 'message.import', { from: 'x', to: 'b', text: '', handled: false }),
      'unauthorized',
    );
    assert.equal(typesOf(stage.do(system, 'message.receive', { ...head, to })), 'message.received');
  });
});
