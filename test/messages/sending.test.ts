/** Who gets what is sent within one node, and what is refused. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_TEXT_BYTES } from '#bus/inbox/decisions/send-decider.ts';
import { SkeinError, type ErrorName } from '#protocol/errors.ts';
import { human } from '../support/test-ledger.ts';
import { agent, makeBusStage, system, type BusStage } from './bus-stage.ts';

const refusedWith = (said: unknown, name: ErrorName): SkeinError => {
  assert.ok(said instanceof SkeinError, 'it was not refused');
  assert.equal(said.name, name, said.message);
  return said;
};

const typesOf = (events: readonly { readonly type: string }[]): string =>
  events.map(({ type }) => type).join(' ');

function stageOf(...names: readonly string[]): BusStage {
  const stage = makeBusStage();
  for (const name of names) stage.register(name);
  return stage;
}

describe('sending to an agent', () => {
  it('records the message and that it was received in one commit, under the id of the command', () => {
    const stage = stageOf('a', 'b');
    const id = stage.ledger.newId();
    const events = stage.do(agent('a'), 'message.send', { to: 'b', text: 'hello' }, id);
    assert.equal(typesOf(events), 'message.sent message.received');
    const [sent] = events;
    assert.equal(sent?.id, id);
    assert.equal(sent.subject, `message/${id}`);
    assert.deepEqual((sent.data as { to: string }).to, `agent:${stage.id('b')}`);
    const [waiting] = stage.inbox('b').waiting;
    assert.deepEqual(
      [waiting?.message, waiting?.from, waiting?.priority],
      [id, stage.id('a'), 'normal'],
    );
  });

  it('sends once what is sent twice under one id', () => {
    const stage = stageOf('a', 'b');
    const id = stage.send('a', 'b');
    assert.deepEqual(stage.do(agent('a'), 'message.send', { to: 'b', text: 'hello' }, id), []);
    stage.take('b');
    stage.do(agent('b'), 'message.ack', { inbox: stage.id('b'), message: id, processingMs: 1 });
    assert.deepEqual(stage.do(agent('a'), 'message.send', { to: 'b', text: 'hello' }, id), []);
    assert.equal(stage.inbox('b').received, 1);
  });

  it('knows who spoke by the door, whatever the input says', () => {
    const stage = stageOf('a', 'b');
    stage.do(agent('a'), 'message.send', { to: 'b', text: 'x', from: stage.id('b') });
    stage.do(human, 'message.send', { to: 'b', text: 'x' });
    const from = stage.inbox('b').waiting.map((each) => each.from);
    assert.deepEqual(from, [stage.id('a'), stage.id('person')]);
  });

  it('refuses who is not there, who is retired, and a name that is none', () => {
    const stage = stageOf('a', 'b');
    refusedWith(stage.say(agent('a'), 'message.send', { to: 'c', text: '' }), 'not-found');
    stage.do(human, 'agent.retire', { name: 'b', reason: 'old' });
    refusedWith(stage.say(agent('a'), 'message.send', { to: 'b', text: '' }), 'not-found');
    refusedWith(stage.say(agent('a'), 'message.send', { to: 'b*', text: '' }), 'subject-invalid');
    refusedWith(stage.say(agent('a'), 'message.send', { to: 'mission:m', text: '' }), 'usage');
  });

  it('refuses a text that is too long, and one whose time is over', () => {
    const stage = stageOf('a', 'b');
    const send = (more: object): unknown =>
      stage.say(agent('a'), 'message.send', { to: 'b', text: 'x', ...more });
    assert.ok(Array.isArray(send({ text: 'x'.repeat(MAX_TEXT_BYTES) })));
    refusedWith(send({ text: 'ü'.repeat(MAX_TEXT_BYTES / 2 + 1) }), 'payload-too-large');
    refusedWith(send({ expiresInMs: 0 }), 'message-expired');
    refusedWith(send({ answerInMs: 1e15 }), 'usage');
  });

  it('refuses what has no room, and keeps room for what is more urgent', () => {
    const stage = makeBusStage();
    stage.register('a');
    stage.register('b', { limit: 4 });
    const send = (priority: string): unknown =>
      stage.say(agent('a'), 'message.send', { to: 'b', text: 'x', priority });
    for (const priority of ['low', 'low', 'normal'])
      assert.ok(Array.isArray(send(priority)), priority);
    assert.equal(refusedWith(send('low'), 'inbox-full').retryable, true);
    refusedWith(send('normal'), 'inbox-full');
    refusedWith(send('high'), 'inbox-full');
    assert.ok(Array.isArray(send('critical')));
    refusedWith(send('critical'), 'inbox-full');
    assert.equal(stage.inbox('b').waiting.length, 4);
  });
});

describe('sending to a topic', () => {
  it('reaches all who listen, but not who said it, and who is full later', () => {
    const stage = makeBusStage();
    for (const name of ['a', 'b', 'c']) stage.register(name, { topics: ['t'], limit: 4 });
    stage.register('d');
    for (let count = 0; count < 3; count += 1) stage.send('d', 'c');
    const events = stage.do(agent('a'), 'message.send', { to: 'topic:t', text: 'x' });
    assert.equal(typesOf(events), 'message.sent message.received message.deferred');
    const counts = ['a', 'b', 'c', 'd'].map((name) => stage.inbox(name).waiting.length);
    assert.deepEqual(counts, [0, 1, 3, 0]);
    assert.equal(stage.inbox('c').deferred.normal?.count, 1);
  });

  it('is on the record when nobody listens', () => {
    const stage = stageOf('a');
    assert.equal(
      typesOf(stage.do(agent('a'), 'message.send', { to: 'topic:t', text: 'x' })),
      'message.sent',
    );
  });
});

describe('sending to a group', () => {
  const groupOf = (limit = 100): BusStage => {
    const stage = makeBusStage();
    stage.register('a');
    for (const name of ['x', 'y', 'z']) stage.register(name, { skills: ['s'], limit });
    return stage;
  };
  const counts = (stage: BusStage): number[] =>
    ['x', 'y', 'z'].map((name) => stage.inbox(name).waiting.length);

  it('reaches exactly one, and shares the work evenly', () => {
    const stage = groupOf();
    const events = stage.do(agent('a'), 'message.send', { to: 'skill:s', text: 'x' });
    assert.equal(typesOf(events), 'message.sent message.assigned message.received');
    for (let count = 0; count < 29; count += 1) stage.send('a', 'skill:s');
    assert.deepEqual(counts(stage), [10, 10, 10]);
  });

  it('prefers whom it is told to, if that one has the skill and room', () => {
    const stage = groupOf(4);
    const choose = [stage.id('a'), stage.id('y')];
    for (let count = 0; count < 3; count += 1) stage.send('a', 'skill:s', { choose });
    assert.deepEqual(counts(stage), [0, 3, 0]);
    stage.send('a', 'skill:s', { choose });
    assert.equal(counts(stage)[1], 3);
  });

  it('refuses when nobody has the skill, and when nobody has room', () => {
    const stage = groupOf(4);
    refusedWith(stage.say(agent('a'), 'message.send', { to: 'skill:q', text: '' }), 'not-found');
    for (let count = 0; count < 9; count += 1) stage.send('a', 'skill:s');
    refusedWith(stage.say(agent('a'), 'message.send', { to: 'skill:s', text: '' }), 'inbox-full');
    assert.deepEqual(counts(stage), [3, 3, 3]);
  });

  it('chooses another one for what an agent leaves behind, and leaves it what it works on', () => {
    const stage = groupOf();
    const choose = [stage.id('x')];
    for (let count = 0; count < 3; count += 1) stage.send('a', 'skill:s', { choose });
    stage.send('a', 'x');
    const [held] = stage.take('x');
    stage.do(human, 'agent.retire', { name: 'x', reason: 'done' });
    const left = stage.inbox('x').waiting.map((each) => [each.message === held, each.skill]);
    assert.deepEqual(left, [
      [true, 's'],
      [false, undefined],
    ]);
    assert.equal(
      counts(stage).reduce((sum, each) => sum + each) - stage.inbox('x').waiting.length,
      2,
    );
    // It never answers what it held: then that goes to another one too.
    stage.ledger.clock.ms += 60_000;
    stage.do(system, 'inbox.sweep', { inbox: stage.id('x') });
    assert.equal(
      counts(stage).reduce((sum, each) => sum + each) - stage.inbox('x').waiting.length,
      3,
    );
  });
});

describe('agents', () => {
  it('leave no trace when they say the same again, and change their card when they say otherwise', () => {
    const stage = makeBusStage();
    const card = { name: 'a', role: 'r', skills: ['s', 's'], topics: [], version: '1' };
    assert.equal(typesOf(stage.do(human, 'agent.register', card)), 'agent.registered inbox.opened');
    assert.deepEqual(stage.do(agent('a'), 'agent.register', card), []);
    assert.equal(
      typesOf(stage.do(human, 'agent.register', { ...card, version: '2' })),
      'agent.registered',
    );
    assert.equal(
      typesOf(stage.do(human, 'agent.register', { ...card, version: '2', limit: 9 })),
      'inbox.opened',
    );
    assert.equal(stage.inbox('a').handleMs, 60_000);
    stage.do(human, 'agent.retire', { name: 'a', reason: '' });
    assert.equal(typesOf(stage.do(human, 'agent.register', card)), 'agent.registered inbox.opened');
  });

  it('speak for themselves only', () => {
    const stage = stageOf('a', 'b');
    const card = { name: 'b', role: 'r', skills: [], topics: [] };
    refusedWith(stage.say(agent('a'), 'agent.register', card), 'unauthorized');
    refusedWith(stage.say(agent('a'), 'agent.retire', { name: 'b', reason: '' }), 'unauthorized');
    refusedWith(
      stage.say(human, 'agent.register', { ...card, skills: ['a b'] }),
      'subject-invalid',
    );
    refusedWith(stage.say(human, 'agent.register', { ...card, limit: 3 }), 'usage');
    refusedWith(stage.say(human, 'agent.register', { ...card, name: 'a@b' }), 'subject-invalid');
  });
});
