/** Presence as a state machine: what silence does, what it does not, and how seldom it is told. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Presence } from '#protocol/events/node.ts';
import {
  dueChange,
  PRESENCE_LIMITS,
  seenPresence,
  startPresence,
  stepPresence,
  withRecorded,
  type PresenceEvent,
  type PresenceLimits,
  type PresenceState,
} from '#registry/presence/presence.ts';
import { seededFor, type SeededRandom } from '../support/seeded-random.ts';

const { lateMs, lostMs, settleMs, steadyMs, recordGapMs } = PRESENCE_LIMITS;
const SIGN: PresenceEvent = { type: 'sign' };
const TICK: PresenceEvent = { type: 'tick' };
const DOWN: PresenceEvent = { type: 'link-down' };

/** A node that was heard at 0. */
const alive = (): PresenceState => stepPresence(startPresence(0, false, 'alive'), SIGN, 0);

const after = (state: PresenceState, event: PresenceEvent, atMs: number): Presence =>
  seenPresence(stepPresence(state, event, atMs));

describe('silence', () => {
  it('makes late after three heartbeats, lost after a minute, and nothing before', () => {
    assert.equal(after(alive(), TICK, lateMs - 1), 'alive');
    assert.equal(after(alive(), TICK, lateMs), 'late');
    assert.equal(after(alive(), TICK, lostMs - 1), 'late');
    assert.equal(after(alive(), TICK, lostMs), 'lost');
  });

  it('ends with any sign of life, from wherever it had come to', () => {
    for (const atMs of [lateMs, lostMs, lostMs * 1_000]) {
      const silent = stepPresence(alive(), TICK, atMs);
      assert.equal(after(silent, SIGN, atMs + 1), 'alive');
    }
  });

  it('is ours when we slept: nobody gets worse for it, and nobody better', () => {
    const woken = stepPresence(alive(), { type: 'woke' }, lostMs * 10);
    assert.equal(after(woken, TICK, lostMs * 10 + lateMs - 1), 'alive');
    assert.equal(after(woken, TICK, lostMs * 10 + lateMs), 'late');
    const lost = stepPresence(alive(), TICK, lostMs);
    assert.equal(after(lost, { type: 'woke' }, lostMs * 2), 'lost');
    // The twin: without it the same silence is a loss.
    assert.equal(after(alive(), TICK, lostMs * 10), 'lost');
  });
});

describe('a link', () => {
  it('that closes makes late at once; one that comes up makes alive', () => {
    const down = stepPresence(alive(), DOWN, 5);
    assert.equal(seenPresence(down), 'late');
    assert.equal(after(down, SIGN, 6), 'alive');
  });

  it('that closes does not bring a lost node back to late', () => {
    assert.equal(after(stepPresence(alive(), TICK, lostMs), DOWN, lostMs + 1), 'lost');
  });
});

describe('draining', () => {
  const drains: PresenceEvent = { type: 'draining', draining: true };

  it('is what a node says while it is there', () => {
    const draining = stepPresence(alive(), drains, 1);
    assert.equal(seenPresence(draining), 'draining');
    assert.equal(after(draining, TICK, lateMs + 1), 'late');
    assert.equal(after(draining, { type: 'draining', draining: false }, 2), 'alive');
  });

  it('does not make a silent node seem to be there', () => {
    assert.equal(after(stepPresence(alive(), TICK, lostMs), drains, lostMs + 1), 'lost');
  });
});

describe('what is recorded', () => {
  it('is a change that held, and no other', () => {
    const late = stepPresence(alive(), DOWN, 100);
    assert.equal(dueChange(alive(), 1e9), undefined);
    assert.equal(dueChange(late, 100 + settleMs - 1), undefined);
    assert.deepEqual(dueChange(late, 100 + settleMs), { from: 'alive', to: 'late' });
  });

  it('is nothing about a node that we have not heard, but that it is lost', () => {
    const fresh = startPresence(0, false, 'alive');
    assert.equal(dueChange(fresh, settleMs * 2), undefined);
    const silent = stepPresence(fresh, TICK, lostMs);
    assert.deepEqual(dueChange(silent, lostMs + settleMs), { from: 'alive', to: 'lost' });
    // What the record says already is no news after a restart.
    const known = stepPresence(startPresence(0, false, 'lost'), TICK, lostMs);
    assert.equal(dueChange(known, lostMs * 2), undefined);
  });

  it('tells a return soon when it was calm, and late when it just left', () => {
    const left = withRecorded(stepPresence(alive(), DOWN, 0), 'late', 0);
    const back = stepPresence(left, SIGN, 1_000);
    assert.equal(dueChange(back, 1_000 + steadyMs - 1), undefined);
    assert.deepEqual(dueChange(back, 1_000 + steadyMs), { from: 'late', to: 'alive' });
    const calmMs = PRESENCE_LIMITS.calmMs;
    const later = stepPresence(left, SIGN, calmMs);
    assert.deepEqual(dueChange(later, calmMs + settleMs), { from: 'late', to: 'alive' });
    const met = stepPresence(startPresence(0, false, 'lost'), SIGN, 1_000);
    assert.deepEqual(dueChange(met, 1_000 + settleMs), { from: 'lost', to: 'alive' });
  });
});

