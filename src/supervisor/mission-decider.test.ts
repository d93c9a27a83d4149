/** The end of a mission is the end of its tasks, in one command: no crash can come between them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { contextOf, type Bodies } from '#ledger/fixtures/decision-context.ts';
import { missionDeciders } from './mission-decider.ts';

/** A mission at work: one task each that is done, at work and ready, and a diagnosis at work. */
const bodies: Bodies = {
  'mission/m': { status: 'running', plan: 'm.1' },
  'plan/m.1': { tasks: [{ id: 'm.1' }, { id: 'm.2' }, { id: 'm.3' }] },
  'task/m.1': { mission: 'm', status: 'done', lease: null },
  'task/m.2': { mission: 'm', status: 'claimed', lease: 'a' },
  'task/m.3': { mission: 'm', status: 'ready', lease: null },
  'task/m.4': { mission: 'm', status: 'claimed', lease: 'b' },
  'task/n.1': { mission: 'n', status: 'claimed', lease: 'c' },
  'lease/a': { status: 'held' },
  'lease/b': { status: 'expired' },
  'lease/c': { status: 'held' },
};

const ENDS: Readonly<Record<string, object>> = {
  'mission.cancel': { reason: 'never mind', worktreeKept: true },
  'mission.fail': { error: 'internal', code: 5099, message: 'x', worktreeKept: true },
  'mission.finish': { gitCommit: 'c0'.repeat(20), branch: 'b', merged: false, durationMs: 1 },
};

const end = (name: string): readonly string[] =>
  (missionDeciders[name]?.({ mission: 'm', ...ENDS[name] }, contextOf(bodies)) ?? []).map(
    ({ type, subject }) => `${type} ${subject}`,
  );

describe('a mission that ends', () => {
  it('badly fails what is at work, also what no plan named, and gives back what is held', () => {
    const tasks = ['task.failed task/m.2', 'lease.released lease/a', 'task.failed task/m.4'];
    assert.deepEqual(end('mission.fail'), [...tasks, 'mission.failed mission/m']);
    assert.deepEqual(end('mission.cancel'), ['mission.cancelled mission/m', ...tasks]);
  });

  it('well drops what nobody will take up any more', () => {
    assert.deepEqual(end('mission.finish'), ['task.dropped task/m.3', 'mission.done mission/m']);
  });
});
