/** Situations in which something stands still, and what is said of each. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LeaseState, TaskState } from '#tasks/task-reducer.ts';
import type { MissionState, PlanState } from './mission-reducer.ts';
import { whyWaiting, type Placed, type Situation, type Standing } from './why-waiting.ts';

const ONE = '01a1fe44-6af5-7100-9298-3544be3b20ae';
const OTHER = '01a1fe45-0000-7100-9298-3544be3b20ae';
const SPACE = 'a'.repeat(32);
const EPOCH = 3;

const mission = (id: string, change: Partial<MissionState> = {}): Placed<MissionState> => ({
  id,
  space: SPACE,
  body: {
    goal: 'rename a to b',
    recipe: 'rename-symbol',
    base: 'c'.repeat(40),
    branch: 'main',
    options: { checks: [], merge: false, hooks: false, keepExports: false },
    status: 'running',
    plan: `${id}.1`,
    hash: null,
    submittedAt: '',
    endedAt: null,
    approvedFrom: 'terminal',
    gitCommit: null,
    resultBranch: null,
    merged: false,
    durationMs: null,
    problem: null,
    worktreeKept: false,
    resumes: 0,
    forked: null,
    ...change,
  },
});

const task = (number: number, change: Partial<TaskState> = {}, of = ONE): Placed<TaskState> => ({
  id: `${of}.${number}`,
  space: SPACE,
  body: {
    mission: of,
    plan: `${of}.1`,
    title: `part ${number}`,
    role: 'coder',
    kind: 'edit',
    writeSet: [],
    status: 'ready',
    agent: null,
    lease: null,
    attempt: 0,
    gitTree: null,
    reason: null,
    patch: null,
    ...change,
  },
});

const claimed = (number: number, agent: string, of = ONE): Placed<TaskState> =>
  task(number, { status: 'claimed', agent, lease: `${of}.${number}.1` }, of);

const lease = (number: number, change: Partial<LeaseState> = {}, of = ONE): Placed<LeaseState> => ({
  id: `${of}.${number}.1`,
  space: SPACE,
  body: {
    task: `${of}.${number}`,
    holder: 'agent:coder-1',
    paths: [],
    token: number,
    epoch: EPOCH,
    ttlMs: 60_000,
    status: 'held',
    ...change,
  },
});

/** A plan in which some tasks come after others. */
const plan = (
  after: Readonly<Record<number, readonly number[]>>,
  id = `${ONE}.1`,
): Placed<PlanState> => ({
  id,
  space: SPACE,
  body: {
    mission: ONE,
    tasks: Object.entries(after).map(([number, before]) => ({
      id: `${ONE}.${number}`,
      title: '',
      role: 'coder',
      writeSet: [],
      after: before.map((each) => `${ONE}.${each}`),
    })),
  } as unknown as PlanState,
});

const situation = (parts: Partial<Situation>): Situation => ({
  missions: [mission(ONE)],
  plans: [],
  tasks: [],
  leases: [],
  atWork: [ONE],
  epoch: EPOCH,
  jobs: null,
  ...parts,
});

const told = ({ kind, id, state, agent, reasons }: Standing): string => {
  const name = kind === 'mission' ? 'mission' : `task ${id.slice(37)}`;
  const why = reasons.map(
    ({ text, endedBy, fix }) => `${text} [${endedBy}]${fix === undefined ? '' : ` ${fix}`}`,
  );
  return [name, state, ...(agent === null ? [] : [agent]), ...why].join('; ');
};

const SHORT = ONE.slice(0, 13);

