/**
 * The effect protocol, the one port through which Skein touches the world: the intent is durable
 * before the effect, the outcome before anyone builds on it. A recorded outcome is never
 * repeated; an open intent (a crash lies between) is probed first.
 */
import type { Ledger } from '#ledger/ledger.ts';
import type { Speaker } from '#protocol/command.ts';
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import type { EffectKind } from '#protocol/events/effect.ts';
import type { EffectState } from './effect-reducer.ts';

/** Plain data of an intent or outcome, as the event type of its kind declares it. */
export type EffectData = Readonly<Record<string, unknown>>;

/** What a look at the world says about an open intent. */
export type Probe =
  | { readonly type: 'done'; readonly outcome: EffectData }
  | { readonly type: 'not-done' }
  | { readonly type: 'unknown'; readonly detail: string };

/**
 * One effect. `key` is its idempotency key, the same at every attempt; `intent` holds all that is
 * needed to do or to recognise it; `probe` must be without effect.
 */
export interface Effect {
  /** What the agent expects of it; said with the intent, judged with the outcome. */
  readonly expectation?: Expectation;
  readonly kind: EffectKind;
  readonly key: string;
  readonly subject: string;
  readonly mission: string;
  readonly intent: EffectData;
  readonly act: () => Promise<EffectData>;
  readonly probe: () => Promise<Probe>;
}

/** What an agent expects of an action for `task`; without `judge` any outcome meets it. */
export interface Expectation {
  readonly task: string;
  readonly action: string;
  readonly expects: string;
  readonly judge?: (outcome: EffectData) => Judged;
}

/** Whether an expectation was met, and what was found, in words. */
export interface Judged {
  readonly met: boolean;
  readonly found: string;
}

/** Performs effects; `replay` uses one that throws instead. */
export interface Effects {
  readonly perform: (effect: Effect) => Promise<EffectData>;
}

/** Named instants between the steps of an effect, at which a test may kill the process. */
export type PausePoint = 'before-intent' | 'after-intent' | 'after-effect' | 'after-outcome';

/** What the protocol needs; `newId` makes command ids, `pause` is there for fault tests. */
export interface EffectsOptions {
  readonly ledger: Ledger;
  readonly speaker: Speaker;
  readonly newId: () => string;
  readonly pause?: (point: PausePoint, effect: Effect) => Promise<void>;
}

/** Errors that say nothing of an effect: it was broken off, or is no longer this one's to do. */
const UNDECIDED: readonly string[] = ['interrupted', 'lease-missing'];

type Step = 'effect.intend' | 'effect.finish' | 'effect.fail';

/** The real effects, recorded in `ledger`. */
export function makeEffects({ ledger, speaker, newId, pause }: EffectsOptions): Effects {
  const record = async (name: Step, effect: Effect, data: EffectData): Promise<void> => {
    const { kind, key, subject, mission } = effect;
    const before = ledger.read.entity('effect', key)?.body as EffectState | undefined;
    const cause = name === 'effect.intend' ? {} : { cause: before?.intentEvent };
    const expected = expectationParts(name, effect, data);
    const input = { kind, effect: key, subject, mission, ...cause, data, ...expected };
    await ledger.execute({ id: newId(), name, input }, speaker);
  };

  /** Who fell silent over an effect may have closed it meanwhile: what is recorded first counts. */
  const close = async (effect: Effect, outcome: EffectData): Promise<EffectData> => {
    try {
      await record('effect.finish', effect, outcome);
      return outcome;
    } catch (thrown) {
      const now = ledger.read.entity('effect', effect.key)?.body as EffectState | undefined;
      if (toSkeinError(thrown).name !== 'conflict' || now?.status !== 'done') throw thrown;
      return now.outcome ?? {};
    }
  };

  const act = async (effect: Effect): Promise<EffectData> => {
    let outcome: EffectData;
    try {
      outcome = await effect.act();
    } catch (thrown) {
      const error = toSkeinError(thrown);
      // Its intent stays open: it is probed on resume, or by who holds the lease now.
      if (!UNDECIDED.includes(error.name))
        await record('effect.fail', effect, { reason: error.message });
      throw error;
    }
    await pause?.('after-effect', effect);
    outcome = await close(effect, outcome);
    await pause?.('after-outcome', effect);
    return outcome;
  };

  const settle = async (effect: Effect): Promise<EffectData> => {
    const probe = await effect.probe();
    if (probe.type === 'not-done') {
      // The intent stands, but what allowed it may not: the lease is shown once more.
      await record('effect.intend', effect, effect.intent);
      return act(effect);
    }
    if (probe.type === 'unknown') {
      throw new SkeinError('effect-unknown', `Cannot continue ${effect.key}: ${probe.detail}`, {
        fix: 'Look at both states, settle the difference by hand, then resume.',
      });
    }
    return close(effect, probe.outcome);
  };

  return {
    perform: async (effect) => {
      const before = ledger.read.entity('effect', effect.key)?.body as EffectState | undefined;
      if (before?.status === 'done') return before.outcome ?? {};
      if (before?.status === 'intended') return settle(effect);
      await pause?.('before-intent', effect);
      await record('effect.intend', effect, effect.intent);
      await pause?.('after-intent', effect);
      return act(effect);
    },
  };
}

/** The parts of a statement that tell what was expected, and with an outcome how that was met. */
function expectationParts(
  name: Step,
  { expectation }: Effect,
  data: EffectData,
): Readonly<Record<string, unknown>> {
  if (expectation === undefined) return {};
  const { judge, ...said } = expectation;
  if (name === 'effect.intend') return { expectation: said };
  if (name === 'effect.fail') {
    return { expectation: said, judged: { met: false, found: String(data['reason']) } };
  }
  return { expectation: said, judged: judge?.(data) ?? { met: true, found: 'as expected' } };
}
