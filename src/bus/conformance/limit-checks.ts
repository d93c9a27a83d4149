/** The contract of the bus about what is bounded and what is refused. */
import assert from 'node:assert/strict';
import { SkeinError } from '#protocol/errors.ts';
import type { SubscribeOptions } from '../bus.ts';
import { MAX_WAITING, MAX_WAITING_BYTES } from '../delivery-queue.ts';
import { MAX_BODY_BYTES } from '../wire-message.ts';
import {
  counted,
  known,
  listen,
  listenStuck,
  makeMessage,
  refuses,
  sendNumbers,
  settle,
  until,
  type BusCheck,
  type Stage,
  type StuckListener,
} from './stage.ts';

/** A body whose JSON has so many bytes: two of them are its quotes. */
const bodyOf = (sizeBytes: number): string => 'x'.repeat(sizeBytes - 2);

/** A subscription whose handler is at work on a first message, and does not come back. */
async function makeStuck(stage: Stage, options: SubscribeOptions = {}): Promise<StuckListener> {
  const { bus, sender, topic } = stage;
  const stuck = listenStuck(bus, topic('a'), options);
  await known(stage);
  await sender.publish(makeMessage(topic('a'), 'first'));
  await until(stage, 'the stuck handler at work', () => stuck.bodies.length === 1);
  return stuck;
}

async function dropsWhatDoesNotFit(stage: Stage): Promise<void> {
  const { bus, sender, topic } = stage;
  const told: number[] = [];
  const overflow = (dropped: number): void => {
    told.push(dropped);
    throw new SkeinError('internal', 'overflow');
  };
  const stuck = await makeStuck(stage, { maxWaiting: 5, overflow });
  const other = listen(bus, topic('a'));
  await known(stage);
  await sendNumbers(sender, topic('a'), 100);
  await until(stage, 'all messages at the other', () => other.bodies.length === 100);
  const { subscription } = stuck;
  await until(stage, 'the overflow', () => told.at(-1) === 95);
  assert.deepEqual([subscription.waiting(), subscription.dropped()], [5, 95]);
  assert.ok(
    told.every((count, index) => count > (told[index - 1] ?? 0)),
    `told ${told.join()}`,
  );
  stuck.release();
  await until(stage, 'what waited', () => stuck.bodies.length === 6);
  await settle(stage);
  assert.deepEqual(stuck.bodies, ['first', ...counted(5)]);
  assert.deepEqual([subscription.waiting(), other.subscription.dropped()], [0, 0]);
  assert.equal(stage.reported().length, told.length, 'an overflow that throws is reported');
}

async function boundsByDefault(stage: Stage): Promise<void> {
  const { sender, topic } = stage;
  const stuck = await makeStuck(stage);
  await sendNumbers(sender, topic('a'), 1_010);
  await until(stage, 'the overflow', () => stuck.subscription.dropped() === 10);
  assert.equal(stuck.subscription.waiting(), 1_000);
}

async function boundsBytes(stage: Stage): Promise<void> {
  const { sender, topic } = stage;
  const stuck = await makeStuck(stage);
  const fit = MAX_WAITING_BYTES / MAX_BODY_BYTES;
  const large = makeMessage(topic('a'), bodyOf(MAX_BODY_BYTES));
  for (let count = 0; count < fit + 3; count += 1) await sender.publish(large);
  await until(stage, 'the overflow', () => stuck.subscription.dropped() === 3);
  assert.equal(stuck.subscription.waiting(), fit);
}

async function takesPlainJson(stage: Stage): Promise<void> {
  const { bus, sender, topic } = stage;
  const { bodies } = listen(bus, topic('a'));
  await known(stage);
  const refused = [undefined, Number.NaN, 1n, () => 1, new Date(0), new Map(), [undefined]];
  for (const body of refused) {
    const message = makeMessage(topic('a'), body);
    await refuses(() => sender.publish(message), 'message-invalid');
    await refuses(() => sender.request(message, stage.limitMs), 'message-invalid');
  }
  for (const field of ['id', 'from', 'sentAt']) {
    for (const bad of ['', 'x'.repeat(129), undefined]) {
      const message = { ...makeMessage(topic('a'), 0), [field]: bad };
      await refuses(() => sender.publish(message), 'message-invalid');
    }
  }
  await sender.publish(makeMessage(topic('a'), { left: undefined, out: null }));
  await until(stage, 'the one that is plain', () => bodies.length > 0);
  await settle(stage);
  assert.deepEqual(bodies, [{ out: null }]);
}

async function boundsBodies(stage: Stage): Promise<void> {
  const { bus, sender, topic } = stage;
  const { bodies } = listen(bus, topic('a'));
  await known(stage);
  const two = 'ü'.repeat(MAX_BODY_BYTES / 2);
  for (const body of [bodyOf(MAX_BODY_BYTES + 1), two, bodyOf(100 * MAX_BODY_BYTES)]) {
    const message = makeMessage(topic('a'), body);
    await refuses(() => sender.publish(message), 'payload-too-large');
    await refuses(() => sender.request(message, stage.limitMs), 'payload-too-large');
  }
  await sender.publish(makeMessage(topic('a'), bodyOf(MAX_BODY_BYTES)));
  await until(stage, 'the one that fits', () => bodies.length > 0);
  await settle(stage);
  assert.deepEqual(bodies, [bodyOf(MAX_BODY_BYTES)]);
}

async function refusesSubjects(stage: Stage): Promise<void> {
  const { bus, topic } = stage;
  for (const subject of [
    '',
    'skein',
    'skein.>',
    `${topic('a')}.b`,
    topic('a').replace(/a$/, '*'),
  ]) {
    const message = makeMessage(subject, 0);
    await refuses(() => bus.publish(message), 'subject-invalid');
    await refuses(() => bus.request(message, stage.limitMs), 'subject-invalid');
    await refuses(() => bus.subscribe(subject, () => 0), 'subject-invalid');
  }
  for (const group of ['', 'a b', 'a.b', '*']) {
    await refuses(() => bus.subscribe(topic('a'), () => 0, { group }), 'subject-invalid');
  }
}

async function refusesNumbers(stage: Stage): Promise<void> {
  const { bus, topic } = stage;
  listen(bus, topic('a'));
  for (const wrong of [0, -1, 1.5, Number.NaN, Infinity, 100 * MAX_WAITING]) {
    await refuses(() => bus.subscribe(topic('a'), () => 0, { maxWaiting: wrong }), 'usage');
    await refuses(() => bus.request(makeMessage(topic('a'), 0), wrong), 'usage');
  }
}

/** The checks. */
export const limitChecks: readonly BusCheck[] = [
  {
    name: 'what does not fit is dropped, counted and told; others notice nothing',
    run: dropsWhatDoesNotFit,
  },
  { name: '1,000 messages may wait when the subscriber does not say', run: boundsByDefault },
  { name: 'at most 8 MB of bodies may wait', run: boundsBytes },
  { name: 'what is not plain JSON is refused', run: takesPlainJson },
  { name: 'bodies of more than 256 kB are refused', run: boundsBodies },
  { name: 'subjects and groups of another form are refused', run: refusesSubjects },
  { name: 'limits that are none are refused', run: refusesNumbers },
];
