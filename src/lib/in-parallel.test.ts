/** So many at a time, each once, and no new ones after a failure. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { inParallel } from './in-parallel.ts';

describe('inParallel', () => {
  it('does every item once, never more than the width at a time', async () => {
    for (const width of [1, 3, 50]) {
      const seen: number[] = [];
      let running = 0;
      let most = 0;
      const items = Array.from({ length: 20 }, (_, index) => index);
      await inParallel(items, width, async (item) => {
        most = Math.max(most, (running += 1));
        for (let wait = 0; wait <= item % 4; wait += 1) await turn();
        seen.push(item);
        running -= 1;
      });
      assert.deepEqual(
        seen.toSorted((a, b) => a - b),
        items,
      );
      assert.equal(most, Math.min(width, items.length));
    }
  });

  it('has nothing to do for no items', async () => {
    await inParallel([], 4, () => assert.fail('it was called'));
  });

  it('throws the first failure, after those under way have ended, and starts no more', async () => {
    const started: number[] = [];
    const ended: number[] = [];
    const work = async (item: number): Promise<void> => {
      started.push(item);
      await turn();
      if (item === 1) throw new Error('first');
      await turn();
      ended.push(item);
      if (item === 0) throw new Error('second');
    };
    await assert.rejects(inParallel([0, 1, 2, 3, 4], 2, work), { message: 'first' });
    assert.deepEqual([started, ended], [[0, 1], [0]]);
  });

  it('tells a failure without a value from none', async () => {
    const work = (): Promise<void> => Promise.reject(undefined);
    await assert.rejects(inParallel([1], 1, work), (error) => error === undefined);
  });
});
