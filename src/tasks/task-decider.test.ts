/** Tasks: claimed in time and by one, with all paths or none; ended by who shows the token. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { contextOf, type Bodies } from '#ledger/fixtures/decision-context.ts';
import { taskDeciders } from './task-decider.ts';
import type { LeaseState, TaskState } from './task-reducer.ts';

const TREE = 'c0'.repeat(20);
const PATCH = { hash: 'ab'.repeat(32), bytes: 7 };

const ready: TaskState = {
  mission: 'm',
  plan: 'm.1',
  title: 'rename',
  role: 'coder',
  kind: 'edit',
  writeSet: ['a.ts', 'b.ts'],
  status: 'ready',
  agent: null,
  lease: null,
  attempt: 0,
  gitTree: null,
  reason: null,
  patch: null,
};

const claimed: TaskState = { ...ready, status: 'claimed', agent: 'agent:x', lease: 'l' };

const held: LeaseState = {
  task: 'm.1',
  holder: 'agent:x',
  paths: ['a.ts', 'b.ts'],
  token: 4,
  epoch: 2,
  ttlMs: 1_000,
  status: 'held',
};

/** A mission at work on a plan of two tasks, the second of which comes after the first. */
const atWork: Bodies = {
  'mission/m': { status: 'running', plan: 'm.1' },
  'plan/m.1': { tasks: [{ id: 'm.1' }, { id: 'm.2', after: ['m.1'] }] },
  'task/m.1': ready,
  'task/m.2': { ...ready, writeSet: ['c.ts'] },
};

const decide = (name: string, input: object, bodies: Bodies) =>
  taskDeciders[name]?.(input, contextOf({ ...atWork, ...bodies })) ?? [];

const claim = (input: object, bodies: Bodies = {}) =>
  decide('task.claim', { task: 'm.1', agent: 'agent:y', ttlMs: 60_000, ...input }, bodies);

describe('a claim', () => {
  it('takes the write set and what is asked for besides, under a token higher than any', () => {
    const released = { ...held, task: 'n.1', status: 'released', token: 9 };
    const [granted, taken] = claim({ more: ['c.ts', 'a.ts'] }, { 'lease/old': released });
    assert.equal(granted?.type, 'lease.granted');
    assert.deepEqual(granted?.data, {
      task: 'm.1',
      holder: 'agent:y',
      paths: ['a.ts', 'b.ts', 'c.ts'],
      token: 10,
      epoch: 2,
      ttlMs: 60_000,
    });
    assert.deepEqual(taken?.data, { agent: 'agent:y', lease: 'm.1.1', attempt: 1 });
  });

  it('gets nothing while another task holds one of the paths, and hears who', () => {
    const other = { ...held, task: 'n.1', paths: ['b.ts'] };
    const details = { path: 'b.ts', holder: 'agent:x', task: 'n.1' };
    assert.throws(() => claim({}, { 'lease/l': other }), { name: 'path-held', details });
    assert.throws(() => claim({ more: ['d.ts'] }, { 'lease/l': { ...other, paths: ['d.ts'] } }), {
      name: 'path-held',
    });
    for (const free of [
      { status: 'released' },
      { status: 'expired' },
      { epoch: 1 },
      { paths: ['d.ts'] },
    ]) {
      assert.equal(claim({}, { 'lease/l': { ...other, ...free } }).length, 2);
    }
  });

  it('of what is claimed is refused, unless that lease is gone', () => {
    const bodies = (lease: Partial<LeaseState>) => ({
      'task/m.1': claimed,
      'lease/l': { ...held, ...lease },
    });
    assert.throws(() => claim({}, bodies({})), {
      name: 'conflict',
      details: { holder: 'agent:x' },
    });
    for (const gone of [{ status: 'expired' }, { status: 'released' }, { epoch: 1 }] as const) {
      assert.equal(claim({}, bodies(gone)).length, 2);
    }
    for (const status of ['done', 'failed', 'dropped'] as const) {
      assert.throws(() => claim({}, { 'task/m.1': { ...ready, status } }), { name: 'conflict' });
    }
  });

  it('waits for the tasks that come first to be done, by the plan that counts now', () => {
    const after = { 'task/m.1': { ...ready, status: 'done' } };
    assert.equal(claim({ task: 'm.2' }, after).length, 2);
    for (const status of ['ready', 'claimed', 'failed', 'dropped']) {
      const bodies = { 'task/m.1': { ...ready, status } };
      assert.throws(() => claim({ task: 'm.2' }, bodies), {
        name: 'conflict',
        details: { after: 'm.1' },
      });
    }
    const changed = {
      'mission/m': { status: 'running', plan: 'm.2' },
      'plan/m.2': { tasks: [{ id: 'm.2', after: [] }] },
    };
    assert.equal(claim({ task: 'm.2' }, changed).length, 2);
  });

  it('is refused while the mission is not at work', () => {
    for (const status of ['waiting', 'interrupted', 'rejected', 'cancelled', 'failed', 'done']) {
      const bodies = { 'mission/m': { status, plan: 'm.1' } };
      assert.throws(() => claim({}, bodies), { name: 'conflict', message: new RegExp(status) });
    }
  });
});

