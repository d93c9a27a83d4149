/** The effect protocol: intent before, outcome after, never twice, probed when in doubt. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Ledger } from '#ledger/ledger.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { EffectState } from './effect-reducer.ts';
import { makeEffects, type Effect, type PausePoint, type Probe } from './effects.ts';

/** A ledger that keeps the steps of effects and their states, and says what was asked of it. */
function fakeLedger() {
  const states = new Map<string, Partial<EffectState>>();
  const log: string[] = [];
  let refusal: { readonly error: SkeinError; readonly now: Partial<EffectState> } | undefined;
  const refuseFinish = (error: SkeinError, now: Partial<EffectState>): void =>
    void (refusal = { error, now });
  const ledger = {
    read: {
      entity: (_kind: string, id: string) =>
        states.has(id) ? { body: states.get(id) } : undefined,
    },
    execute: ({ name, input }: { name: string; input: { effect: string; data: object } }) => {
      log.push(name);
      const { effect, data } = input;
      if (name === 'effect.finish' && refusal !== undefined) {
        states.set(effect, refusal.now);
        return Promise.reject(refusal.error);
      }
      if (name === 'effect.intend') states.set(effect, { status: 'intended', intentEvent: 'e' });
      else if (name === 'effect.finish')
        states.set(effect, { status: 'done', outcome: { ...data } });
      else states.set(effect, { status: 'failed' });
      return Promise.resolve({});
    },
  } as unknown as Ledger;
  return { ledger, states, log, refuseFinish };
}

function makeWorld(probe: Probe = { type: 'not-done' }) {
  const { ledger, states, log, refuseFinish } = fakeLedger();
  let stop: PausePoint | undefined;
  const effects = makeEffects({
    ledger,
    speaker: { actor: 'a', authority: 'system' },
    newId: () => 'id',
    pause: (point) =>
      point === stop ? Promise.reject(new Error(`killed ${point}`)) : Promise.resolve(),
  });
  const effect: Effect = {
    kind: 'check',
    key: 'k',
    subject: 'check/test',
    mission: 'm',
    intent: { name: 'test' },
    act: () => {
      log.push('act');
      return Promise.resolve({ exitCode: 0 });
    },
    probe: () => {
      log.push('probe');
      return Promise.resolve(probe);
    },
  };
  const killAt = (point: PausePoint | undefined): void => void (stop = point);
  return { effects, effect, states, log, killAt, refuseFinish };
}

describe('an effect', () => {
  it('is intended, done, recorded, in this order', async () => {
    const { effects, effect, log } = makeWorld();
    assert.deepEqual(await effects.perform(effect), { exitCode: 0 });
    assert.deepEqual(log, ['effect.intend', 'act', 'effect.finish']);
  });

  it('that is recorded is never repeated: its outcome is answered', async () => {
    const { effects, effect, log } = makeWorld();
    await effects.perform(effect);
    log.length = 0;
    assert.deepEqual(await effects.perform(effect), { exitCode: 0 });
    assert.deepEqual(log, []);
  });

  it('that fails is recorded as failed and may be tried again', async () => {
    const { effects, effect, log } = makeWorld();
    const act = () => Promise.reject(new SkeinError('git-failed', 'Cannot commit: full'));
    await assert.rejects(effects.perform({ ...effect, act }), { name: 'git-failed' });
    assert.deepEqual(log, ['effect.intend', 'effect.fail']);
    await effects.perform(effect);
    assert.deepEqual(log.slice(2), ['effect.intend', 'act', 'effect.finish']);
  });

  it('that is interrupted stays open, for a probe on resume', async () => {
    const { effects, effect, log, states } = makeWorld();
    const act = () => Promise.reject(new SkeinError('interrupted', 'Cannot go on: stopped'));
    await assert.rejects(effects.perform({ ...effect, act }), { name: 'interrupted' });
    assert.deepEqual([log, states.get('k')?.status], [['effect.intend'], 'intended']);
  });
});

