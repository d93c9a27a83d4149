/** Which missions may be pruned: old ones that have ended, but not the last, nor what a fork needs. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chooseMissions, type PruneOptions } from '#daemon/home/prune-choice.ts';
import { makeLedgerReader } from '#ledger/ledger-reader.ts';
import type { EventData } from '#protocol/event-types.ts';
import { openSpaceWriter, tellMission, type SpaceWriter } from '../support/prunable-space.ts';
import { GIT_ID, submission } from '../support/mission-story.ts';

const DAY_MS = 86_400_000;

/** A space whose missions `m1`, `m2`, ... ended a day apart, and the time a day after the last. */
function daily(missions: number): { readonly writer: SpaceWriter; readonly nowMs: () => number } {
  const writer = openSpaceWriter();
  for (let token = 1; token <= missions; token += 1) {
    tellMission(writer, { mission: `m${token}`, token });
    writer.ledger.clock.ms += DAY_MS;
  }
  return { writer, nowMs: () => writer.ledger.clock.ms };
}

/** A mission that goes on from the end of another one. */
function fork({ ledger }: SpaceWriter, mission: string, from: string, ended = true): void {
  const row = ledger.database.prepare('SELECT id FROM ids ORDER BY position DESC').get();
  const asked = submission(mission) as unknown as EventData<'mission.submitted'>;
  const { goal, recipe, base, branch, options } = asked;
  const nothing = { plan: null, approval: null, done: [], edits: null, layOut: null, answers: [] };
  const at = Buffer.from(row?.['id'] as Uint8Array).toString('hex');
  const data = { from, at, goal, recipe, base, branch, options, budget: 0, ...nothing };
  const subject = `mission/${mission}`;
  ledger.store('test.state', [{ type: 'mission.forked', subject, mission, data }]);
  if (!ended) return;
  const end = { gitCommit: GIT_ID, branch: 'b', merged: false, durationMs: 1 };
  ledger.store('test.state', [{ type: 'mission.done', subject, mission, data: end }]);
}

const choose = (
  { ledger }: SpaceWriter,
  nowMs: number,
  options: Partial<PruneOptions> = {},
): ReturnType<typeof chooseMissions> =>
  chooseMissions(
    makeLedgerReader(ledger.database),
    { olderThanDays: 0, keepMissions: 0, what: 'bodies', ...options },
    nowMs,
  );

describe('missions to prune', () => {
  it('ended so many days ago', () => {
    const { writer, nowMs } = daily(4);
    assert.deepEqual(choose(writer, nowMs()).missions, ['m1', 'm2', 'm3', 'm4']);
    const { missions, kept } = choose(writer, nowMs(), { olderThanDays: 3 });
    assert.deepEqual([missions, kept], [['m1', 'm2'], { 'too young': 2 }]);
  });

  it('are not among the last, however old those are', () => {
    const { writer, nowMs } = daily(4);
    const { missions, kept } = choose(writer, nowMs() + 1_000 * DAY_MS, { keepMissions: 3 });
    assert.deepEqual([missions, kept], [['m1'], { 'among the last': 3 }]);
    assert.deepEqual(choose(writer, nowMs(), { keepMissions: 99 }).missions, []);
  });

  it('have ended: neither one that waits nor one that was interrupted', () => {
    const { writer, nowMs } = daily(1);
    tellMission(writer, { mission: 'm2', token: 2, until: 'mission.approve' });
    tellMission(writer, { mission: 'm3', token: 2, until: 'task.finish' });
    writer.ledger.store('mission.interrupt', { mission: 'm3', reason: 'r' });
    const { missions, kept } = choose(writer, nowMs() + 99 * DAY_MS);
    assert.deepEqual([missions, kept], [['m1'], { 'not ended': 2 }]);
  });

  it('are not needed by a fork that stays, nor by a fork of that', () => {
    const { writer, nowMs } = daily(2);
    fork(writer, 'm3', 'm1');
    fork(writer, 'm4', 'm3', false);
    const { missions, kept } = choose(writer, nowMs() + DAY_MS);
    assert.deepEqual([missions, kept], [['m2'], { 'not ended': 1, 'needed by a fork': 2 }]);
    // Outputs are only looked at.
    const outputs = choose(writer, nowMs() + DAY_MS, { what: 'outputs' });
    assert.deepEqual(outputs.missions, ['m1', 'm2', 'm3']);
  });

  it('go with their forks, or after them', () => {
    const { writer, nowMs } = daily(1);
    fork(writer, 'm2', 'm1');
    assert.deepEqual(choose(writer, nowMs() + DAY_MS).missions, ['m1', 'm2']);
    assert.deepEqual(choose(writer, nowMs() + DAY_MS, { keepMissions: 1 }).missions, []);
    writer.prune(['m2']);
    const after = choose(writer, nowMs() + DAY_MS, { keepMissions: 1 });
    assert.deepEqual(after.missions, ['m1'], 'a fork that was pruned itself needs nothing');
  });
});
