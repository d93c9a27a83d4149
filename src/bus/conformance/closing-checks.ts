/** The contract of the bus about its ends: of a subscription, of a connection, of who was asked. */
import assert from 'node:assert/strict';
import {
  ask,
  counted,
  known,
  listen,
  listenStuck,
  makeMessage,
  refuses,
  sendNumbers,
  settle,
  until,
  within,
  type BusCheck,
  type Stage,
} from './stage.ts';

async function dropsWhatWaits(stage: Stage): Promise<void> {
  const { bus, sender, topic } = stage;
  const stuck = listenStuck(bus, topic('a'));
  await known(stage);
  const answer = ask(stage, 'asked');
  await until(stage, 'the request at work', () => stuck.bodies.length === 1);
  await sendNumbers(sender, topic('a'), 5);
  await until(stage, 'five that wait', () => stuck.subscription.waiting() === 5);
  stuck.subscription.close();
  assert.equal(stuck.subscription.waiting(), 0, 'waiting after it was closed');
  stuck.subscription.close();
  stuck.release();
  assert.equal(await answer, 'asked', 'what was being handled goes on');
  await settle(stage);
  assert.deepEqual(stuck.bodies, ['asked']);
  assert.equal(stuck.subscription.dropped(), 0, 'dropped is what did not fit');
}

async function endsWaitingRequests(stage: Stage): Promise<void> {
  const { bus, sender, topic } = stage;
  const stuck = listenStuck(bus, topic('a'));
  await known(stage);
  await sender.publish(makeMessage(topic('a'), 'first'));
  const timeoutMs = Math.ceil(stage.limitMs / 4);
  const ended = assert.rejects(ask(stage, 0, timeoutMs), ({ name }: Error) =>
    ['no-responder', 'request-timeout'].includes(name),
  );
  await until(
    stage,
    'a request that waits',
    () => stuck.bodies.length === 1 && stuck.subscription.waiting() === 1,
  );
  stuck.subscription.close();
  await within(stage, 'the end of the request', ended);
  stuck.release();
  await settle(stage);
  assert.deepEqual(stuck.bodies, ['first']);
}

async function closesForGood(stage: Stage): Promise<void> {
  const { bus, topic } = stage;
  const stuck = listenStuck(bus, topic('a'));
  const ended = refuses(() => ask(stage, 'asked', stage.limitMs, bus), 'bus-closed');
  await until(stage, 'the request at work', () => stuck.bodies.length === 1);
  await bus.publish(makeMessage(topic('a'), 'waits'));
  await bus.close();
  await within(stage, 'the end of the request', ended);
  const message = makeMessage(topic('a'), 0);
  await refuses(() => bus.publish(message), 'bus-closed');
  await refuses(() => bus.request(message, stage.limitMs), 'bus-closed');
  await refuses(() => bus.subscribe(topic('a'), () => 0), 'bus-closed');
  await bus.close();
  stuck.release();
  assert.equal(stuck.subscription.waiting(), 0);
}

async function closesAlone(stage: Stage): Promise<void> {
  const { bus, sender, topic } = stage;
  const gone = listen(bus, topic('a'));
  const stays = listen(sender, topic('a'));
  const shared = [bus, sender].map((each) => listen(each, topic('b'), { group: 'coders' }));
  await known(stage);
  await known(stage, sender);
  await bus.close();
  await assert.doesNotReject(sendNumbers(sender, topic('a'), 5));
  await assert.doesNotReject(sendNumbers(sender, topic('b'), 10));
  await until(
    stage,
    'all messages',
    () => stays.bodies.length === 5 && shared[1]?.bodies.length === 10,
  );
  assert.deepEqual([gone.bodies, stays.bodies], [[], counted(5)]);
  assert.deepEqual(shared[0]?.bodies, []);
}

/** The checks. */
export const closingChecks: readonly BusCheck[] = [
  {
    name: 'a subscription that closes drops what waits and ends what it does',
    run: dropsWhatWaits,
  },
  { name: 'a request that waits where nobody is left ends', run: endsWaitingRequests },
  { name: 'after close everything throws bus-closed, and so does what waits', run: closesForGood },
  { name: 'closing one connection leaves the others at work', needsTwo: true, run: closesAlone },
];
