/** The contract of the bus about groups: exactly one member, in turns, whoever comes and goes. */
import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import type { BusSubscription } from '../bus.ts';
import {
  counted,
  known,
  listen,
  listenStuck,
  makeMessage,
  sendNumbers,
  settle,
  until,
  type BusCheck,
  type Listener,
  type Stage,
} from './stage.ts';

const ascending = (bodies: readonly unknown[]): unknown[] =>
  bodies.toSorted((a, b) => Number(a) - Number(b));

const allBodies = (listeners: readonly Listener[]): unknown[] =>
  listeners.flatMap(({ bodies }) => bodies);

async function reachesOneMember(stage: Stage): Promise<void> {
  const { bus, sender, topic } = stage;
  const groups = ['coders', 'critics'].map((group) =>
    [bus, bus, sender].map((each) => listen(each, topic('a'), { group })),
  );
  const lone = listen(bus, topic('a'));
  await known(stage);
  await known(stage, sender);
  await sendNumbers(sender, topic('a'), 60);
  await until(stage, 'all messages in both groups, and alone', () =>
    [...groups, [lone]].every((members) => allBodies(members).length >= 60),
  );
  await settle(stage);
  for (const members of groups) assert.deepEqual(ascending(allBodies(members)), counted(60));
  assert.deepEqual(lone.bodies, counted(60));
}

async function takesTurns(stage: Stage): Promise<void> {
  const { bus, sender, topic } = stage;
  const members = counted(3).map(() => listen(bus, topic('a'), { group: 'coders' }));
  await known(stage);
  await sendNumbers(sender, topic('a'), 300);
  await until(stage, 'all messages', () => allBodies(members).length === 300);
  for (const { bodies } of members) {
    assert.ok(bodies.length >= 50, `a member got ${bodies.length} of 300`);
  }
}

async function passesOverStuck(stage: Stage): Promise<void> {
  const { bus, sender, topic } = stage;
  const stuck = listenStuck(bus, topic('a'), { group: 'coders', maxWaiting: 3 });
  const quick = listen(bus, topic('a'), { group: 'coders' });
  await known(stage);
  await sendNumbers(sender, topic('a'), 100);
  await until(stage, 'what the stuck member leaves', () => quick.bodies.length >= 96);
  assert.equal(stuck.subscription.dropped(), 0, 'dropped by the stuck member');
  stuck.release();
  await until(stage, 'all messages', () => allBodies([stuck, quick]).length === 100);
  assert.deepEqual(ascending(allBodies([stuck, quick])), counted(100));
}

/** Members come and go all the time; one stays. Nobody knows what was on its way to who left. */
async function onceUnderChurn(stage: Stage): Promise<void> {
  const { bus, sender, topic } = stage;
  const handled: unknown[] = [];
  const options = { group: 'coders', maxWaiting: 10_000 };
  const join = (each: number): BusSubscription =>
    (each % 2 === 0 ? bus : sender).subscribe(
      topic('a'),
      async ({ body }) => {
        if (each % 3 === 0) await turn();
        handled.push(body);
      },
      options,
    );
  join(0);
  await known(stage);
  const guests: BusSubscription[] = [];
  for (const body of counted(2_000)) {
    const sent = sender.publish(makeMessage(topic('a'), body));
    if (body % 7 === 0) guests.push(join(body));
    if (body % 11 === 0) guests.shift()?.close();
    if (body % 5 === 0) await sent;
  }
  for (const guest of guests) guest.close();
  await settle(stage);
  const calm = counted(200).map((body) => body + 2_000);
  for (const body of calm) await sender.publish(makeMessage(topic('a'), body));
  await until(stage, 'all messages after the churn', () => handled.includes(calm.at(-1)));
  await settle(stage);
  assert.equal(new Set(handled).size, handled.length, 'a message came twice');
  assert.deepEqual(
    calm.filter((body) => !handled.includes(body)),
    [],
    'lost in calm times',
  );
}

/** The checks. */
export const groupChecks: readonly BusCheck[] = [
  { name: 'of each group exactly one member gets a message', run: reachesOneMember },
  { name: 'members of a group take turns', run: takesTurns },
  { name: 'a member that is stuck is passed over', run: passesOverStuck },
  { name: 'no message comes twice while members come and go', run: onceUnderChurn },
];