interface Run {
  readonly states: readonly { readonly atMs: number; readonly state: PresenceState }[];
  readonly notes: readonly {
    readonly atMs: number;
    readonly from: Presence;
    readonly to: Presence;
  }[];
}

/** Events by chance, a tick every second between them, and what is due recorded at each tick. */
function play(random: SeededRandom, seconds: number, limits: PresenceLimits): Run {
  let state = startPresence(0, false, 'lost');
  const [states, notes]: [{ atMs: number; state: PresenceState }[], Run['notes'][number][]] = [
    [],
    [],
  ];
  const pause = random.pick([1, 5, 20, 90]);
  for (let second = 1; second <= seconds; second += 1) {
    const atMs = second * 1_000;
    const chance = random.below(pause);
    const events: PresenceEvent[] = [];
    if (chance === 0) events.push(random.pick([SIGN, SIGN, SIGN, DOWN, { type: 'woke' }] as const));
    if (random.below(50) === 0) events.push({ type: 'draining', draining: random.below(2) === 0 });
    for (const event of [...events, TICK]) state = stepPresence(state, event, atMs, limits);
    const change = dueChange(state, atMs, limits);
    if (change !== undefined) {
      notes.push({ atMs, ...change });
      state = withRecorded(state, change.to, atMs);
    }
    states.push({ atMs, state });
  }
  return { states, notes };
}

/** What must hold of any run; answers the first sentence that does not. */
function problemOf({ states, notes }: Run, limits: PresenceLimits): string | undefined {
  for (const [index, note] of notes.entries()) {
    const before = notes[index - 1];
    if (note.from !== (before?.to ?? 'lost')) return 'notes do not follow each other';
    if (note.from === note.to) return 'a note says nothing';
    if (before !== undefined && note.atMs - before.atMs < recordGapMs) return 'notes come too fast';
  }
  for (const { atMs, state } of states) {
    const silentMs = atMs - state.quietMs;
    if (state.level === 'alive' && silentMs >= limits.lateMs) return 'alive in silence';
    if (silentMs >= limits.lostMs && state.level !== 'lost') return 'not lost in silence';
    if (state.sinceMs > atMs) return 'since the future';
  }
  const last = states.at(-1);
  const isCalm = last !== undefined && last.atMs - last.state.sinceMs > 60_000 && last.state.heard;
  const isTold = last === undefined || last.state.recorded === seenPresence(last.state);
  return isCalm && !isTold ? 'a calm state is not on the record' : undefined;
}

describe('whatever happens', () => {
  it('silence is named, notes follow each other, and come at most every ten seconds', (context) => {
    const random = seededFor(context);
    let told = 0;
    for (let round = 0; round < 300; round += 1) {
      const run = play(random, 600, PRESENCE_LIMITS);
      assert.equal(problemOf(run, PRESENCE_LIMITS), undefined);
      told += run.notes.length;
    }
    assert.ok(told > 300, `only ${told} changes were told: nothing was tried`);
  });

  it('is seen to fail without the gap between two notes', (context) => {
    const random = seededFor(context);
    const hasty = { ...PRESENCE_LIMITS, recordGapMs: 0, settleMs: 0, steadyMs: 0 };
    const problems = new Set<string | undefined>();
    for (let round = 0; round < 100; round += 1)
      problems.add(problemOf(play(random, 600, hasty), hasty));
    assert.ok(problems.has('notes come too fast'));
  });

  it('a node that is heard every 20 s is not told of again and again', () => {
    const flap = (limits: PresenceLimits): number => {
      let state = startPresence(0, false, 'lost');
      let notes = 0;
      for (let second = 0; second < 3_600; second += 1) {
        const event = second % 20 === 0 ? SIGN : TICK;
        state = stepPresence(state, event, second * 1_000, limits);
        const change = dueChange(state, second * 1_000, limits);
        if (change === undefined) continue;
        state = withRecorded(state, change.to, second * 1_000);
        notes += 1;
      }
      return notes;
    };
    assert.ok(flap(PRESENCE_LIMITS) <= 3, `${flap(PRESENCE_LIMITS)} notes in an hour`);
    assert.ok(flap({ ...PRESENCE_LIMITS, steadyMs: settleMs }) > 100, 'the twin is told of often');
  });
});
