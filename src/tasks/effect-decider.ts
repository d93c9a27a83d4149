/** Decides intents and outcomes of effects; an edit's intent must show a lease that still holds. */
import { SkeinError } from '#protocol/errors.ts';
import { EFFECT_KINDS } from '#protocol/events/effect.ts';
import type { NewSkeinEvent } from '#protocol/event-types.ts';
import { fields, flag, oneOf, optional, text, type Of, type Shape } from '#protocol/shape.ts';
import { defineDecider, type DeciderTable, type DecisionContext } from '#ledger/decider.ts';
import type { EffectState } from './effect-reducer.ts';
import { leaseProblem } from './lease-decider.ts';
import type { LeaseState } from './task-reducer.ts';

type Data = Readonly<Record<string, unknown>>;

const anyData: Shape<Data> = {
  problem: (value, at) =>
    typeof value === 'object' && value !== null ? undefined : `${at} is not an object`,
};

/** What an agent expects of an effect: said with its intent, judged with its outcome. */
const expectation = fields({ task: text, action: text, expects: text });

/** What was found instead of it, or that it was met. */
const judged = fields({ met: flag, found: text });

const statement = fields({
  kind: oneOf(...EFFECT_KINDS),
  effect: text,
  subject: text,
  mission: text,
  cause: optional(text),
  data: anyData,
  expectation: optional(expectation),
  judged: optional(judged),
});

type Statement = Of<typeof statement>;

function statementEvent(input: Statement, step: 'intended' | 'done' | 'failed'): NewSkeinEvent {
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
    if (before?.status === 'intended') return [];
    return [...expectedEvents(input), statementEvent(input, 'intended')];
  }),
  'effect.finish': defineDecider(statement, (input, context) => {
    assertOpen(input, context);
    return [statementEvent(input, 'done'), ...judgedEvents(input)];
  }),
  'effect.fail': defineDecider(statement, (input, context) => {
    assertOpen(input, context);
    return [statementEvent(input, 'failed'), ...judgedEvents(input)];
  }),
};

function expectedEvents({ expectation: data, subject, mission }: Statement): NewSkeinEvent[] {
  return data === undefined ? [] : [{ type: 'agent.expected', subject, mission, data }];
}

/** The third event of an action; its cause is the intent, which follows the expectation. */
function judgedEvents(input: Statement): NewSkeinEvent[] {
  const { expectation: said, judged: verdict, subject, mission, cause } = input;
  if (said === undefined || verdict === undefined) return [];
  const { task, action, expects } = said;
  const { met, found } = verdict;
  const about = { subject, mission, ...(cause === undefined ? {} : { cause }) };
  return met
    ? [{ type: 'expectation.met', ...about, data: { task, action, found } }]
    : [{ type: 'expectation.failed', ...about, data: { task, action, expects, found } }];
}

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
    leaseProblem(held, token, context.epoch) ??
    (held?.paths.includes(path) === true ? undefined : 'the lease does not cover the path');
  if (problem !== undefined)
    throw new SkeinError('lease-missing', `Cannot edit ${path}: ${problem}`);
}
