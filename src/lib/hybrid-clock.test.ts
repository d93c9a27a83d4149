/** Readings rise and sort as text, whatever the wall clock does. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { makeHybridClock } from './hybrid-clock.ts';

const risesOver = (clock: () => string, readings: number): void => {
  let last = '';
  for (let reading = 0; reading < readings; reading += 1) {
    const next = clock();
    assert.ok(next > last, `${next} after ${last}`);
    last = next;
  }
};

describe('the hybrid clock', () => {
  it('shows the wall time, and counts inside a millisecond', () => {
    const clock = makeHybridClock(() => 1_795_000_000_000);
    assert.equal(clock(), '001795000000000-000000');
    assert.equal(clock(), '001795000000000-000001');
  });

  it('rises when the wall clock stands, goes back or jumps', () => {
    let ms = 5_000;
    risesOver(
      makeHybridClock(() => ms),
      100,
    );
    risesOver(
      makeHybridClock(() => (ms -= 7)),
      100,
    );
    risesOver(
      makeHybridClock(() => (ms += ms % 3 === 0 ? -20 : 11)),
      100,
    );
  });

  it('goes on after the last reading on record, also when that lies in the future', () => {
    const clock = makeHybridClock(() => 5, '000000000000900-000041');
    assert.equal(clock(), '000000000000900-000042');
    const later = makeHybridClock(() => 901, '000000000000900-000041');
    assert.equal(later(), '000000000000901-000000');
  });

  it('carries a full counter into the time: seven digits would not sort', () => {
    const clock = makeHybridClock(() => 5, '000000000000900-999998');
    assert.deepEqual([clock(), clock()], ['000000000000900-999999', '000000000000901-000000']);
    assert.equal(clock(), '000000000000901-000001');
  });
});
