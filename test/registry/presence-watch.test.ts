/** The watch over nodes: timers, sleeping machines, storms, and what gets on the record. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { PRESENCE_LIMITS } from '#registry/presence/presence.ts';
import {
  PresenceWatch,
  TICK_MS,
  type PresenceNote,
  type PresenceWatchOptions,
} from '#registry/presence/presence-watch.ts';
import { FakeTime } from './fake-time.ts';

const { lateMs, lostMs, settleMs, recordGapMs } = PRESENCE_LIMITS;
const NODES = ['a', 'b', 'c'].map((digit) => digit.repeat(64));
const [A = '', B = ''] = NODES;

interface Watching {
  readonly watch: PresenceWatch;
  readonly time: FakeTime;
  readonly notes: PresenceNote[];
  readonly reported: unknown[];
  /** Time passes while these nodes give a sign every second. */
  readonly passWith: (ms: number, ...alive: readonly string[]) => Promise<void>;
}

function watching(options: Partial<PresenceWatchOptions> = {}): Watching {
  const time = new FakeTime();
  const [notes, reported]: [PresenceNote[], unknown[]] = [[], []];
  const watch = new PresenceWatch({
    monotonicMs: time.monotonicMs,
    now: time.now,
    after: time.after,
    record: async (note) => void notes.push(note),
    report: (thrown) => void reported.push(thrown),
    changed: () => undefined,
    recorded: new Map(NODES.map((node) => [node, 'alive'])),
    ...options,
  });
  for (const node of NODES) watch.watch(node, false);
  const passWith = async (ms: number, ...alive: readonly string[]): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 1_000) {
      for (const node of alive) watch.sign(node);
      await time.pass(1_000);
    }
  };
  return { watch, time, notes, reported, passWith };
}

describe('the watch', () => {
  it('tells of who falls silent, and of nobody else, with when it was last seen', async () => {
    const { watch, time, notes, passWith } = watching();
    await passWith(10_000, ...NODES);
    const lastSeenMs = time.now() - 1_000;
    await passWith(lostMs + settleMs + recordGapMs, ...NODES.slice(1));
    assert.deepEqual([watch.of(A), watch.of(B)], ['lost', 'alive']);
    const lastSeenAt = new Date(lastSeenMs).toISOString();
    assert.deepEqual(notes, [
      { node: A, from: 'alive', to: 'late', lastSeenAt },
      { node: A, from: 'late', to: 'lost', lastSeenAt },
    ]);
  });

  it('tells of its return', async () => {
    const { notes, passWith } = watching();
    await passWith(200_000, ...NODES.slice(1));
    await passWith(60_000, ...NODES);
    assert.deepEqual(
      notes.map(({ from, to }) => [from, to]),
      [
        ['alive', 'lost'],
        ['lost', 'alive'],
      ],
    );
  });

  it('tells nothing twice of who left the space and came back', async () => {
    const { watch, notes, passWith } = watching();
    await passWith(lostMs * 2, ...NODES.slice(1));
    assert.equal(notes.length, 1);
    watch.forget(A);
    watch.watch(A, false);
    await passWith(lostMs * 2, ...NODES.slice(1));
    assert.equal(notes.length, 1);
  });

  it('needs no timer when there is nobody, and none after it was closed', async () => {
    const time = new FakeTime();
    const record = async (): Promise<void> => undefined;
    const ignore = (): void => undefined;
    const { monotonicMs, now, after } = time;
    const options = { monotonicMs, now, after, record, report: ignore, changed: ignore };
    const watch = new PresenceWatch(options);
    assert.equal(time.armed, 0);
    watch.watch(A, false);
    assert.equal(time.armed, 1);
    watch.forget(A);
    await time.pass(TICK_MS);
    assert.equal(time.armed, 0, 'the last node has left');
    watch.watch(B, false);
    watch.close();
    assert.equal(time.armed, 0);
  });

  it('tries again when the record could not take it, and not too often', async () => {
    let fails = 0;
    const { notes, reported, passWith } = watching({
      record: async (note) => {
        if (fails < 3) {
          fails += 1;
          await Promise.reject(new TypeError('disk full'));
        }
        notes.push(note);
      },
    });
    await passWith(5_000, ...NODES);
    await passWith(lostMs, ...NODES.slice(1));
    assert.equal(fails, 3);
    assert.equal(reported.length, 3);
    await passWith(30_000, ...NODES.slice(1));
    assert.deepEqual(
      notes.map(({ from, to }) => [from, to]),
      [
        ['alive', 'late'],
        ['late', 'lost'],
      ],
    );
  });
});

