/** What is counted, and what may not be asked for. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { countingOf } from './counting.ts';
import { fuelOf, judge, stopOf } from './verdict.ts';

describe('a run', () => {
  const exact = { seed: 1, timeMs: 0 };

  it('is counted in Python, with a limit of fuel or when it is exact', () => {
    assert.equal(countingOf('python', { fuel: 0 }), 'none');
    assert.equal(countingOf('python', { fuel: 1 }), 'fuel');
    assert.equal(countingOf('python', { fuel: 0 }, exact), 'exact');
    assert.equal(countingOf('python', { fuel: 1 }, exact), 'exact');
  });

  it('of JavaScript is never counted, so a limit of its fuel is refused', () => {
    for (const language of ['javascript', 'typescript'] as const) {
      assert.equal(countingOf(language, { fuel: 0 }, exact), 'none');
      assert.throws(() => countingOf(language, { fuel: 1 }), { name: 'usage', fix: /T0/ });
    }
  });

  it('met its limit when it used more, and not when it used all', () => {
    const end = (fuel: number | null) => ({ exitCode: 0, value: '1', isMemory: false, fuel });
    const seen = [
      [end(10), 10],
      [end(11), 10],
      [end(11), 0],
      [end(null), 10],
    ] as const;
    assert.deepEqual(
      seen.map(([told, limit]) => {
        const stop = stopOf(told, limit);
        return [judge(stop, '').status, fuelOf(stop)];
      }),
      [
        ['ok', 10],
        ['fuel', 10],
        ['ok', 11],
        ['ok', null],
      ],
    );
    assert.equal(fuelOf({ type: 'killed' }), null);
  });
});
