/** Where time went, from events written by hand: every sum can be told in the head. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SkeinEvent } from '#protocol/event-types.ts';
import { Durations } from './durations.ts';
import { Efficiency, type EfficiencyReport } from './efficiency.ts';

const HERE = '0000000000000001';
const THERE = '0000000000000002';
const B = `b@${HERE}`;

const at = (ms: number): string => new Date(1_000_000 + ms).toISOString();

const event = (type: SkeinEvent['type'], ms: number, data: object): SkeinEvent =>
  ({
    id: 'x',
    type,
    subject: 's',
    time: at(ms),
    actor: 'x',
    authority: 'system',
    traceId: '',
    spanId: '',
    data,
  }) as SkeinEvent;

const received = (message: string, ms: number, more: object = {}): SkeinEvent =>
  event('message.received', ms, {
    message,
    inbox: B,
    receivedAt: at(ms),
    from: `a@${HERE}`,
    sentAt: at(ms),
    ...more,
  });
const delivered = (ms: number, untilMs: number, ...messages: string[]): SkeinEvent =>
  event('message.delivered', ms, { inbox: B, messages, until: at(untilMs), streak: 0 });
const handled = (message: string, ms: number): SkeinEvent =>
  event('message.handled', ms, { inbox: B, message, processingMs: 1 });

function reportOf(...events: readonly SkeinEvent[]): EfficiencyReport {
  const sum = new Efficiency();
  for (const each of events) sum.add(each);
  return sum.report();
}

describe('where time went', () => {
  it('tells the way, the queue and the work of a message apart, and adds them up', () => {
    const remote = { from: `a@${THERE}`, sentAt: at(1_000), offsetMs: 990, offsetErrorMs: 2 };
    const { all, agents, routes, messages } = reportOf(
      received('m', 40, remote),
      delivered(100, 9_000, 'm'),
      handled('m', 350),
    );
    const sums = [all.transit, all.queue, all.processing, all.total].map(({ sumMs }) => sumMs);
    // Sent at 1000 by a clock that is 990 ahead: at 10 by ours.
    assert.deepEqual(sums, [30, 60, 250, 340]);
    assert.equal(messages, 1);
    assert.deepEqual(
      routes.map(({ from, to, total }) => [from, to, total.sumMs]),
      [[`a@${THERE}`, B, 340]],
    );
    assert.deepEqual(
      agents.map(({ agent, busyMs, idleMs }) => [agent, busyMs, idleMs]),
      [[B, 250, 60]],
    );
  });

  it('counts what waits for room as queue, not as way', () => {
    const { all } = reportOf(
      event('message.deferred', 10, { message: 'm', inbox: B, receivedAt: at(10) }),
      received('m', 500, { sentAt: at(0) }),
      delivered(600, 900, 'm'),
      handled('m', 700),
    );
    assert.deepEqual([all.transit.sumMs, all.queue.sumMs, all.total.sumMs], [10, 590, 700]);
  });

  it('counts from the last hand-out for the work, from the first for the queue', () => {
    const { all } = reportOf(
      received('m', 0),
      delivered(10, 20, 'm'),
      delivered(50, 90, 'm'),
      handled('m', 55),
    );
    assert.deepEqual([all.queue.sumMs, all.processing.sumMs, all.total.sumMs], [10, 5, 55]);
  });

  it('calls an agent busy while it holds something, and not longer than it may', () => {
    const { agents } = reportOf(
      received('m', 0),
      received('n', 0),
      delivered(10, 110, 'm', 'n'),
      handled('m', 20),
      handled('n', 40),
      received('o', 100),
      delivered(100, 200, 'o'),
      received('p', 1_000),
    );
    assert.deepEqual([agents[0]?.busyMs, agents[0]?.idleMs], [30 + 100, 1_000 - 130]);
  });

  it('counts what it can not tell, and guesses nothing', () => {
    const { missing, all } = reportOf(
      received('unknown', 10, { from: `a@${THERE}`, sentAt: at(0) }),
      received('early', 10, { from: `a@${THERE}`, sentAt: at(500), offsetMs: 0, offsetErrorMs: 5 }),
      received('nearly', 10, { from: `a@${THERE}`, sentAt: at(14), offsetMs: 0, offsetErrorMs: 5 }),
      received('out', 10),
      received('dead', 10),
      delivered(20, 90, 'out', 'older'),
      handled('older', 30),
      event('message.dead-lettered', 40, { inbox: B, message: 'dead', reason: '', tries: 1 }),
    );
    assert.deepEqual(missing, {
      unknownClock: 1,
      beforeSent: 1,
      withoutBeginning: 1,
      notHandedOut: 3,
      notHandled: 1,
      gaveUp: 1,
    });
    assert.deepEqual([all.transit.count, all.total.count], [4, 0]);
  });

  it('leaves out messages inside a mission, which go through no inbox', () => {
    const report = reportOf(event('message.received', 0, { message: 'm', receivedAt: at(0) }));
    assert.deepEqual([report.messages, report.since, report.agents], [0, null, []]);
  });
});

describe('durations', () => {
  it('tell percentiles within two per cent, the rest exactly', () => {
    const durations = new Durations();
    for (let ms = 1; ms <= 1_000; ms += 1) durations.add(ms);
    const { count, sumMs, p50Ms, p99Ms, maxMs } = durations.summary();
    assert.deepEqual([count, sumMs, maxMs], [1_000, 500_500, 1_000]);
    assert.ok(p50Ms >= 500 && p50Ms <= 511, `${p50Ms}`);
    assert.ok(p99Ms >= 990 && p99Ms <= 1_000, `${p99Ms}`);
    assert.deepEqual(new Durations().summary(), {
      count: 0,
      sumMs: 0,
      p50Ms: 0,
      p99Ms: 0,
      maxMs: 0,
    });
  });
});
