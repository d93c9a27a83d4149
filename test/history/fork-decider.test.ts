/** What a fork may take over is decided by the record, not by who asks. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { makeLedgerReader } from '#ledger/ledger-reader.ts';
import { decodeEvent } from '#protocol/event-types.ts';
import { DIGEST, GIT_ID, missionStory, proposal } from '../support/mission-story.ts';
import { makeTestLedger, supervisor, type TestLedger } from '../support/test-ledger.ts';
import type { MissionState, PlanState } from '#supervisor/mission-reducer.ts';
import { planHash } from '#supervisor/plan-contents.ts';
import type { ForkInput } from '#supervisor/history/fork/fork-decider.ts';
import { inheritPlan } from '#supervisor/history/fork/inherit-plan.ts';

/** A mission that is done, told up to a step of its story. */
function told(money = 0): TestLedger {
  const ledger = makeTestLedger();
  for (const { name, input } of missionStory('m1')) {
    const price = { files: 1, changes: 2, money, timeMs: null };
    ledger.store(name, name === 'plan.propose' ? { ...input, price } : input);
  }
  return ledger;
}

const options = { checks: [], merge: false, hooks: false, keepExports: false };

const asked = (more: Partial<ForkInput> = {}): ForkInput => ({
  mission: 'm2',
  from: 'm1',
  at: 'an event',
  goal: 'rename a to b',
  recipe: 'rename',
  options,
  budget: 0,
  plan: 'm1.1',
  approval: { event: 'yes', hash: DIGEST, from: 'terminal' },
  tasks: [{ task: 'm1.1', attempt: 1, done: { event: 'proof', gitTree: GIT_ID, checks: [] } }],
  edits: { hash: DIGEST, bytes: 10 },
  paths: ['src/a.ts'],
  answers: [],
  ...more,
});

interface Told {
  readonly type: string;
  readonly data: { readonly writeSet?: readonly string[] };
}

/** The events of the fork, with their data. */
function fork(ledger: TestLedger, more: Partial<ForkInput> = {}): Told[] {
  const { events } = ledger.store('mission.fork', asked(more));
  const read = makeLedgerReader(ledger.database);
  return read
    .events({ mission: 'm2', after: 0, limit: events.length })
    .map(({ body }) => decodeEvent(body as Buffer).event as Told);
}

const typesOf = (events: readonly { type: string }[]): string[] => events.map(({ type }) => type);

const stateOf = (ledger: TestLedger): MissionState =>
  makeLedgerReader(ledger.database).entity('mission', 'm2')?.body as MissionState;

const refusal = (ledger: TestLedger, more: Partial<ForkInput>): string => {
  const { name, message } = ledger.refuse('mission.fork', asked(more));
  return `${name}: ${message}`;
};