const CASES: readonly {
  readonly name: string;
  readonly parts: Partial<Situation>;
  readonly says: readonly string[];
}[] = [
  { name: 'a mission that is at work, without tasks yet', parts: {}, says: ['mission; at work'] },
  {
    name: 'missions that have ended are not there',
    parts: {
      missions: (['done', 'failed', 'rejected', 'cancelled'] as const).map((status) =>
        mission(ONE, { status }),
      ),
    },
    says: [],
  },
  {
    name: 'a plan that waits for its answer',
    parts: { missions: [mission(ONE, { status: 'waiting' })], atWork: [] },
    says: [
      `mission; waiting; waits for your answer to its plan [you] skein approve ${SHORT} | skein reject ${SHORT}`,
    ],
  },
  {
    name: 'a changed plan that waits, while a task goes on and another does not',
    parts: {
      missions: [mission(ONE, { status: 'waiting', plan: `${ONE}.2` })],
      plans: [{ ...plan({}, `${ONE}.2`), body: { ...plan({}).body, supersedes: `${ONE}.1` } }],
      tasks: [claimed(1, 'agent:coder-1'), task(2)],
      leases: [lease(1)],
    },
    says: [
      `mission; waiting; waits for your answer to its changed plan [you] skein approve ${SHORT} | skein reject ${SHORT}`,
      'task 1; at work; agent:coder-1',
      `task 2; waiting; its mission waits for your answer to its changed plan [you] skein approve ${SHORT} | skein reject ${SHORT}`,
    ],
  },
  {
    name: 'an interrupted mission',
    parts: { missions: [mission(ONE, { status: 'interrupted' })], tasks: [task(1)], atWork: [] },
    says: [
      `mission; waiting; was interrupted [you] skein resume ${SHORT}`,
      `task 1; waiting; its mission was interrupted [you] skein resume ${SHORT}`,
    ],
  },
  {
    name: 'a mission whose node stopped: its lease and its claim count for nothing',
    parts: { tasks: [claimed(1, 'agent:coder-1')], leases: [lease(1)], atWork: [] },
    says: [
      `mission; waiting; stands still: its node stopped [you] skein resume ${SHORT}`,
      `task 1; waiting; its mission stands still: its node stopped [you] skein resume ${SHORT}`,
    ],
  },
  {
    name: 'tasks after others: at work, ready, failed, not begun; done ones are no reason',
    parts: {
      plans: [plan({ 5: [1, 2, 3, 4, 6] })],
      tasks: [
        claimed(1, 'agent:coder-1'),
        task(2),
        task(3, { status: 'failed' }),
        task(4, { status: 'done' }),
        task(5),
      ],
      leases: [lease(1)],
    },
    says: [
      'mission; at work',
      'task 1; at work; agent:coder-1',
      'task 2; waiting; is ready: the next free agent takes it [agent:supervisor]',
      'task 5; waiting; after task 1 (at work: agent:coder-1) [agent:coder-1]; after task 2 (waits itself) [task 2]; after task 3 (failed) [task 3]; after task 6 (not begun) [task 6]',
    ],
  },
  {
    name: 'a path that a task of another mission holds',
    parts: {
      missions: [mission(ONE), mission(OTHER)],
      atWork: [ONE, OTHER],
      tasks: [task(1, { writeSet: ['src/a.ts', 'src/b.ts'] }), claimed(4, 'agent:coder-2', OTHER)],
      leases: [lease(4, { holder: 'agent:coder-2', paths: ['src/a.ts'] }, OTHER)],
    },
    says: [
      'mission; at work',
      `task 1; waiting; path src/a.ts is held by agent:coder-2 for task 4 of mission ${OTHER.slice(0, 13)} [agent:coder-2]`,
      'mission; at work',
      'task 4; at work; agent:coder-2',
    ],
  },
  {
    name: 'paths of its own mission; more than five are counted',
    parts: {
      tasks: [
        task(1, { writeSet: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] }),
        claimed(2, 'agent:coder-1'),
      ],
      leases: [lease(2, { paths: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] })],
    },
    says: [
      'mission; at work',
      'task 1; waiting; paths a, b, c, d, e and 2 more are held by agent:coder-1 for task 2 [agent:coder-1]',
      'task 2; at work; agent:coder-1',
    ],
  },
  {
    name: 'a path of that name in another record, or under a lease that is void or released: no reason',
    parts: {
      tasks: [task(1, { writeSet: ['a'] })],
      leases: [
        { ...lease(2, { paths: ['a'] }), space: 'b'.repeat(32) },
        lease(3, { paths: ['a'], epoch: EPOCH - 1 }),
        lease(4, { paths: ['a'], status: 'expired' }),
      ],
    },
    says: [
      'mission; at work',
      'task 1; waiting; is ready: the next free agent takes it [agent:supervisor]',
    ],
  },
  {
    name: 'all jobs are busy, as many as the mission asked for',
    parts: {
      missions: [
        mission(ONE, {
          options: { checks: [], merge: false, hooks: false, keepExports: false, jobs: 2 },
        }),
      ],
      tasks: [claimed(1, 'agent:coder-1'), claimed(2, 'agent:coder-2'), task(3)],
      leases: [lease(1), lease(2)],
    },
    says: [
      'mission; at work',
      'task 1; at work; agent:coder-1',
      'task 2; at work; agent:coder-2',
      'task 3; waiting; all 2 jobs are busy: agent:coder-1, agent:coder-2 [agent:coder-1, agent:coder-2]',
    ],
  },
  {
    name: 'the one job of the node is busy',
    parts: { jobs: 1, tasks: [claimed(1, 'agent:coder-1'), task(2)], leases: [lease(1)] },
    says: [
      'mission; at work',
      'task 1; at work; agent:coder-1',
      'task 2; waiting; the one job is busy: agent:coder-1 [agent:coder-1]',
    ],
  },
  {
    name: 'tasks in the order of their numbers, missions in that of their age',
    parts: {
      missions: [mission(OTHER), mission(ONE)],
      atWork: [ONE, OTHER],
      tasks: [claimed(10, 'agent:coder-1'), claimed(9, 'agent:coder-2')],
      leases: [lease(10), lease(9)],
    },
    says: [
      'mission; at work',
      'task 9; at work; agent:coder-2',
      'task 10; at work; agent:coder-1',
      'mission; at work',
    ],
  },
];

describe('why something waits', () => {
  for (const { name, parts, says } of CASES) {
    it(name, () => assert.deepEqual(whyWaiting(situation(parts)).map(told), says));
  }
});
