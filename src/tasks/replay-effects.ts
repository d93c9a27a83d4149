/**
 * The effects of a replay: every answer comes from the record, nothing is done and nothing is looked
 * at. Whatever the record does not answer is thrown with what was asked for beside what is there.
 */
import { canonicalJson } from '#lib/canonical-json.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { EffectState } from './effect-reducer.ts';
import type { Effect, EffectData, Effects } from './effects.ts';

/** An effect as it is asked for again; of its intent only what can be told beforehand. */
export type AskedEffect = Pick<Effect, 'kind' | 'key' | 'subject' | 'mission' | 'intent'>;

/** What a replay was asked for and what the record has instead; texts are ready to be shown. */
export interface EffectDifference {
  readonly effect: string;
  readonly kind: string;
  readonly subject: string;
  /** The event that announced it; null when the record has no intent. */
  readonly intended: string | null;
  /** Lines: `field: asked for`, and what the record has. */
  readonly lines: readonly string[];
}

/** Finds an effect as the record has it by now. */
export type RecordedEffect = (key: string) => EffectState | undefined;

/** A port that answers from `recorded`; throws `replay-differs` with an EffectDifference in its details. */
export const makeReplayEffects = (recorded: RecordedEffect): Effects => ({
  perform: async (effect) => answer(effect, recorded(effect.key)),
});

/** An effect that can only be answered: it acts on nothing. */
export const onlyAnswered = (effect: AskedEffect): Effect => ({
  ...effect,
  act: () => Promise.reject(untouchable(effect)),
  probe: () => Promise.reject(untouchable(effect)),
});

const untouchable = ({ key }: AskedEffect): SkeinError =>
  new SkeinError('internal', `Cannot do ${key}: a replay touches nothing`);

function answer(effect: AskedEffect, state: EffectState | undefined): EffectData {
  if (state === undefined) throw differs(effect, null, 'the record has no such effect', []);
  const { intent, outcome, status, intentEvent } = state;
  const said = { kind: effect.kind, subject: effect.subject, mission: effect.mission };
  const recorded = { kind: state.kind, subject: state.subject, mission: state.mission };
  const lines = [...unlike(said, recorded), ...unlike(effect.intent, intent)];
  if (lines.length > 0) throw differs(effect, intentEvent, 'the record has another intent', lines);
  if (status === 'done' && outcome !== null) {
    // What was announced and what was done must be the same thing.
    const shared = Object.fromEntries(Object.entries(intent).filter(([key]) => key in outcome));
    const changed = unlike(shared, outcome);
    if (changed.length === 0) return outcome;
    throw differs(effect, intentEvent, 'its outcome is not what it announced', changed);
  }
  if (status === 'failed') {
    const reason = `reason: ${String(outcome?.['reason'])}`;
    throw differs(effect, intentEvent, 'the record has a failure', [reason]);
  }
  throw differs(effect, intentEvent, 'the record has its intent and no outcome', []);
}

/** The fields of `said` that `found` has otherwise, one line each. */
function unlike(
  said: Readonly<Record<string, unknown>>,
  found: Readonly<Record<string, unknown>>,
): string[] {
  return Object.entries(said)
    .map(([field, value]) => [field, shown(value), shown(found[field])] as const)
    .filter(([, wanted, there]) => wanted !== there)
    .map(([field, wanted, there]) => `${field}: ${wanted}, the record has ${there}`);
}

const MOST_SHOWN = 200;

const shown = (value: unknown): string => {
  const text = value === undefined ? 'nothing' : canonicalJson(value);
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}...` : text;
};

function differs(
  { kind, key, subject, intent }: AskedEffect,
  intended: string | null,
  state: string,
  found: readonly string[],
): SkeinError {
  const asked = Object.entries(intent).map(([field, value]) => `${field}: ${shown(value)}`);
  const lines = found.length > 0 ? found : asked;
  const details: EffectDifference = { effect: key, kind, subject, intended, lines };
  return new SkeinError('replay-differs', `Cannot answer ${kind} ${key}: ${state}`, {
    details: { ...details },
  });
}
