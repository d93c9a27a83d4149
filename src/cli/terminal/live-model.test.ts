/** The state of a mission as the live block shows it, folded from the events of a swarm. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EventEnvelope } from '#protocol/event.ts';
import { task } from './fixtures/swarm-plans.ts';
import { STORY, until } from './fixtures/swarm-story.ts';
import { emptyModel, foldLive, type LiveModel } from './live-model.ts';

const fold = (events: readonly EventEnvelope[], from = emptyModel): LiveModel =>
  events.reduce(foldLive, from);

const states = ({ tasks }: LiveModel): Record<string, string> =>
  Object.fromEntries(Array.from(tasks.values(), ({ number, state }) => [number, state]));

/** The event at the place of the first one of `type`, with another type, subject and data. */
const other = (type: string, subject: string, data: unknown): EventEnvelope => ({
  ...(STORY.at(-1) as EventEnvelope),
  type,
  subject,
  data,
});

describe('the live state of a mission', () => {
  it('is being planned, waits, is at work, has ended', () => {
    assert.equal(fold(until('mission.submitted')).state, 'planning');
    assert.equal(fold(until('mission.planned')).state, 'waiting');
    assert.equal(fold(until('mission.approved')).state, 'at work');
    assert.equal(fold(until('mission.planned', 'last')).state, 'waiting');
    assert.equal(fold(STORY).state, 'ended');
  });

  it('of a fork is at work at once when its plan was approved before', () => {
    const proposed = STORY.find(({ type }) => type === 'plan.proposed') as EventEnvelope;
    const forked = (approval: object | null): LiveModel =>
      fold([other('mission.forked', 'mission/m', { approval }), proposed]);
    const approved = forked({ event: 'yes', from: 'terminal' });
    assert.equal(approved.state, 'at work');
    assert.deepEqual([...approved.after], [...approved.proposed]);
    assert.equal(forked(null).state, 'planning');
    assert.equal(forked(null).after.size, 0);
  });

  it('knows who is at work on what, and how far it is', () => {
    const model = fold(until('agent.discovered'));
    assert.deepEqual(states(model), {
      1: 'done',
      2: 'at work',
      3: 'at work',
      4: 'ready',
      5: 'ready',
    });
    const { files, edited, agent } = model.tasks.get(task(2)) ?? {};
    assert.deepEqual(
      [files, [...(edited ?? [])], agent],
      [2, ['packages/cart/src/cart.ts'], 'coder-1'],
    );
    assert.equal(model.agents.get('coder-2')?.task, task(3));
    assert.equal(model.agents.get('runner-1')?.task, null);
    assert.deepEqual(model.after.get(task(4)), [task(2), task(3)]);
  });

  it('knows what is under way: an edit between intent and outcome, an action between its words', () => {
    const doing = (events: readonly EventEnvelope[]): string[] =>
      Array.from(fold(events).effects.values(), ({ agent, doing: what }) => `${agent}: ${what}`);
    assert.deepEqual(doing(until('check.intended')), ['runner-1: check test on the base']);
    assert.deepEqual(doing(until('check.done')), []);
    assert.deepEqual(doing(until('edit.intended')), [
      'coder-1: edit packages/cart/src/cart.ts',
      'coder-1: edit packages/cart/src/cart.ts',
    ]);
    assert.deepEqual(doing(until('expectation.met')), []);
  });

  it('knows what is held, by whom; one more path on the way is one more file', () => {
    const held = until('agent.discovered');
    const leases = [...fold(held).leases.values()].map(({ holder, paths }) => [holder, paths]);
    assert.deepEqual(leases, [
      ['coder-1', 2],
      ['coder-2', 1],
    ]);
    const extended = fold([
      ...held,
      other('lease.extended', `lease/${task(3)}.1`, { path: 'x', why: '' }),
    ]);
    assert.equal(extended.leases.get(`${task(3)}.1`)?.paths, 2);
    assert.equal(extended.tasks.get(task(3))?.files, 2);
    assert.equal(fold(STORY).leases.size, 0);
  });

  it('takes predecessors of a changed plan over when it is approved, not before', () => {
    const waiting = fold(until('mission.planned', 'last'));
    assert.deepEqual(waiting.after.get(task(4)), [task(2), task(3)]);
    const approved = fold(until('mission.approved', 'last'));
    assert.deepEqual(approved.after.get(task(4)), [task(2), task(3), task(6)]);
    assert.equal(approved.since, fold(until('mission.approved')).since, 'the work goes on');
  });

  it('keeps the last refusals and messages, and no more of them', () => {
    const { news } = fold(until('mission.planned', 'last'));
    assert.deepEqual(
      news.map(({ kind }) => kind),
      ['message', 'refusal', 'refusal'],
    );
    const refusal = until('guardrail.refused').at(-1) as EventEnvelope;
    const many = fold(Array.from({ length: 100 }, () => refusal));
    assert.equal(many.news.length, 8);
  });

  it('leaves nobody at work when the mission is interrupted, and goes on when it is resumed', () => {
    const stopped = fold([
      ...until('agent.discovered'),
      other('mission.interrupted', 'mission/x', { reason: 'x' }),
    ]);
    assert.deepEqual([stopped.state, stopped.leases.size, stopped.effects.size], ['ended', 0, 0]);
    assert.deepEqual(states(stopped)['2'], 'ready');
    assert.equal(stopped.tasks.get(task(2))?.edited.size, 1, 'what was edited stays');
    assert.equal(
      fold([other('mission.resumed', 'mission/x', { epoch: 4 })], stopped).state,
      'at work',
    );
  });

  it('survives types and data of a newer Skein', () => {
    const known = fold(until('agent.discovered'));
    for (const type of [
      'task.praised',
      'constructor',
      'edit.done',
      'lease.granted',
      'task.claimed',
    ]) {
      assert.doesNotThrow(() => foldLive(known, other(type, 'x', null)));
      assert.doesNotThrow(() => foldLive(known, other(type, 'task/x', { effect: 7, paths: 'x' })));
    }
  });
});
