/** Leases while they are held: one more path or none, and their end by silence. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { contextOf, type Bodies } from '#ledger/fixtures/decision-context.ts';
import { leaseDeciders } from './lease-decider.ts';
import { reduceLease, reduceTask, type LeaseState, type TaskState } from './task-reducer.ts';

const held: LeaseState = {
  task: 'm.1',
  holder: 'agent:x',
  paths: ['a.ts'],
  token: 4,
  epoch: 2,
  ttlMs: 60_000,
  status: 'held',
};

const task: Partial<TaskState> = { mission: 'm', status: 'claimed', agent: 'agent:x', lease: 'l' };

const decide = (name: string, input: object, bodies: Bodies = {}) =>
  leaseDeciders[name]?.(
    { lease: 'l', token: 4, ...input },
    contextOf({ 'lease/l': held, 'task/m.1': task, ...bodies }),
  ) ?? [];

/** What does not stand for a lease of token 4 in epoch 2. */
const GONE: readonly Partial<LeaseState>[] = [
  { status: 'released' },
  { status: 'expired' },
  { token: 5 },
  { epoch: 1 },
  { epoch: 3 },
];

describe('one more path', () => {
  const extend = (path: string, bodies: Bodies = {}) =>
    decide('lease.extend', { path, why: 'also used there' }, bodies);

  it('is granted when nobody holds it, and then held', () => {
    const [event] = extend('b.ts');
    assert.deepEqual(
      [event?.type, event?.subject, event?.mission, event?.data],
      ['lease.extended', 'lease/l', 'm', { path: 'b.ts', why: 'also used there' }],
    );
    const state = reduceLease(held, event as never);
    assert.deepEqual(state.paths, ['a.ts', 'b.ts']);
  });

  it('is refused at once, with who holds it, when somebody does', () => {
    const other = { ...held, task: 'n.1', holder: 'agent:y', paths: ['b.ts'], token: 5 };
    const details = { path: 'b.ts', holder: 'agent:y', task: 'n.1' };
    assert.throws(() => extend('b.ts', { 'lease/k': other }), { name: 'path-held', details });
    for (const free of [{ status: 'released' }, { status: 'expired' }, { epoch: 1 }]) {
      assert.equal(extend('b.ts', { 'lease/k': { ...other, ...free } }).length, 1);
    }
  });

  it('that it has already changes nothing', () => {
    assert.deepEqual(extend('a.ts'), []);
  });

  it('is not for who has lost the lease', () => {
    for (const gone of GONE) {
      assert.throws(
        () => extend('b.ts', { 'lease/l': { ...held, ...gone } }),
        { name: 'lease-missing' },
        JSON.stringify(gone),
      );
    }
    assert.throws(() => extend('b.ts', { 'lease/l': undefined }), { name: 'lease-missing' });
  });
});

describe('the end of a lease by silence', () => {
  it('makes its task ready again in the same command', () => {
    const [expired, released] = decide('lease.expire', {});
    assert.deepEqual([expired?.type, expired?.data], ['lease.expired', { ttlMs: 60_000 }]);
    assert.equal(reduceLease(held, expired as never).status, 'expired');
    assert.equal(released?.type, 'task.released');
    assert.match(JSON.stringify(released?.data), /agent:x gave no sign of life for 60 s/);
    const state = reduceTask(task as TaskState, released as never);
    assert.deepEqual([state.status, state.lease, state.agent], ['ready', null, null]);
  });

  it('comes too late for a lease that is over, or is another one by now', () => {
    for (const gone of [{ status: 'released' }, { status: 'expired' }, { token: 5 }]) {
      assert.deepEqual(decide('lease.expire', {}, { 'lease/l': { ...held, ...gone } }), []);
    }
    assert.deepEqual(decide('lease.expire', {}, { 'lease/l': undefined }), []);
  });

  it('leaves a task alone that somebody else has by now, or that has ended', () => {
    for (const other of [{ ...task, lease: 'k' }, { ...task, status: 'done' }, undefined]) {
      const events = decide('lease.expire', {}, { 'task/m.1': other });
      assert.deepEqual(
        events.map(({ type }) => type),
        ['lease.expired'],
      );
    }
  });
});
