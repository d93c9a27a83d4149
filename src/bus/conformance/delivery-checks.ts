/** The contract of the bus about who gets a message, in which order, and undisturbed by others. */
import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { SkeinError } from '#protocol/errors.ts';
import type { BusMessage } from '../bus.ts';
import {
  counted,
  known,
  listen,
  makeMessage,
  sendNumbers,
  settle,
  until,
  type BusCheck,
  type Stage,
} from './stage.ts';

const MANY = 10_000;

async function reachesAll(stage: Stage): Promise<void> {
  const { bus, sender, topic } = stage;
  const got: BusMessage[] = [];
  for (const listener of [bus, bus, sender]) {
    listener.subscribe(topic('a'), (message) => void got.push(message));
  }
  const elsewhere = listen(bus, topic('b'));
  await known(stage);
  const message = makeMessage(topic('a'), {
    text: 'ü🪿\u0000',
    list: [1.5, null, true, { a: {} }],
  });
  await sender.publish(message);
  await until(stage, 'the message, three times', () => got.length >= 3);
  await settle(stage);
  assert.deepEqual(got, [message, message, message]);
  assert.deepEqual(elsewhere.bodies, [], 'another subject');
}

async function countsFromToTo(stage: Stage): Promise<void> {
  const { bus, sender, topic } = stage;
  const early = listen(bus, topic('a'));
  await known(stage);
  await sender.publish(makeMessage(topic('a'), 'before'));
  await until(stage, 'the first message', () => early.bodies.length > 0);
  const late = listen(bus, topic('a'));
  await known(stage);
  early.subscription.close();
  await known(stage);
  await sender.publish(makeMessage(topic('a'), 'after'));
  await until(stage, 'the second message', () => late.bodies.length > 0);
  await settle(stage);
  assert.deepEqual([early.bodies, late.bodies], [['before'], ['after']]);
}

async function keepsOrder(stage: Stage): Promise<void> {
  const { bus, sender, topic } = stage;
  const got: Record<string, unknown[]> = { bus: [], sender: [] };
  bus.subscribe(topic('a'), ({ from, body }) => got[from]?.push(body), { maxWaiting: 2 * MANY });
  await known(stage);
  const senders = Object.entries({ bus, sender });
  const sent = counted(MANY).flatMap((body) =>
    senders.map(([from, each]) => each.publish(makeMessage(topic('a'), body, from))),
  );
  await Promise.all(sent);
  await until(
    stage,
    'all messages',
    () => got['bus']?.length === MANY && got['sender']?.length === MANY,
  );
  for (const [from] of senders) {
    // Not deepEqual: to show the difference of two such lists takes it seconds.
    const wrong = got[from]?.findIndex((body, place) => body !== place);
    assert.equal(wrong, -1, `the first of ${from} that is out of order`);
  }
}

async function oneAtATime(stage: Stage): Promise<void> {
  const { bus, sender, topic } = stage;
  let [inside, most, handled] = [0, 0, 0];
  const slow = async (): Promise<void> => {
    inside += 1;
    most = Math.max(most, inside);
    await turn();
    inside -= 1;
    handled += 1;
  };
  bus.subscribe(topic('a'), slow);
  await known(stage);
  await sendNumbers(sender, topic('a'), 100);
  await until(stage, 'all messages', () => handled === 100);
  assert.equal(most, 1, 'handlers at work at the same time');
}

async function neverInside(stage: Stage): Promise<void> {
  const { bus, topic } = stage;
  const seen: boolean[] = [];
  let inside = false;
  bus.subscribe(topic('a'), () => void seen.push(inside));
  inside = true;
  const published = bus.publish(makeMessage(topic('a'), 0));
  const answered = bus.request(makeMessage(topic('a'), 0), stage.limitMs);
  inside = false;
  await Promise.all([published, answered]);
  await until(stage, 'both messages', () => seen.length === 2);
  assert.deepEqual(seen, [false, false]);
}

async function survivesThrowing(stage: Stage): Promise<void> {
  const { bus, sender, topic } = stage;
  const handled: unknown[] = [];
  bus.subscribe(topic('a'), ({ body }) => {
    handled.push(body);
    if (body === 0) throw new SkeinError('conflict', 'at once');
    return body === 1 ? Promise.reject(new TypeError('later')) : undefined;
  });
  const other = listen(bus, topic('a'));
  await known(stage);
  await sendNumbers(sender, topic('a'), 3);
  await until(stage, 'all messages', () => handled.length === 3 && other.bodies.length === 3);
  assert.deepEqual([handled, other.bodies], [counted(3), counted(3)]);
  await until(stage, 'two reports', () => stage.reported().length === 2);
  const causes = stage.reported().map(({ cause }) => (cause as Error).message);
  assert.deepEqual(causes, ['at once', 'later']);
}

async function keepsBodiesApart(stage: Stage): Promise<void> {
  const { bus, sender, topic } = stage;
  const seen: string[] = [];
  for (const name of ['first', 'second']) {
    bus.subscribe(topic('a'), ({ body }) => {
      seen.push(JSON.stringify(body));
      (body as { list: unknown[] }).list.push(name);
    });
  }
  await known(stage);
  const body: { list: unknown[]; later?: true } = { list: [{}] };
  const sent = sender.publish(makeMessage(topic('a'), body));
  body.later = true;
  await sent;
  await until(stage, 'both messages', () => seen.length === 2);
  assert.deepEqual(seen, ['{"list":[{}]}', '{"list":[{}]}']);
  assert.deepEqual(body, { list: [{}], later: true });
  assert.deepEqual(stage.reported(), [], 'a receiver may change what it got');
}

/** The checks. */
export const deliveryChecks: readonly BusCheck[] = [
  { name: 'a message reaches all who are subscribed, as it was sent', run: reachesAll },
  { name: 'a subscription counts from its beginning to its end', run: countsFromToTo },
  { name: '10,000 messages of each sender come in the order of sending', run: keepsOrder },
  { name: 'a handler has one message at a time', run: oneAtATime },
  { name: 'a handler is never called from inside publish or request', run: neverInside },
  {
    name: 'a handler that throws loses its own message only, and is reported',
    run: survivesThrowing,
  },
  { name: 'what one does to a body nobody else sees', run: keepsBodiesApart },
];