describe('a fork', () => {
  it('begins with where it comes from, its plan, and its tasks as they were', () => {
    const ledger = told();
    const events = fork(ledger);
    assert.deepEqual(typesOf(events), [
      'mission.forked',
      'plan.proposed',
      'task.created',
      'task.done',
      'task.created',
    ]);
    const state = stateOf(ledger);
    assert.equal(state.status, 'running');
    assert.equal(state.plan, 'm2.1');
    assert.equal(state.approvedFrom, 'terminal');
    assert.equal(state.forked?.layOut, 'm2.2');
    assert.deepEqual(events[4]?.data.writeSet, ['src/a.ts']);
  });

  it('asks again for anything that was not approved, and not for less', () => {
    const cases: readonly (readonly [Partial<ForkInput>, string])[] = [
      [{}, 'running'],
      [{ approval: null }, 'waiting'],
      [{ approval: { event: 'yes', hash: 'e2'.repeat(32), from: 'terminal' } }, 'waiting'],
      [{ options: { ...options, merge: true } }, 'waiting'],
      [{ options: { ...options, jobs: 2 } }, 'waiting'],
      [{ options: { ...options, keepExports: true } }, 'planning'],
      [{ options: { ...options, checks: ['npm test'] } }, 'planning'],
      [{ goal: 'rename a to c' }, 'planning'],
      [{ plan: null, tasks: [] }, 'planning'],
    ];
    for (const [more, status] of cases) {
      const ledger = told();
      const events = fork(ledger, more);
      assert.equal(stateOf(ledger).status, status, JSON.stringify(more));
      assert.equal(typesOf(events).includes('mission.planned'), status === 'waiting');
      assert.equal(typesOf(events).includes('plan.proposed'), status !== 'planning');
    }
  });

  it('asks again when money is spent, and is refused above its budget', () => {
    const ledger = told(2_000_000);
    assert.match(
      refusal(ledger, { budget: 1_999_999 }),
      /^limit-reached: .* costs 2 dollars, the budget is 1\.999999 dollars$/u,
    );
    fork(ledger, { budget: 2_000_000 });
    assert.equal(stateOf(ledger).status, 'waiting');
  });

  it('lays nothing out when nothing was written', () => {
    const ledger = told();
    const events = fork(ledger, { edits: null, paths: [] });
    assert.equal(typesOf(events).filter((type) => type === 'task.created').length, 1);
    assert.equal(stateOf(ledger).forked?.layOut, null);
  });

  it('is refused what the record does not have', () => {
    const ledger = told();
    const done = { event: 'proof', gitTree: GIT_ID, checks: [] };
    const cases: readonly (readonly [Partial<ForkInput>, RegExp])[] = [
      [{ from: 'm9' }, /^not-found: Cannot find mission m9/u],
      [{ plan: 'm1.7' }, /^not-found: Cannot find plan m1\.7/u],
      [{ tasks: [] }, /^conflict: .* tasks of its plan are missing/u],
      [{ tasks: [{ task: 'm1.9', attempt: 0, done }] }, /^conflict: .* m1\.9 is not in the plan/u],
      [
        { tasks: [{ task: 'm1.1', attempt: 1, done: { ...done, gitTree: 'e0'.repeat(20) } }] },
        /^conflict: Cannot take over task m1\.1: it is done, at c0c0/u,
      ],
      [{ answers: [{ effect: 'm2/x', from: 'm1/x' }] }, /^not-found: Cannot find effect m1\/x/u],
      [
        { answers: [{ effect: 'm2/cleanup', from: 'm1/cleanup' }] },
        /^conflict: Cannot take over m1\/cleanup: it is failed/u,
      ],
      [{ mission: 'm1' }, /^conflict: .* it exists already/u],
    ];
    for (const [more, expected] of cases) assert.match(refusal(ledger, more), expected);
    assert.equal(stateOf(ledger), undefined);
  });

  it('takes over no task that is not done yet, nor a plan of another mission', () => {
    const ledger = makeTestLedger();
    for (const { name, input } of missionStory('m1').slice(0, 6)) ledger.store(name, input);
    for (const { name, input } of missionStory('m3', ['src/c.ts']).slice(0, 4)) {
      ledger.store(name, input);
    }
    assert.match(refusal(ledger, {}), /^conflict: Cannot take over task m1\.1: it is claimed/u);
    assert.match(refusal(ledger, { plan: 'm3.1' }), /^conflict: .* m3\.1 is not its plan/u);
  });

  it('is a matter for persons', () => {
    const ledger = told();
    const [outcome] = ledger.flush({
      ...ledger.pending('mission.fork', asked()),
      speaker: supervisor,
    });
    assert.equal(outcome?.type === 'refused' ? outcome.error.name : '', 'unauthorized');
  });
});

describe('the plan of a fork', () => {
  const original = {
    ...proposal('m1', ['src/a.ts']),
    mission: 'm1',
    supersedes: 'm1.1',
    reason: 'an alias is used',
    tasks: [
      { id: 'm1.1', title: 'check', role: 'runner', writeSet: [] },
      { id: 'm1.4', title: 'edit', role: 'coder', writeSet: ['src/a.ts'], after: ['m1.1'] },
      { id: 'm1.6', title: 'prove', role: 'runner', writeSet: [], after: ['m1.1', 'm1.4'] },
    ],
  } as unknown as PlanState;

  it('is the same but for the ids of its tasks, which have no gap', () => {
    const { plan, ids } = inheritPlan(original, 'm2');
    assert.deepEqual(
      plan.tasks.map(({ id, after = [] }) => [id, ...after]),
      [['m2.1'], ['m2.2', 'm2.1'], ['m2.3', 'm2.1', 'm2.2']],
    );
    assert.deepEqual(
      [...ids],
      [
        ['m1.1', 'm2.1'],
        ['m1.4', 'm2.2'],
        ['m1.6', 'm2.3'],
      ],
    );
    assert.deepEqual([plan.contents, plan.checks], [original.contents, original.checks]);
    assert.ok(!('supersedes' in plan) && !('reason' in plan) && !('mission' in plan));
  });

  it('has a hash of its own, over all of it', () => {
    const { plan } = inheritPlan(original, 'm2');
    const { hash, ...rest } = plan;
    assert.equal(hash, planHash(rest));
    assert.notEqual(hash, inheritPlan(original, 'm3').plan.hash);
  });
});
