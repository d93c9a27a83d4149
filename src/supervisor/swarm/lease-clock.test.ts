/** The timer of leases: silence ends one, a sign of life does not, and a wall clock has no say. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { watchLease, type LeaseWatch } from './lease-clock.ts';

const TTL_MS = 60_000;

interface Watched {
  readonly watch: LeaseWatch;
  /** Moves the clock; the timer rings when it is due, or later. */
  readonly pass: (ms: number) => void;
  readonly expired: () => number;
  readonly timers: () => number;
}

function watched(): Watched {
  let nowMs = 1_000;
  let timer: { readonly dueMs: number; readonly callback: () => void } | undefined;
  let [expired, timers] = [0, 0];
  const after = (ms: number, callback: () => void): (() => void) => {
    assert.ok(ms > 0, 'a timer that rings at once would ring for ever');
    timers += 1;
    const mine = { dueMs: nowMs + ms, callback };
    timer = mine;
    return () => {
      if (timer === mine) timer = undefined;
    };
  };
  const watch = watchLease({ monotonicMs: () => nowMs, after }, TTL_MS, () => (expired += 1));
  return {
    watch,
    pass: (ms) => {
      nowMs += ms;
      if (timer === undefined || timer.dueMs > nowMs) return;
      const { callback } = timer;
      timer = undefined;
      callback();
    },
    expired: () => expired,
    timers: () => timers,
  };
}

describe('watchLease', () => {
  it('ends a lease whose holder was silent for the whole time, once', () => {
    const { pass, expired } = watched();
    pass(TTL_MS - 1);
    assert.equal(expired(), 0);
    pass(1);
    assert.equal(expired(), 1);
    for (let time = 0; time < 5; time += 1) pass(TTL_MS);
    assert.equal(expired(), 1);
  });

  it('counts from the last sign of life', () => {
    const { watch, pass, expired } = watched();
    pass(TTL_MS - 1);
    watch.alive();
    pass(1);
    pass(TTL_MS - 2);
    assert.equal(expired(), 0);
    pass(1);
    assert.equal(expired(), 1);
  });

  it('costs nothing for a sign of life: one timer for as long as the lease is', () => {
    const { watch, pass, timers } = watched();
    for (let time = 0; time < 1_000; time += 1) watch.alive();
    assert.equal(timers(), 1);
    pass(TTL_MS - 1);
    watch.alive();
    pass(1);
    assert.equal(timers(), 2);
  });

  it('looks when its timer rings too late, as after a sleep of the machine', () => {
    const { pass, expired } = watched();
    pass(TTL_MS * 100);
    assert.equal(expired(), 1);
  });

  it('ends nothing after it was stopped, also when it was armed anew', () => {
    const { watch, pass, expired } = watched();
    pass(TTL_MS - 1);
    watch.alive();
    pass(1);
    watch.stop();
    watch.stop();
    pass(TTL_MS * 2);
    assert.equal(expired(), 0);
  });
});
