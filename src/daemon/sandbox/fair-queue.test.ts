/** Who is next, who waits, who is refused. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FairQueue } from './fair-queue.ts';

const LIMITS = { atOnce: 2, waiting: 6, waitingOfOne: 4 };

/** Enters and notes in `order` when the turn has come. */
const ask = (queue: FairQueue, owner: string, order: string[]): Promise<() => void> =>
  queue.enter(owner).then((leave) => {
    order.push(owner);
    return leave;
  });

describe('the queue of runs', () => {
  it('lets as many go at once as it may, and the next when one has left', async () => {
    const queue = new FairQueue(LIMITS);
    const order: string[] = [];
    const first = await ask(queue, 'a', order);
    await ask(queue, 'b', order);
    const third = ask(queue, 'c', order);
    assert.deepEqual(queue.sizes, { running: 2, waiting: 1 });
    assert.deepEqual(order, ['a', 'b']);
    first();
    first();
    await third;
    assert.deepEqual(queue.sizes, { running: 2, waiting: 0 });
  });

  it('serves an owner with one run before the second of one with many', async () => {
    const queue = new FairQueue({ ...LIMITS, atOnce: 1 });
    const order: string[] = [];
    const leave = await ask(queue, 'greedy', order);
    const all = ['greedy', 'greedy', 'greedy', 'modest', 'greedy', 'other'].map((owner) =>
      ask(queue, owner, order).then((done) => done()),
    );
    leave();
    await Promise.all(all);
    assert.deepEqual(order.slice(0, 4), ['greedy', 'modest', 'other', 'greedy']);
  });

  it('refuses when too many wait, of one owner first', async () => {
    const queue = new FairQueue(LIMITS);
    await Promise.all([queue.enter('a'), queue.enter('a')]);
    for (let count = 0; count < LIMITS.waitingOfOne; count += 1) void queue.enter('a');
    await assert.rejects(queue.enter('a'), { name: 'sandbox-busy', retryable: true });
    void queue.enter('b');
    void queue.enter('c');
    await assert.rejects(queue.enter('d'), { name: 'sandbox-busy' });
  });

  it('forgets whoever gives up while waiting', async () => {
    const queue = new FairQueue({ ...LIMITS, atOnce: 1 });
    const leave = await queue.enter('a');
    const giving = new AbortController();
    const waiting = queue.enter('b', giving.signal);
    giving.abort();
    await assert.rejects(waiting, { name: 'interrupted' });
    assert.deepEqual(queue.sizes, { running: 1, waiting: 0 });
    leave();
    assert.deepEqual(queue.sizes, { running: 0, waiting: 0 });
    await assert.rejects(queue.enter('b', giving.signal), { name: 'interrupted' });
  });
});
