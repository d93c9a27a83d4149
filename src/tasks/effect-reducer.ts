/** The state of an effect: open after its intent, closed by its outcome. */
import type { EffectKind } from '#protocol/events/effect.ts';
import type { EventOf } from '#protocol/event-types.ts';

/** `intent` and `outcome` are the data of the events that stated them. */
export interface EffectState {
  readonly kind: EffectKind;
  readonly mission: string | null;
  readonly subject: string;
  readonly status: 'intended' | 'done' | 'failed';
  readonly intent: Readonly<Record<string, unknown>>;
  readonly outcome: Readonly<Record<string, unknown>> | null;
  readonly intentEvent: string;
}

/** Folds an effect's events. A recorded outcome stays: a later intent or outcome changes nothing. */
export function reduceEffect(
  state: EffectState | undefined,
  event: EventOf<'effect'>,
): EffectState {
  const cut = event.type.lastIndexOf('.');
  const kind = event.type.slice(0, cut) as EffectKind;
  const status = event.type.slice(cut + 1) as EffectState['status'];
  const { effect: _key, ...data } = event.data as Record<string, unknown>;
  if (status === 'intended') {
    if (state !== undefined && state.status !== 'failed') return state;
    return {
      kind,
      mission: event.mission ?? null,
      subject: event.subject,
      status,
      intent: data,
      outcome: null,
      intentEvent: event.id,
    };
  }
  const open = state ?? {
    kind,
    mission: event.mission ?? null,
    subject: event.subject,
    intent: {},
    intentEvent: event.id,
    status: 'intended',
    outcome: null,
  };
  return open.status === 'intended' ? { ...open, status, outcome: data } : open;
}
