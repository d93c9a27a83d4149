/** Effects: an intent once, an outcome only after it, an edit only under a lease that holds. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { contextOf, type Bodies } from '#ledger/fixtures/decision-context.ts';
import { EFFECT_KINDS } from '#protocol/events/effect.ts';
import { effectDeciders } from './effect-decider.ts';
import { reduceEffect, type EffectState } from './effect-reducer.ts';
import type { LeaseState } from './task-reducer.ts';

const HASH = 'ab'.repeat(32);
const lease: LeaseState = {
  task: 't',
  holder: 'coder',
  paths: ['src/a.ts', 'src/b.ts'],
  token: 4,
  epoch: 2,
  ttlMs: 1_000,
  status: 'held',
};

const statement = {
  kind: 'check',
  effect: 'm/check',
  subject: 'check/test',
  mission: 'm',
  data: {},
};
const editData = { lease: 'l', token: 4, path: 'src/a.ts', baseHash: HASH, afterHash: HASH };
const edit = { ...statement, kind: 'edit', effect: 'm/edit', data: editData };

const state = (
  status: EffectState['status'],
  kind: EffectState['kind'] = 'check',
): EffectState => ({
  kind,
  mission: 'm',
  subject: 'check/test',
  status,
  intent: {},
  outcome: null,
  intentEvent: 'e',
});

const decide = (name: string, input: unknown, bodies: Bodies = {}) =>
  effectDeciders[name]?.(input, contextOf(bodies)) ?? [];

describe('an intent', () => {
  it('becomes the event of its kind, with its key and its cause', () => {
    for (const kind of EFFECT_KINDS.filter((each) => each !== 'edit')) {
      const [event] = decide('effect.intend', { ...statement, kind, cause: 'c', data: { x: 1 } });
      assert.deepEqual(event, {
        type: `${kind}.intended`,
        subject: 'check/test',
        mission: 'm',
        cause: 'c',
        data: { effect: 'm/check', x: 1 },
      });
    }
  });

  it('is stated once: again while it is open changes nothing, after a failure it opens anew', () => {
    const at = (status: EffectState['status']) =>
      decide('effect.intend', statement, { 'effect/m/check': state(status) });
    assert.deepEqual(at('intended'), []);
    assert.equal(at('failed').length, 1);
    assert.throws(() => at('done'), { name: 'conflict' });
  });

  it('may not take the key of another kind or another mission', () => {
    for (const change of [{ kind: 'setup' }, { mission: 'n' }]) {
      for (const name of ['effect.intend', 'effect.finish', 'effect.fail']) {
        const bodies = { 'effect/m/check': state('intended') };
        assert.throws(() => decide(name, { ...statement, ...change }, bodies), {
          name: 'conflict',
        });
        assert.doesNotThrow(() => decide(name, statement, bodies));
      }
    }
  });

  it('is refused for what is no statement', () => {
    for (const change of [
      { kind: 'rocket' },
      { effect: 1 },
      { data: null },
      { mission: undefined },
    ]) {
      assert.throws(() => decide('effect.intend', { ...statement, ...change }), { name: 'usage' });
    }
  });
});

describe('what is expected', () => {
  const expectation = { task: 't', action: 'check', expects: 'exit code 0' };

  it('is said before the intent, and judged after the outcome, which the intent caused', () => {
    const intended = decide('effect.intend', { ...statement, expectation });
    assert.deepEqual(
      intended.map(({ type }) => type),
      ['agent.expected', 'check.intended'],
    );
    assert.deepEqual(intended[0]?.data, expectation);
    const bodies = { 'effect/m/check': state('intended') };
    for (const [met, type] of [
      [true, 'expectation.met'],
      [false, 'expectation.failed'],
    ] as const) {
      const judged = { met, found: 'exit code 1' };
      const input = { ...statement, cause: 'e', expectation, judged };
      const [outcome, said] = decide('effect.finish', input, bodies);
      assert.equal(outcome?.type, 'check.done');
      assert.deepEqual([said?.type, said?.cause], [type, 'e']);
    }
  });

  it('is said once: an intent that is open already adds nothing', () => {
    const bodies = { 'effect/m/check': state('intended') };
    assert.deepEqual(decide('effect.intend', { ...statement, expectation }, bodies), []);
  });
});

describe('an outcome', () => {
  it('needs an open intent', () => {
    for (const [name, type] of [
      ['effect.finish', 'check.done'],
      ['effect.fail', 'check.failed'],
    ] as const) {
      const [event] = decide(name, statement, { 'effect/m/check': state('intended') });
      assert.equal(event?.type, type);
      assert.throws(() => decide(name, statement), { name: 'conflict' });
      for (const status of ['done', 'failed'] as const) {
        const bodies = { 'effect/m/check': state(status) };
        assert.throws(() => decide(name, statement, bodies), { name: 'conflict' });
      }
    }
  });
});

describe('an edit', () => {
  const intend = (data: object, held: LeaseState | undefined) =>
    decide('effect.intend', { ...edit, data: { ...editData, ...data } }, { 'lease/l': held });

  it('is let through under a lease that holds its path, with its token', () => {
    assert.equal(intend({}, lease)[0]?.type, 'edit.intended');
    assert.equal(intend({ path: 'src/b.ts' }, lease).length, 1);
  });

  it('is refused with a wrong or old token, another path, a void, released or missing lease', () => {
    const refused: [object, LeaseState | undefined][] = [
      [{ token: 3 }, lease],
      [{ token: 5 }, lease],
      [{ token: '4' }, lease],
      [{ path: 'src/c.ts' }, lease],
      [{ path: 'src' }, lease],
      [{ path: 'src/A.ts' }, lease],
      [{ path: undefined }, lease],
      [{}, { ...lease, epoch: 1 }],
      [{}, { ...lease, epoch: 3 }],
      [{}, { ...lease, status: 'released' }],
      [{}, { ...lease, status: 'expired' }],
      [{}, undefined],
      [{ lease: 'other' }, lease],
    ];
    for (const [data, held] of refused) {
      assert.throws(
        () => intend(data, held),
        { name: 'lease-missing' },
        JSON.stringify([data, held]),
      );
    }
  });

  it('shows its lease again when its intent is already open', () => {
    const bodies = {
      'effect/m/edit': state('intended', 'edit'),
      'lease/l': { ...lease, epoch: 1 },
    };
    assert.throws(() => decide('effect.intend', edit, bodies), { name: 'lease-missing' });
  });
});

describe('the state of an effect', () => {
  const event = (type: string, data: object, id = 'e1') =>
    ({ id, type, subject: 'check/test', mission: 'm', data: { effect: 'k', ...data } }) as never;

  it('is open after its intent and closed for ever by its outcome', () => {
    const open = reduceEffect(undefined, event('check.intended', { name: 'test' }));
    assert.deepEqual(
      [open.status, open.kind, open.intent],
      ['intended', 'check', { name: 'test' }],
    );
    const closed = reduceEffect(open, event('check.done', { exitCode: 0 }));
    assert.deepEqual([closed.status, closed.outcome], ['done', { exitCode: 0 }]);
    for (const late of ['check.intended', 'check.done', 'check.failed']) {
      assert.deepEqual(reduceEffect(closed, event(late, { exitCode: 1 }, 'late')), closed);
    }
  });

  it('opens again after a failure, with the new intent', () => {
    const first = reduceEffect(undefined, event('check.intended', { name: 'one' }));
    const failed = reduceEffect(first, event('check.failed', { reason: 'broke' }));
    assert.equal(failed.status, 'failed');
    const again = reduceEffect(failed, event('check.intended', { name: 'two' }, 'e2'));
    assert.deepEqual(
      [again.status, again.intent, again.outcome],
      ['intended', { name: 'two' }, null],
    );
    assert.equal(again.intentEvent, 'e2');
  });

  it('folds an outcome whose intent is not here', () => {
    assert.equal(reduceEffect(undefined, event('git-commit.done', {})).kind, 'git-commit');
  });
});
