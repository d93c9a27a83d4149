/** A mission folded from its own events is what it was, at every moment, whatever else happened. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reducers } from '#daemon/state-tables.ts';
import { entityLine } from '#ledger/state/fold.ts';
import { makeLedgerReader } from '#ledger/ledger-reader.ts';
import type { LedgerReader } from '#ledger/ledger.ts';
import { entityFromRow } from '#ledger/store/entity-store.ts';
import { missionStory } from '../support/mission-story.ts';
import { makeTestLedger, note, type TestLedger } from '../support/test-ledger.ts';
import { entitiesThen, entityThen, foldMission } from '#ledger/history/fold-mission.ts';

/** Two missions told in turns; after each step, the first one's entities as they stood. */
function twoMissions(): { ledger: TestLedger; read: LedgerReader; live: Map<number, string[]> } {
  const ledger = makeTestLedger();
  const first = missionStory('m1', ['src/a.ts', 'src/b.ts'], 1);
  const second = missionStory('m2', ['src/c.ts'], 2);
  const live = new Map<number, string[]>();
  for (let step = 0; step < first.length; step += 1) {
    for (const [story, mission] of [
      [first, 'm1'],
      [second, 'm2'],
    ] as const) {
      const { name, input } = story[step] ?? { name: 'note.record', input: note('beside') };
      ledger.store(name, input);
      if (mission === 'm1') live.set(ledger.core.position, present(ledger, mission));
    }
  }
  return { ledger, read: makeLedgerReader(ledger.database), live };
}

const present = ({ database }: TestLedger, mission: string): string[] =>
  database
    .prepare('SELECT * FROM entities WHERE id = ? OR id >= ? AND id < ? OR id >= ? AND id < ?')
    .all(mission, `${mission}.`, `${mission}/`, `${mission}/`, `${mission}0`)
    .map((row) => entityLine(entityFromRow(row)))
    .toSorted();

describe('a folded mission', () => {
  it('is at each of its moments what it was live', () => {
    const { read, live } = twoMissions();
    assert.ok(live.size > 12);
    for (const [upTo, expected] of live) {
      const { entities } = foldMission({ read, reducers, mission: 'm1', upTo });
      assert.deepEqual(Array.from(entities.values(), entityLine).toSorted(), expected);
    }
  });

  it('is the present one without a moment, and none before its first event', () => {
    const { ledger, read } = twoMissions();
    const whole = foldMission({ read, reducers, mission: 'm1' });
    assert.deepEqual(
      Array.from(whole.entities.values(), entityLine).toSorted(),
      present(ledger, 'm1'),
    );
    assert.equal(whole.events, read.events({ mission: 'm1', after: 0, limit: 1_000 }).length);
    assert.equal(foldMission({ read, reducers, mission: 'm1', upTo: 1 }).entities.size, 0);
    assert.equal(foldMission({ read, reducers, mission: 'nobody' }).entities.size, 0);
  });

  it('answers entities by kind and id', () => {
    const { read } = twoMissions();
    const whole = foldMission({ read, reducers, mission: 'm1' });
    assert.equal(entityThen<{ status: string }>(whole, 'mission', 'm1')?.body.status, 'done');
    assert.equal(entityThen(whole, 'mission', 'm2'), undefined);
    const edits = entitiesThen(whole, 'effect').map(({ id }) => id);
    assert.deepEqual(edits, edits.toSorted());
    assert.ok(edits.includes('m1/edit/src/b.ts'));
  });

  it('tells of events whose body was pruned', () => {
    const { ledger, read } = twoMissions();
    ledger.database.exec("UPDATE events SET body = NULL, salt = NULL WHERE type = 'task.done'");
    const whole = foldMission({ read, reducers, mission: 'm1' });
    assert.equal(whole.pruned.length, 1);
    assert.equal(entityThen<{ status: string }>(whole, 'task', 'm1.1')?.body.status, 'claimed');
  });

  it('leaves out what a stranger says of an entity, as the live state does', () => {
    const { read } = twoMissions();
    const strange: LedgerReader = {
      ...read,
      events: (query) =>
        read.events(query).map((event) => {
          return event.position > 8 ? { ...event, author: 'a stranger' } : event;
        }),
    };
    const whole = foldMission({ read: strange, reducers, mission: 'm1' });
    assert.notEqual(entityThen<{ status: string }>(whole, 'mission', 'm1')?.body.status, 'done');
  });
});
