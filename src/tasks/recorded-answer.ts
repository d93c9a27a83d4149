/**
 * What an effect gave, by the record. A fork looks further: what its original had found out by the
 * moment of the fork counts for it too, and nothing after that.
 */
import type { Ledger } from '#ledger/ledger.ts';
import type { EffectState } from './effect-reducer.ts';
import type { EffectData } from './effects.ts';

/** What a lookup needs to know of a mission: which keys it took over from which. */
interface ForkedMission {
  readonly forked: {
    readonly answers: readonly { readonly effect: string; readonly from: string }[];
  } | null;
}

/** Whose record. */
export interface RecordOf {
  readonly mission: string;
  readonly ledger: Pick<Ledger, 'read'>;
}

/** The outcome of the effect `key`, undefined when there is none yet. */
export function recordedAnswer({ mission, ledger }: RecordOf, key: string): EffectData | undefined {
  const outcomeOf = (effect: string): EffectData | undefined => {
    const found = ledger.read.entity('effect', effect)?.body as EffectState | undefined;
    return found?.outcome ?? undefined;
  };
  const own = outcomeOf(key);
  if (own !== undefined) return own;
  const state = ledger.read.entity('mission', mission)?.body as ForkedMission | undefined;
  const inherited = state?.forked?.answers.find(({ effect }) => effect === key);
  return inherited === undefined ? undefined : outcomeOf(inherited.from);
}
