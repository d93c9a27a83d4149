/** Decides intents and outcomes of effects; an edit's intent must show a lease that still holds. */
import { SkeinError } from '#protocol/errors.ts';
import { EFFECT_KINDS, type EffectKind } from '#protocol/events/effect.ts';
import type { NewSkeinEvent } from '#protocol/event-types.ts';
import { fields, oneOf, optional, text, type Shape } from '#protocol/shape.ts';
import { defineDecider, type DeciderTable, type DecisionContext } from '#ledger/decider.ts';
import type { EffectState } from './effect-reducer.ts';
import type { LeaseState } from './task-reducer.ts';

type Data = Readonly<Record<string, unknown>>;

const anyData: Shape<Data> = {
  problem: (value, at) =>
    typeof value === 'object' && value !== null ? undefined : `${at} is not an object`,
};

const statement = fields({
  kind: oneOf(...EFFECT_KINDS),
  effect: text,
  subject: text,
  mission: text,
  cause: optional(text),
  data: anyData,
});

type Statement = Parameters<typeof statementEvent>[0];

function statementEvent(
  input: {
    readonly kind: EffectKind;
    readonly effect: string;
    readonly subject: string;
    readonly mission: string;
    readonly cause?: string;
    readonly data: Data;
  },
  step: 'intended' | 'done' | 'failed',
): NewSkeinEvent {
  const { kind, effect, subject, mission, cause, data } = input;
  return {
    type: `${kind}.${step}`,
    subject,
    mission,
    ...(cause === undefined ? {} : { cause }),
    data: { effect, ...data },
  } as NewSkeinEvent;
}

/** Commands about effects: `effect.intend`, `effect.finish`, `effect.fail`. */
export const effectDeciders: DeciderTable = {
  'effect.intend': defineDecider(statement, (input, context) => {
    const before = context.entity<EffectState>('effect', input.effect)?.body;
    assertSame(input, before);
    if (before?.status === 'done') {
      throw new SkeinError('conflict', `Cannot intend ${input.effect}: it is done already`);
    }
    if (input.kind === 'edit') assertLease(input, context);
    return before?.status === 'intended' ? [] : [statementEvent(input, 'intended')];
  }),
  'effect.finish': defineDecider(statement, (input, context) => {
    assertOpen(input, context);
    return [statementEvent(input, 'done')];
  }),
  'effect.fail': defineDecider(statement, (input, context) => {
    assertOpen(input, context);
    return [statementEvent(input, 'failed')];
  }),
};

function assertOpen(input: Statement, context: DecisionContext): void {
  const before = context.entity<EffectState>('effect', input.effect)?.body;
  assertSame(input, before);
  if (before?.status === 'intended') return;
  throw new SkeinError(
    'conflict',
    `Cannot close ${input.effect}: it is ${before?.status ?? 'not intended'}`,
  );
}

/** A key names one effect for ever: of one kind, of one mission. */
function assertSame({ effect, kind, mission }: Statement, before: EffectState | undefined): void {
  if (before === undefined || (before.kind === kind && before.mission === mission)) return;
  throw new SkeinError(
    'conflict',
    `Cannot use ${effect} for a ${kind} of mission ${mission}: it is a ${before.kind} of ${before.mission}`,
  );
}

function assertLease({ data }: Statement, context: DecisionContext): void {
  const { lease, token, path } = data as { lease: string; token: number; path: string };
  const held = context.entity<LeaseState>('lease', lease)?.body;
  const problem =
    held === undefined
      ? 'there is no such lease'
      : held.status !== 'held'
        ? 'the lease was released'
        : held.epoch !== context.epoch
          ? `the lease is of epoch ${held.epoch}, it is ${context.epoch} now`
          : held.token !== token
            ? `the token is ${token}, the lease has ${held.token}`
            : !held.paths.includes(path)
              ? 'the lease does not cover the path'
              : undefined;
  if (problem !== undefined)
    throw new SkeinError('lease-missing', `Cannot edit ${path}: ${problem}`);
}
