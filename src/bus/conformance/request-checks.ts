/** The contract of the bus about requests: one responder, its answer, and every way to get none. */
import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { SkeinError } from '#protocol/errors.ts';
import type { BusMessage } from '../bus.ts';
import { MAX_BODY_BYTES } from '../wire-message.ts';
import {
  ask,
  counted,
  known,
  listenStuck,
  makeMessage,
  refuses,
  until,
  within,
  type BusCheck,
  type Stage,
} from './stage.ts';

/** Long enough for every carrier to ask, short enough to wait for. */
const SHORT_MS = 30;

async function answers(stage: Stage): Promise<void> {
  const { bus, sender, topic } = stage;
  const got: BusMessage[] = [];
  const kept: unknown[] = [];
  bus.subscribe(topic('a'), (message) => {
    got.push(message);
    if (message.body === 'nothing') return undefined;
    const answer = { to: message.body, left: undefined };
    kept.push(answer);
    return message.body === 'now' ? answer : Promise.resolve(answer);
  });
  await known(stage);
  const message = makeMessage(topic('a'), 'now');
  const first = await sender.request(message, stage.limitMs);
  assert.deepEqual(got, [message]);
  assert.deepEqual(first, { to: 'now' });
  assert.notEqual(first, kept[0], "the answer is the responder's own object");
  assert.deepEqual(await ask(stage, 'later'), { to: 'later' });
  assert.equal(await ask(stage, 'nothing'), null);
}

async function asksOne(stage: Stage): Promise<void> {
  const { bus, sender, topic } = stage;
  const handled: unknown[] = [];
  for (const [each, group] of [[bus], [sender], [bus, 'coders'], [sender, 'coders']] as const) {
    const options = group === undefined ? {} : { group };
    each.subscribe(topic('a'), ({ body }) => handled.push(body), options);
  }
  await known(stage);
  await known(stage, sender);
  for (const body of counted(40)) await ask(stage, body);
  await known(stage);
  assert.deepEqual(handled, counted(40));
}

async function keepsAnswersApart(stage: Stage): Promise<void> {
  const { bus, topic } = stage;
  for (const each of counted(3)) {
    const echo = async ({ body }: BusMessage): Promise<unknown> => {
      for (const _ of counted(each)) await turn();
      return body;
    };
    bus.subscribe(topic('a'), echo, { group: 'coders' });
  }
  await known(stage);
  let got: unknown[] = [];
  const all = Promise.all(counted(200).map((body) => ask(stage, body)));
  await within(
    stage,
    'all answers',
    all.then((every) => void (got = every)),
  );
  assert.deepEqual(got, counted(200));
}

async function keepsOrder(stage: Stage): Promise<void> {
  const { bus, sender, topic } = stage;
  const handled: unknown[] = [];
  bus.subscribe(topic('a'), ({ body }) => void handled.push(body));
  await known(stage);
  const sent = counted(100).map((body) =>
    body % 3 === 0 ? ask(stage, body) : sender.publish(makeMessage(topic('a'), body)),
  );
  await Promise.all(sent);
  await until(stage, 'all messages', () => handled.length === 100);
  assert.deepEqual(handled, counted(100));
}

async function findsNobody(stage: Stage): Promise<void> {
  await refuses(() => ask(stage, 0), 'no-responder');
  const subscription = stage.bus.subscribe(stage.topic('a'), () => 1);
  await known(stage);
  assert.equal(await ask(stage, 0), 1);
  subscription.close();
  await known(stage);
  await refuses(() => ask(stage, 0), 'no-responder');
}

async function timesOut(stage: Stage): Promise<void> {
  const stuck = listenStuck(stage.bus, stage.topic('a'));
  await known(stage);
  const late = refuses(() => ask(stage, 'late', SHORT_MS), 'request-timeout');
  await within(stage, 'the time-out', late);
  const next = ask(stage, 'next');
  stuck.release();
  assert.equal(await next, 'next', 'the late answer of another request');
}

async function passesErrors(stage: Stage): Promise<void> {
  const { bus, topic } = stage;
  const own = new SkeinError('path-held', 'Cannot edit a.ts: it is held', {
    fix: 'Ask its holder.',
    details: { holder: 'agent:coder-1' },
  });
  bus.subscribe(topic('a'), ({ body }) => {
    if (body === 'now') throw own;
    return Promise.reject(body === 'later' ? own : new TypeError('broken'));
  });
  await known(stage);
  const { name, code, message, fix, details } = own;
  for (const body of ['now', 'later']) {
    await assert.rejects(() => ask(stage, body), { name, code, message, fix, details });
  }
  assert.deepEqual(stage.reported(), [], 'a refusal is an answer');
  await assert.rejects(() => ask(stage, 'other'), { name: 'internal', message: /broken/ });
  await until(stage, 'a report', () => stage.reported().length === 1);
}

async function boundsAnswers(stage: Stage): Promise<void> {
  const { bus, topic } = stage;
  const large = 'x'.repeat(MAX_BODY_BYTES);
  bus.subscribe(topic('a'), ({ body }) => {
    if (body === 'large') return large;
    if (body === 'date') return new Date(0);
    throw new SkeinError('conflict', large, { fix: large, details: { large } });
  });
  await known(stage);
  await refuses(() => ask(stage, 'large'), 'payload-too-large');
  await refuses(() => ask(stage, 'date'), 'message-invalid');
  await assert.rejects(
    () => ask(stage, 'error'),
    ({ name, message }: Error) => {
      assert.equal(name, 'conflict');
      return message.length < MAX_BODY_BYTES;
    },
  );
}

async function findsNoRoom(stage: Stage): Promise<void> {
  const stuck = listenStuck(stage.bus, stage.topic('a'), { maxWaiting: 1 });
  await known(stage);
  const first = ask(stage, 'first');
  await until(stage, 'the first request at work', () => stuck.bodies.length === 1);
  const second = ask(stage, 'second');
  await until(stage, 'the second request waiting', () => stuck.subscription.waiting() === 1);
  await refuses(() => ask(stage, 'third'), 'inbox-full');
  assert.equal(stuck.subscription.dropped(), 1);
  stuck.release();
  assert.deepEqual(await Promise.all([first, second]), ['first', 'second']);
}

/** The checks. */
export const requestChecks: readonly BusCheck[] = [
  { name: 'a request is answered with what the handler returned', run: answers },
  { name: 'a request goes to one responder', run: asksOne },
  { name: 'each of many requests gets its own answer', run: keepsAnswersApart },
  { name: 'requests and messages of a sender keep their order', run: keepsOrder },
  { name: 'a request to nobody finds no responder', run: findsNobody },
  { name: 'a request times out, and its late answer harms nobody', run: timesOut },
  {
    name: 'a SkeinError of the handler reaches who asked, all else is internal',
    run: passesErrors,
  },
  { name: 'answers keep the limits of bodies', run: boundsAnswers },
  { name: 'a request to who has no room is told so', run: findsNoRoom },
];