/** The answer to who comes second: somebody else has closed the effect meanwhile. */
const closedBefore = new SkeinError('conflict', 'Cannot close k: it is done');

describe('who fell silent over an effect', () => {
  it('and was fenced when it woke up leaves the effect open to who has it now', async () => {
    const { effects, effect, log, states } = makeWorld();
    const act = () => Promise.reject(new SkeinError('lease-missing', 'Cannot edit: lease gone'));
    await assert.rejects(effects.perform({ ...effect, act }), { name: 'lease-missing' });
    assert.deepEqual([log, states.get('k')?.status], [['effect.intend'], 'intended']);
    await effects.perform(effect);
    assert.equal(states.get('k')?.status, 'done');
  });

  it('may have closed it meanwhile: its outcome counts, whoever comes second', async () => {
    const outcome = { exitCode: 7 };
    for (const probe of [
      { type: 'not-done' },
      { type: 'done', outcome: { exitCode: 0 } },
    ] as const) {
      const { effects, effect, states, refuseFinish } = makeWorld(probe);
      states.set('k', { status: 'intended', intentEvent: 'e' });
      refuseFinish(closedBefore, { status: 'done', outcome });
      assert.deepEqual(await effects.perform(effect), outcome);
    }
  });

  it('is no excuse for any other refusal', async () => {
    const failed = { status: 'failed' } as const;
    for (const [error, now] of [
      [closedBefore, failed],
      [new SkeinError('storage-failed', 'Cannot store'), { status: 'done', outcome: {} }],
    ] as const) {
      const { effects, effect, refuseFinish } = makeWorld();
      refuseFinish(error, now);
      await assert.rejects(effects.perform(effect), { name: error.name });
    }
  });
});

describe('after a crash', () => {
  const outcome = { exitCode: 0 };

  it('before the intent nothing has happened: it starts from the beginning', async () => {
    const { effects, effect, log, killAt } = makeWorld();
    killAt('before-intent');
    await assert.rejects(effects.perform(effect));
    killAt(undefined);
    await effects.perform(effect);
    assert.deepEqual(log, ['effect.intend', 'act', 'effect.finish']);
  });

  it('with an open intent it looks first, and acts only when nothing was done', async () => {
    const { effects, effect, log, killAt } = makeWorld({ type: 'not-done' });
    killAt('after-intent');
    await assert.rejects(effects.perform(effect));
    killAt(undefined);
    assert.deepEqual(await effects.perform(effect), outcome);
    // The second intent adds no event: it asks whether the effect is still allowed.
    assert.deepEqual(log, ['effect.intend', 'probe', 'effect.intend', 'act', 'effect.finish']);
  });

  it('with an effect that was done it only records what it finds', async () => {
    const { effects, effect, log, killAt } = makeWorld({ type: 'done', outcome });
    killAt('after-effect');
    await assert.rejects(effects.perform(effect));
    killAt(undefined);
    assert.deepEqual(await effects.perform(effect), outcome);
    assert.deepEqual(log, ['effect.intend', 'act', 'probe', 'effect.finish']);
  });

  it('with a world it can not tell it stops, and neither acts nor records', async () => {
    const { effects, effect, log, killAt } = makeWorld({ type: 'unknown', detail: 'neither hash' });
    killAt('after-intent');
    await assert.rejects(effects.perform(effect));
    killAt(undefined);
    await assert.rejects(effects.perform(effect), {
      name: 'effect-unknown',
      message: /neither hash/,
    });
    assert.deepEqual(log, ['effect.intend', 'probe']);
  });

  it('after the outcome nothing is left to do', async () => {
    const { effects, effect, log, killAt } = makeWorld();
    killAt('after-outcome');
    await assert.rejects(effects.perform(effect));
    killAt(undefined);
    await effects.perform(effect);
    assert.deepEqual(log, ['effect.intend', 'act', 'effect.finish']);
  });
});
