/** The port of a replay answers from the record, and from nothing else. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toSkeinError, type SkeinError } from '#protocol/errors.ts';
import type { EffectState } from './effect-reducer.ts';
import { makeReplayEffects, onlyAnswered, type AskedEffect } from './replay-effects.ts';

const asked: AskedEffect = {
  kind: 'edit',
  key: 'm/edit/a.ts',
  subject: 'file/a.ts',
  mission: 'm',
  intent: { path: 'a.ts', afterHash: 'after' },
};

const recorded: EffectState = {
  kind: 'edit',
  mission: 'm',
  subject: 'file/a.ts',
  status: 'done',
  intent: { path: 'a.ts', afterHash: 'after', token: 7 },
  outcome: { afterHash: 'after' },
  intentEvent: 'event-1',
};

const perform = (state: EffectState | undefined, more: Partial<AskedEffect> = {}) =>
  makeReplayEffects((key) => (key === asked.key ? state : undefined)).perform(
    onlyAnswered({ ...asked, ...more }),
  );

async function refusal(state: EffectState | undefined, more = {}): Promise<SkeinError> {
  try {
    await perform(state, more);
  } catch (thrown) {
    return toSkeinError(thrown);
  }
  throw new Error('it was answered');
}

const linesOf = ({ details }: SkeinError): readonly string[] =>
  (details as { lines: string[] }).lines;

describe('the effects of a replay', () => {
  it('answer with the recorded outcome; what can not be told beforehand is not compared', async () => {
    assert.deepEqual(await perform(recorded), { afterHash: 'after' });
  });

  it('throw for what is not on the record, with what was asked for', async () => {
    const error = await refusal(undefined);
    assert.equal(error.name, 'replay-differs');
    assert.equal(error.message, 'Cannot answer edit m/edit/a.ts: the record has no such effect');
    assert.deepEqual(linesOf(error), ['path: "a.ts"', 'afterHash: "after"']);
    assert.equal(error.details?.['intended'], null);
  });

  it('throw for an intent without outcome, and for a failure, naming the intent', async () => {
    const open = await refusal({ ...recorded, status: 'intended', outcome: null });
    assert.match(open.message, /the record has its intent and no outcome$/u);
    assert.equal(open.details?.['intended'], 'event-1');
    const failed = await refusal({ ...recorded, status: 'failed', outcome: { reason: 'full' } });
    assert.match(failed.message, /the record has a failure$/u);
    assert.deepEqual(linesOf(failed), ['reason: full']);
  });

  it('throw for another intent, field by field', async () => {
    const error = await refusal(recorded, {
      subject: 'file/b.ts',
      intent: { path: 'b.ts', afterHash: 'after', lines: 3 },
    });
    assert.match(error.message, /the record has another intent$/u);
    assert.deepEqual(linesOf(error), [
      'subject: "file/b.ts", the record has "file/a.ts"',
      'path: "b.ts", the record has "a.ts"',
      'lines: 3, the record has nothing',
    ]);
  });

  it('throw for an outcome of something else than was announced', async () => {
    const error = await refusal({ ...recorded, outcome: { afterHash: 'other' } });
    assert.match(error.message, /its outcome is not what it announced$/u);
    assert.deepEqual(linesOf(error), ['afterHash: "after", the record has "other"']);
  });

  it('never act and never look', async () => {
    const effect = onlyAnswered(asked);
    await assert.rejects(effect.act(), { message: /a replay touches nothing$/u });
    await assert.rejects(effect.probe(), { message: /a replay touches nothing$/u });
  });
});
