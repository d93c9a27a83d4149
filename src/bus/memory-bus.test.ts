/** The bus in memory keeps the contract; what is idle costs little, and nothing is left over. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { agentSubject, topicSubject } from '#protocol/subjects.ts';
import { describeBus } from './bus-conformance.ts';
import type { Bus, BusSubscription } from './bus.ts';
import { NODE_TIMERS, openMemory } from './conformance/open-memory.ts';
import { counted, listen, listenStuck, makeMessage, sendNumbers } from './conformance/stage.ts';
import { makeMemoryBus, type MemoryBus } from './memory-bus.ts';

const SPACE = '0'.repeat(32);
const TOPIC = topicSubject(SPACE, 'a');

describeBus('the bus in memory', openMemory);

/** A bus whose time passes when it is told to; `timers` are those that have not been cancelled. */
function makeSteppedBus() {
  const soon: (() => void)[] = [];
  const timers = new Set<() => void>();
  const bus = makeMemoryBus({
    soon: (callback) => void soon.push(callback),
    after: (_, callback) => {
      timers.add(callback);
      return () => void timers.delete(callback);
    },
    report: assert.ifError,
  });
  const step = async (): Promise<void> => {
    for (const callback of soon.splice(0)) callback();
    await turn();
  };
  return { bus, soon, timers, step };
}

describe('the bus in memory, step by step,', () => {
  it('does nothing but when it is called back, and asks for that only if there is work', async () => {
    const { bus, soon, step } = makeSteppedBus();
    const { bodies } = listen(bus, TOPIC);
    assert.equal(soon.length, 0);
    const sent = sendNumbers(bus, TOPIC, 3);
    await turn();
    assert.deepEqual([bodies, soon.length], [[], 1]);
    await step();
    await sent;
    assert.deepEqual([bodies, soon.length], [counted(3), 0]);
  });

  it('leaves no timer behind when a request was answered, was refused, or nobody is left', async () => {
    const { bus, timers, step } = makeSteppedBus();
    const stuck = listenStuck(bus, TOPIC, { maxWaiting: 1 });
    const ask = (): Promise<string> =>
      bus.request(makeMessage(TOPIC, 0), 1_000).then(
        () => 'answered',
        ({ name }: Error) => name,
      );
    const first = ask();
    await step();
    const ends = [first, ask(), ask()];
    assert.equal(timers.size, 2, 'the third found no room');
    stuck.subscription.close();
    assert.equal(timers.size, 1, 'the second has nobody left');
    stuck.release();
    await turn();
    assert.equal(timers.size, 0);
    assert.deepEqual(await Promise.all(ends), ['answered', 'no-responder', 'inbox-full']);
  });

  it('does not trouble a handler with a request that nobody waits for any more', async () => {
    const { bus, timers, step } = makeSteppedBus();
    const stuck = listenStuck(bus, TOPIC);
    const late = [0, 1].map((body) => bus.request(makeMessage(TOPIC, body), 1_000));
    const ended = Promise.allSettled(late);
    await step();
    for (const expire of timers) expire();
    const next = bus.request(makeMessage(TOPIC, 2), 1_000);
    stuck.release();
    await step();
    await step();
    assert.equal(await next, 2);
    assert.deepEqual(stuck.bodies, [0, 2], 'only the one that was at work already');
    assert.ok((await ended).every(({ status }) => status === 'rejected'));
  });
});

