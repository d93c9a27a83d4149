/** Checkpoints of long missions give the same state as folding from the start, only sooner. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reducers } from '#daemon/state-tables.ts';
import { entityLine } from '#ledger/state/fold.ts';
import {
  CHECKPOINT_EVENTS,
  Checkpoints,
  SHORT_MISSION_EVENTS,
} from '#ledger/history/checkpoints.ts';
import { foldMission, type FoldedMission } from '#ledger/history/fold-mission.ts';
import { makeLedgerReader } from '#ledger/ledger-reader.ts';
import type { EventQuery, LedgerReader } from '#ledger/ledger.ts';
import { missionStory } from '../support/mission-story.ts';
import { makeRandom, seededFor } from '../support/seeded-random.ts';
import { makeTestLedger, note, type TestLedger } from '../support/test-ledger.ts';

const EVENTS_AT_ONCE = 1_000;

/** Effects that are announced, fail and are announced again, far apart: entities of many stretches. */
function longMission(mission: string, events: number): TestLedger {
  const ledger = makeTestLedger();
  for (const { name, input } of missionStory(mission).slice(0, 6)) ledger.store(name, input);
  for (let made = 0; made < events; made += EVENTS_AT_ONCE) {
    const batch = Array.from({ length: EVENTS_AT_ONCE }, (_, index) =>
      effect(mission, made + index),
    );
    ledger.store('test.state', batch);
    ledger.store('note.record', note('beside'));
  }
  return ledger;
}

/** Turn by turn an effect is announced and fails; after 6,000 effects the first one's turn is back. */
function effect(mission: string, turn: number): object {
  const key = `${mission}/cleanup/${Math.floor(turn / 2) % 6_000}`;
  const subject = `worktree/${mission}`;
  return turn % 2 === 0
    ? { type: 'cleanup.intended', subject, mission, data: { effect: key } }
    : { type: 'cleanup.failed', subject, mission, data: { effect: key, reason: `turn ${turn}` } };
}

/** A reader that counts the events it hands out. */
function counted(ledger: TestLedger): { read: LedgerReader; events: () => number } {
  const read = makeLedgerReader(ledger.database);
  let events = 0;
  const handOut = (query: EventQuery): ReturnType<LedgerReader['events']> => {
    const page = read.events(query);
    events += page.length;
    return page;
  };
  return { read: { ...read, events: handOut }, events: () => events };
}

const lines = ({ entities }: FoldedMission): string[] =>
  Array.from(entities.values(), entityLine).toSorted();

describe('a checkpoint', () => {
  it('gives the same state as folding from the start, at any moment', (context) => {
    const random = seededFor(context);
    const ledger = longMission('m', 36_000);
    const { read, events } = counted(ledger);
    const last = ledger.core.position;
    foldMission({ read, reducers, mission: 'm' });
    const cold = events();
    assert.ok(cold > 36_000);
    const exact = [1, 2, 3].map((count) => positionAfter(ledger, count * CHECKPOINT_EVENTS));
    const chosen = Array.from({ length: 3 }, () => 1 + random.below(last));
    for (const upTo of [exact[0] ?? 0, (exact[1] ?? 0) - 1, exact[2] ?? 0, last, ...chosen]) {
      const warm = foldMission({ read, reducers, mission: 'm', upTo });
      const fresh = makeLedgerReader(ledger.database);
      const plain = foldMission({ read: fresh, reducers, mission: 'm', upTo });
      assert.deepEqual(lines(warm), lines(plain), `up to ${upTo}`);
      assert.equal(warm.events, plain.events);
    }
    const before = events();
    foldMission({ read, reducers, mission: 'm' });
    assert.ok(events() - before < CHECKPOINT_EVENTS, 'it began at the start again');
  });

  it('is kept for long missions only', () => {
    const ledger = longMission('m', SHORT_MISSION_EVENTS - 1_000);
    const { read, events } = counted(ledger);
    const first = foldMission({ read, reducers, mission: 'm' });
    assert.ok(first.events <= SHORT_MISSION_EVENTS && first.events > CHECKPOINT_EVENTS);
    foldMission({ read, reducers, mission: 'm' });
    assert.equal(events(), 2 * first.events);
  });

  it('is used only by the reducers that folded it', () => {
    const ledger = longMission('m', 21_000);
    const { read, events } = counted(ledger);
    const reads = (use: typeof reducers): number => {
      const before = events();
      foldMission({ read, reducers: use, mission: 'm' });
      return events() - before;
    };
    const whole = reads(reducers);
    assert.ok(reads(reducers) < whole);
    assert.equal(reads({ ...reducers }), whole);
    assert.equal(reads(reducers), whole);
  });

  it('tells of pruned events as the fold from the start does', () => {
    const ledger = longMission('m', 21_000);
    const at = positionAfter(ledger, 5_000);
    ledger.database.prepare('UPDATE events SET body = NULL WHERE position = ?').run(at);
    const read = makeLedgerReader(ledger.database);
    assert.deepEqual(foldMission({ read, reducers, mission: 'm' }).pruned, [at]);
    assert.deepEqual(foldMission({ read, reducers, mission: 'm' }).pruned, [at]);
  });

  it('never stands without those before it, however little may be kept', () => {
    const kept = new Checkpoints(reducers, 300);
    const stretch = (events: number, size: number) => ({
      position: events,
      events,
      pruned: [],
      changed: [
        { kind: 'task', id: `t${events}`, version: 1, home: 'h', body: incompressible(size) },
      ] as const,
    });
    kept.add('a', stretch(CHECKPOINT_EVENTS, 200));
    assert.equal(kept.stretches('a', 1e9).length, 1);
    kept.add('b', stretch(CHECKPOINT_EVENTS, 200));
    assert.deepEqual([kept.stretches('a', 1e9), kept.stretches('b', 1e9)].map(count), [0, 1]);
    kept.add('b', stretch(2 * CHECKPOINT_EVENTS, 400));
    kept.add('b', stretch(3 * CHECKPOINT_EVENTS, 20));
    assert.equal(kept.stretches('b', 1e9).length, 0);
  });
});

const count = (list: readonly unknown[]): number => list.length;

/** Text that zstd can't make smaller than half of it. */
const incompressible = (size: number): string => {
  const random = makeRandom(size);
  return Array.from({ length: size }, () => random.below(16).toString(16)).join('');
};

/** The local position of the event number `count` of mission m. */
function positionAfter({ database }: TestLedger, many: number): number {
  const row = database
    .prepare("SELECT position FROM events WHERE mission = 'm' ORDER BY position LIMIT 1 OFFSET ?")
    .get(many - 1);
  return Number(row?.['position']);
}
