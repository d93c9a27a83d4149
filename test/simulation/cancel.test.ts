/** What the simulation found about cancelling: one command, and not after a merge has begun. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Entity } from '#protocol/entity.ts';
import { makeLedgerReader } from '#ledger/ledger-reader.ts';
import { GIT_ID, missionStory } from '../support/mission-story.ts';
import { makeTestLedger, type TestLedger } from '../support/test-ledger.ts';

const cancel = { mission: 'm', reason: 'never mind', worktreeKept: true };

/** A mission whose task is claimed. */
function claimed(): TestLedger {
  const ledger = makeTestLedger();
  const story = missionStory('m');
  const last = story.findIndex(({ name }) => name === 'task.claim');
  for (const { name, input } of story.slice(0, last + 1)) ledger.store(name, input);
  return ledger;
}

const statusOf = ({ database }: TestLedger, kind: Entity['kind'], id: string): unknown =>
  (makeLedgerReader(database).entity(kind, id) as Entity<{ status: string }>).body.status;

describe('a mission that is cancelled', () => {
  it('ends its task and its lease in the same command', () => {
    const ledger = claimed();
    assert.equal(statusOf(ledger, 'lease', 'm.1.1'), 'held');
    assert.equal(ledger.store('mission.cancel', cancel).events.length, 3);
    assert.equal(statusOf(ledger, 'mission', 'm'), 'cancelled');
    assert.equal(statusOf(ledger, 'task', 'm.1'), 'failed');
    assert.equal(statusOf(ledger, 'lease', 'm.1.1'), 'released');
  });

  it('leaves a lease alone that was given back already', () => {
    const ledger = claimed();
    ledger.store('task.release', { task: 'm.1', reason: 'interrupted' });
    // Nobody is at the task any more: only the mission ends.
    assert.equal(ledger.store('mission.cancel', cancel).events.length, 1);
  });

  it('is not cancelled any more once its merge has begun, unless that was blocked', () => {
    const ledger = claimed();
    const data = { ref: 'refs/heads/main', from: GIT_ID, to: GIT_ID };
    const merge = { kind: 'merge', effect: 'm/merge', subject: 'branch/main', mission: 'm' };
    ledger.store('effect.intend', { ...merge, data });
    assert.match(ledger.refuse('mission.cancel', cancel).message, /its merge has begun/);
    ledger.store('effect.fail', { ...merge, data: { reason: 'it moved' } });
    ledger.store('mission.cancel', cancel);
  });
});
