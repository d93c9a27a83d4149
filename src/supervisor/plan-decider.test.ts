/** Plans that change: asked about when they ask for more, else taken on, with what becomes of tasks. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { contextOf, type Bodies } from '#ledger/fixtures/decision-context.ts';
import type { MissionState, PlanState } from './mission-reducer.ts';
import { planDeciders, whyAsk } from './plan-decider.ts';

const GIT_ID = 'c0'.repeat(20);
const HASH = 'd1'.repeat(32);

type Task = PlanState['tasks'][number];

const task = (id: string, more: Partial<Task> = {}): Task => ({
  id,
  title: `task ${id}`,
  role: 'coder',
  kind: 'edit',
  writeSet: [],
  ...more,
});

const plan: PlanState = {
  mission: 'm',
  hash: HASH,
  base: GIT_ID,
  engine: 'tsc 7',
  isolation: 'none',
  summary: 'two files',
  tasks: [task('m.1', { writeSet: ['a.ts'] }), task('m.2', { writeSet: ['b.ts'], after: ['m.1'] })],
  checks: [{ name: 'test', command: 'npm test' }],
  price: { files: 2, changes: 5, money: 0, timeMs: null },
  contents: { hash: HASH, bytes: 10 },
  listed: 0,
  warnings: [],
};

const running: Partial<MissionState> = { status: 'running', plan: 'm.1', forked: null };

const bodies: Bodies = {
  'mission/m': running,
  'plan/m.1': plan,
  'task/m.1': { status: 'done' },
  'task/m.2': { status: 'ready' },
};

const change = (more: Partial<PlanState>, around: Bodies = {}) => {
  const { mission, ...data } = { ...plan, supersedes: 'm.1', reason: 'it must', ...more };
  const input = { mission, cause: 'e1', ...data };
  return planDeciders['plan.change']?.(input, contextOf({ ...bodies, ...around })) ?? [];
};

const typesOf = (events: readonly { readonly type: string }[]): readonly string[] =>
  events.map(({ type }) => type);

/** Each asks for more than `plan` in one way. */
const MORE: Readonly<Record<string, Partial<PlanState>>> = {
  'more money': { price: { ...plan.price, money: 1 } },
  'more files': { price: { ...plan.price, files: 3 } },
  'more changes': { price: { ...plan.price, changes: 6 } },
  'another file instead': {
    tasks: [task('m.1', { writeSet: ['a.ts'] }), task('m.3', { writeSet: ['c.ts'] })],
  },
  'a check less': { checks: [] },
  'another command for a check': { checks: [{ name: 'test', command: 'true' }] },
  'a check more': { checks: [...plan.checks, { name: 'lint', command: 'npm run lint' }] },
};

/** Each is different from `plan` and asks for no more. */
const NO_MORE: Readonly<Record<string, Partial<PlanState>>> = {
  'the same': {},
  'other contents': { contents: { hash: 'e2'.repeat(32), bytes: 9 } },
  'fewer files': { price: { ...plan.price, files: 1 }, tasks: plan.tasks.slice(0, 1) },
  'fewer changes': { price: { ...plan.price, changes: 4 } },
  'another time': { price: { ...plan.price, timeMs: 5_000 } },
  'tasks shared out otherwise': { tasks: [task('m.3', { writeSet: ['a.ts', 'b.ts'] })] },
};

describe('a changed plan', () => {
  for (const [what, more] of Object.entries(MORE)) {
    it(`is asked about when it has ${what}`, () => {
      assert.equal(typeof whyAsk(plan, { ...plan, ...more }), 'string');
      const events = change(more);
      assert.deepEqual(typesOf(events), ['plan.proposed', 'mission.planned']);
      assert.deepEqual(events[1]?.data, { plan: 'm.2', hash: HASH });
    });
  }

  for (const [what, more] of Object.entries(NO_MORE)) {
    it(`counts at once when it has ${what}`, () => {
      assert.equal(whyAsk(plan, { ...plan, ...more }), undefined);
      const [proposed, adopted] = change(more);
      assert.deepEqual([proposed?.type, proposed?.cause], ['plan.proposed', 'e1']);
      assert.deepEqual([proposed?.subject, adopted?.type], ['plan/m.2', 'mission.replanned']);
    });
  }

  it('makes what is new, drops what it does without, and leaves the rest as it is', () => {
    const tasks = [task('m.1', { writeSet: ['a.ts'] }), task('m.3', { writeSet: ['b.ts'] })];
    const [, , created, dropped, ...rest] = change({ tasks });
    assert.deepEqual([created?.type, created?.subject], ['task.created', 'task/m.3']);
    assert.deepEqual([dropped?.type, dropped?.subject], ['task.dropped', 'task/m.2']);
    assert.deepEqual(rest, []);
  });

  it('drops only what nobody has begun', () => {
    for (const status of ['claimed', 'done', 'failed']) {
      const tasks = [task('m.1', { writeSet: ['a.ts'] })];
      const events = change({ tasks }, { 'task/m.2': { status } });
      assert.ok(!typesOf(events).includes('task.dropped'), status);
    }
  });

  it('changes the plan that counts, of a mission at work, and no other', () => {
    assert.throws(() => change({ supersedes: 'm.0' }), { name: 'plan-stale' });
    for (const status of ['planning', 'waiting', 'interrupted', 'rejected', 'done'] as const) {
      assert.throws(() => change({}, { 'mission/m': { ...running, status } }), {
        name: 'conflict',
      });
    }
    const third = change(
      { supersedes: 'm.2' },
      {
        'mission/m': { ...running, plan: 'm.2' },
        'plan/m.2': plan,
      },
    );
    assert.equal(third[0]?.subject, 'plan/m.3');
  });
});

describe('a first plan', () => {
  it('always waits for an answer, and is made once', () => {
    const { mission, ...data } = plan;
    const propose = (status: string) =>
      planDeciders['plan.propose']?.(
        { mission, ...data },
        contextOf({ 'mission/m': { ...running, status, plan: null } }),
      ) ?? [];
    assert.deepEqual(typesOf(propose('planning')), ['plan.proposed', 'mission.planned']);
    for (const status of ['waiting', 'running', 'done']) {
      assert.throws(() => propose(status), { name: 'conflict' });
    }
  });
});