describe('the bus in memory', () => {
  // Twin: were turns microtasks, no timer would have had its turn before the end.
  for (const [soon, fires] of [
    [NODE_TIMERS.soon, true],
    [queueMicrotask, false],
  ] as const) {
    const name = fires ? 'leaves time for timers' : 'would not, if turns were microtasks';
    it(`${name}, while messages cause messages`, async () => {
      const { bus } = await openMemory({ soon });
      const { promise, resolve } = Promise.withResolvers<void>();
      let [rounds, fired] = [0, false];
      bus.subscribe(TOPIC, ({ body }) => {
        rounds += 1;
        if (fired || rounds > 20_000) resolve();
        else void bus.publish(makeMessage(TOPIC, body));
      });
      setTimeout(() => (fired = true), 1);
      await bus.publish(makeMessage(TOPIC, 0));
      await promise;
      assert.equal(fired, fires);
    });
  }

  // Twin: who does not wait does outrun them.
  for (const waits of [true, false]) {
    const who = waits ? 'does not let a sender that waits' : 'lets a sender that does not wait';
    it(`${who} outrun quick subscribers`, async () => {
      const { bus } = await openMemory();
      const later = async (): Promise<void> => await undefined;
      const subscriptions = [() => undefined, later].map((handle) =>
        bus.subscribe(TOPIC, handle, { maxWaiting: 10 }),
      );
      for (const body of counted(1_000)) {
        const sent = bus.publish(makeMessage(TOPIC, body));
        if (waits) await sent;
      }
      const dropped = subscriptions.map((each) => each.dropped());
      assert.deepEqual(dropped, waits ? [0, 0] : [990, 990]);
    });
  }

  it("gives a group's work to who is idle before it lets any wait behind long work", async () => {
    const { bus } = await openMemory();
    const options = { group: 'coders' };
    const busy = listenStuck(bus, TOPIC, options);
    const [first, second] = [listen(bus, TOPIC, options), listen(bus, TOPIC, options)];
    await bus.publish(makeMessage(TOPIC, 'long'));
    for (const body of counted(100)) await bus.publish(makeMessage(TOPIC, body));
    assert.deepEqual(busy.bodies, ['long']);
    assert.equal(busy.subscription.waiting(), 0);
    assert.deepEqual([first.bodies.length, second.bodies.length], [50, 50]);
    await sendNumbers(bus, TOPIC, 30);
    const waiting = busy.subscription.waiting();
    assert.ok(
      waiting >= 9 && waiting <= 10,
      `${waiting}: a share of what nobody can begin at once`,
    );
    busy.release();
  });

  it('goes on when who is told of failures fails', async () => {
    const report = (): never => {
      throw new TypeError('report');
    };
    const { bus } = await openMemory({ report });
    bus.subscribe(TOPIC, () => {
      throw new TypeError('handler');
    });
    const other = listen(bus, TOPIC);
    await sendNumbers(bus, TOPIC, 3);
    assert.deepEqual(other.bodies, counted(3));
  });

  it('loses of a group whose members come and go what waited at those who left, no more', async () => {
    const { bus } = await openMemory();
    const handled: unknown[] = [];
    const join = (): BusSubscription =>
      bus.subscribe(TOPIC, ({ body }) => void handled.push(body), { group: 'coders' });
    const members = [join()];
    let left = 0;
    for (const body of counted(3_000)) {
      const sent = bus.publish(makeMessage(TOPIC, body));
      if (body % 3 === 0) members.push(join());
      if (body % 4 === 0) {
        const leaving = members.splice(body % members.length, 1)[0];
        left += leaving?.waiting() ?? 0;
        leaving?.close();
      }
      if (body % 50 === 0) await sent;
    }
    await bus.publish(makeMessage(topicSubject(SPACE, 'b'), 'all have had a turn'));
    assert.ok(left > 0, 'some left with messages waiting');
    assert.equal(handled.length, 3_000 - left);
    assert.equal(new Set(handled).size, handled.length);
  });
});

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** How much the heap has grown after `work`, whose result is still in use. */
function growth(work: () => unknown): number {
  const used = (): number => {
    for (const _ of counted(3)) collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  const before = used();
  const kept = work();
  const after = used();
  assert.ok(kept !== undefined);
  return after - before;
}

describe('a thousand idle agents', () => {
  const MOST_BYTES = 900_000;
  const subscribeAll = (bus: Bus): BusSubscription[] =>
    counted(1_000).map((n) => bus.subscribe(agentSubject(SPACE, `agent:coder-${n}`), () => n));

  const warmBus = async (): Promise<MemoryBus> => {
    const { bus } = await openMemory();
    for (const subscription of subscribeAll(bus)) subscription.close();
    return bus;
  };

  it('cost less than 900 kB, and nothing when they have gone', async () => {
    const bus = await warmBus();
    let subscriptions: BusSubscription[] = [];
    const busy = growth(() => (subscriptions = subscribeAll(bus)));
    assert.ok(busy < MOST_BYTES, `${busy} bytes`);
    const idle = growth(() => {
      for (const subscription of subscriptions.splice(0)) subscription.close();
      return bus;
    });
    assert.ok(idle < -busy / 2, `${idle} of ${busy} bytes`);
  });

  it('would be noticed if each had a list of its own for what may wait', async () => {
    const bus = await warmBus();
    const wasteful = (): unknown => [subscribeAll(bus), counted(1_000).map(() => counted(100))];
    assert.ok(growth(wasteful) > MOST_BYTES);
  });
});