describe('our own sleep', () => {
  const asleep = async (
    sleepMs: number,
    options: Partial<PresenceWatchOptions> = {},
  ): Promise<Watching> => {
    const all = watching(options);
    await all.passWith(5_000, ...NODES);
    await all.time.sleep(sleepMs);
    return all;
  };

  it('makes nobody late or lost, however long it was', async () => {
    const { watch, notes, passWith } = await asleep(8 * 3_600_000);
    assert.deepEqual(
      NODES.map((node) => watch.of(node)),
      ['alive', 'alive', 'alive'],
    );
    await passWith(60_000, ...NODES);
    assert.deepEqual(notes, []);
  });

  it('is seen to be a storm when it is not noticed', async () => {
    const { watch, notes, time } = await asleep(8 * 3_600_000, {
      sleepMs: Number.POSITIVE_INFINITY,
    });
    assert.deepEqual(
      NODES.map((node) => watch.of(node)),
      ['lost', 'lost', 'lost'],
    );
    await time.pass(settleMs + TICK_MS);
    assert.equal(notes.length, 3);
  });

  it('is noticed by the wall clock where the monotonic one sleeps too', async () => {
    const { watch, time, passWith } = watching();
    await passWith(lateMs - 2_000, ...NODES.slice(1));
    time.wallOffMs += 8 * 3_600_000;
    await passWith(lateMs - 1_000, ...NODES.slice(1));
    assert.equal(watch.of(B), 'alive');
    assert.equal(watch.of(A), 'late', 'it was never heard');
  });

  it('does not keep who is gone alive for ever', async () => {
    const { watch, passWith } = await asleep(3_600_000);
    await passWith(lostMs + 2_000, ...NODES.slice(1));
    assert.equal(watch.of(A), 'lost');
  });
});

describe('clocks that jump', () => {
  it('lose nobody, back or forth', async () => {
    const { watch, time, notes, passWith } = watching();
    await passWith(5_000, ...NODES);
    for (const jumpMs of [3_600_000, -7_200_000, 31_536_000_000]) {
      time.wallOffMs += jumpMs;
      await passWith(lateMs, ...NODES);
      assert.deepEqual(
        NODES.map((node) => watch.of(node)),
        ['alive', 'alive', 'alive'],
      );
    }
    assert.deepEqual(notes, []);
  });
});

describe('storms', () => {
  it('are told a bounded number at a time, and in the end all of them', async () => {
    const crowd = Array.from({ length: 450 }, (_, index) => index.toString(16).padStart(64, '0'));
    const { watch, notes, time } = watching({
      recorded: new Map(crowd.map((node) => [node, 'alive'])),
    });
    for (const node of crowd) {
      watch.watch(node, false);
      watch.sign(node);
    }
    for (const node of crowd) watch.linkDown(node);
    const perTick: number[] = [];
    for (let tick = 0; tick < 6; tick += 1) {
      const before = notes.length;
      await time.pass(TICK_MS, async () => void (await turn()));
      perTick.push(notes.length - before);
    }
    assert.ok(Math.max(...perTick) <= 200, `${Math.max(...perTick)} in one tick`);
    assert.equal(notes.length, crowd.length);
  });

  it('a link that flaps every second is told of at most every ten seconds', async () => {
    const { watch, time, notes } = watching();
    await time.pass(1_000);
    for (let second = 0; second < 600; second += 1) {
      if (second % 2 === 0) watch.linkDown(A);
      else watch.sign(A);
      await time.pass(1_000);
    }
    assert.ok(notes.filter(({ node }) => node === A).length <= 2, `${notes.length} notes`);
  });
});