describe('who has a task', () => {
  const mine = { 'task/m.1': claimed, 'lease/l': held };

  it('gives back all it has when it releases it, its patch stays', () => {
    const input = { task: 'm.1', reason: 'later', patch: PATCH };
    const [released, given, ...rest] = decide('task.release', input, mine);
    assert.deepEqual(released?.data, { reason: 'later', patch: PATCH });
    assert.deepEqual([released?.type, released?.subject], ['task.released', 'task/m.1']);
    assert.deepEqual([given?.type, given?.subject], ['lease.released', 'lease/l']);
    assert.deepEqual(rest, []);
  });

  it('gives back nothing twice: a lease that is gone is not released again', () => {
    const bodies = { ...mine, 'lease/l': { ...held, status: 'expired' } };
    const events = decide('task.release', { task: 'm.1', reason: 'later' }, bodies);
    assert.deepEqual(
      events.map(({ type }) => type),
      ['task.released'],
    );
  });

  it('ends it with the token that the lease has, not with another one', () => {
    const evidence = { task: 'm.1', gitTree: TREE, checks: [], ref: 'refs/skein/m/1' };
    const [done, given] = decide('task.finish', { ...evidence, token: 4 }, mine);
    assert.deepEqual(done?.data, { gitTree: TREE, checks: [], ref: 'refs/skein/m/1' });
    assert.equal(given?.type, 'lease.released');
    for (const name of ['task.finish', 'task.release']) {
      const input = { ...evidence, reason: 'x' };
      for (const token of [3, 5]) {
        assert.throws(() => decide(name, { ...input, token }, mine), { name: 'lease-missing' });
      }
      for (const gone of [{ status: 'expired' }, { status: 'released' }, { epoch: 1 }]) {
        const bodies = { ...mine, 'lease/l': { ...held, ...gone } };
        assert.throws(() => decide(name, { ...input, token: 4 }, bodies), {
          name: 'lease-missing',
        });
      }
    }
  });

  it('is the only one who can end it: what nobody has is neither done, failed nor released', () => {
    for (const name of ['task.finish', 'task.fail', 'task.release']) {
      for (const status of ['ready', 'done', 'failed', 'dropped'] as const) {
        const input = { task: 'm.1', gitTree: TREE, checks: [], reason: 'x' };
        const bodies = { 'task/m.1': { ...claimed, status } };
        assert.throws(() => decide(name, input, bodies), { name: 'conflict' }, `${name} ${status}`);
      }
    }
  });
});

describe('a task that no plan foresaw', () => {
  const diagnosis = {
    task: 'm.3',
    mission: 'm',
    plan: 'm.1',
    title: 'Find out why',
    role: 'scout',
    kind: 'diagnose',
  };

  it('writes nothing, and says what caused it', () => {
    const [created] = decide('task.add', { ...diagnosis, cause: 'e1' }, {});
    const { task: _task, mission, ...data } = diagnosis;
    assert.deepEqual(created, {
      type: 'task.created',
      subject: 'task/m.3',
      mission,
      cause: 'e1',
      data: { ...data, writeSet: [] },
    });
  });

  it('is claimed without waiting for anybody: it is in no plan', () => {
    assert.equal(claim({ task: 'm.3' }, { 'task/m.3': { ...ready, writeSet: [] } }).length, 2);
  });

  it('takes the id of no other, and is of a known kind', () => {
    assert.throws(() => decide('task.add', { ...diagnosis, task: 'm.1' }, {}), {
      name: 'conflict',
    });
    assert.throws(() => decide('task.add', { ...diagnosis, kind: 'guess' }, {}), { name: 'usage' });
  });
});
