/**
 * Decides what a fork takes over: the plan while goal and checks are the same, the answer to it
 * while nothing at all was asked for otherwise and no money is spent, and what was done by then.
 * Leases, timers, messages and effects in flight stay with the original.
 */
import { canonicalJson } from '#lib/canonical-json.ts';
import { SkeinError } from '#protocol/errors.ts';
import { blobReference, missionOptions } from '#protocol/events/mission.ts';
import { checkEvidence } from '#protocol/events/task.ts';
import type { EventData, NewSkeinEvent } from '#protocol/event-types.ts';
import { digest, fields, gitId, integer, list, nullable, text, type Of } from '#protocol/shape.ts';
import {
  defineDecider,
  requireEntity,
  type DeciderTable,
  type DecisionContext,
} from '#ledger/decider.ts';
import type { EffectState } from '#tasks/effect-reducer.ts';
import type { TaskState } from '#tasks/task-reducer.ts';
import type { MissionState, PlanState } from '../../mission-reducer.ts';
import { inheritPlan, type InheritedPlan } from './inherit-plan.ts';

const taskThen = fields({
  task: text,
  attempt: integer,
  done: nullable(fields({ event: text, gitTree: gitId, checks: list(checkEvidence) })),
});

/** What is asked for, and what the record says of the moment. */
const forkShape = fields({
  mission: text,
  from: text,
  at: text,
  goal: text,
  recipe: text,
  options: missionOptions,
  budget: integer,
  /** The plan that counted then, and the answer to it. */
  plan: nullable(text),
  approval: nullable(fields({ event: text, hash: digest, from: text })),
  /** The tasks of that plan. */
  tasks: list(taskThen),
  edits: nullable(blobReference),
  paths: list(text),
  answers: list(fields({ effect: text, from: text })),
});

/** The input of `mission.fork`. */
export type ForkInput = Of<typeof forkShape>;

/** The command `mission.fork`; the mission it makes has the id of the command. */
export const forkDeciders: DeciderTable = {
  'mission.fork': defineDecider(forkShape, (input, context) => {
    const { mission, from } = input;
    if (context.authority !== 'human') {
      throw new SkeinError('unauthorized', `Cannot fork mission ${from}: only a person may`);
    }
    if (context.entity('mission', mission) !== undefined) {
      throw new SkeinError('conflict', `Cannot fork to mission ${mission}: it exists already`);
    }
    const { body: original } = requireEntity<MissionState>(context, 'mission', from);
    const fork = { input, original, inherited: inheritedPlan(input, original, context) };
    const approval = inheritedApproval(fork);
    const subject = `mission/${mission}`;
    const events: NewSkeinEvent[] = [
      { type: 'mission.forked', subject, mission, cause: input.at, data: forkData(fork, approval) },
    ];
    return fork.inherited === null ? events : [...events, ...planEvents(fork, approval, context)];
  }),
};

interface Fork {
  readonly input: ForkInput;
  readonly original: MissionState;
  readonly inherited: (InheritedPlan & { readonly original: PlanState }) | null;
}

type Approval = EventData<'mission.forked'>['approval'];

/** Null when there was no plan, or when what is asked for now would be planned otherwise. */
function inheritedPlan(
  { plan, goal, options, mission, from, budget }: ForkInput,
  original: MissionState,
  context: DecisionContext,
): Fork['inherited'] {
  const asked = (of: MissionState['options'], goalOf: string): string =>
    canonicalJson([goalOf, of.checks, of.keepExports]);
  if (plan === null || asked(options, goal) !== asked(original.options, original.goal)) return null;
  const { body } = requireEntity<PlanState>(context, 'plan', plan);
  if (body.mission !== from) {
    throw new SkeinError('conflict', `Cannot fork mission ${from}: ${plan} is not its plan`);
  }
  if (body.price.money > budget) {
    throw new SkeinError(
      'limit-reached',
      `Cannot fork mission ${from}: its plan costs ${dollars(body.price.money)}, the budget is ${dollars(budget)}`,
      { fix: 'Give a budget that is enough: --budget <dollars>' },
    );
  }
  return { ...inheritPlan(body, mission), original: body };
}

const dollars = (millionths: number): string => `${millionths / 1_000_000} dollars`;

/** A yes counts for what it was said to, or for less; money is asked about anew each time. */
function inheritedApproval({ input, original, inherited }: Fork): Approval {
  const { approval, options } = input;
  if (approval === null || inherited === null) return null;
  const merge = options.merge && original.options.merge;
  const isCovered =
    approval.hash === inherited.original.hash &&
    canonicalJson(options) === canonicalJson({ ...original.options, merge }) &&
    inherited.original.price.money === 0;
  return isCovered ? { event: approval.event, from: approval.from } : null;
}

function forkData(
  { input, original, inherited }: Fork,
  approval: Approval,
): EventData<'mission.forked'> {
  const { from, at, goal, recipe, options, budget } = input;
  const { base, branch } = original;
  const asked = { from, at, goal, recipe, base, branch, options, budget };
  if (inherited === null) {
    const nothing = { approval: null, done: [], edits: null, layOut: null, answers: [] };
    return { ...asked, plan: null, ...nothing };
  }
  const { plan, ids } = inherited;
  const inherits = { inherits: input.plan ?? '', inheritedHash: inherited.original.hash };
  const done = input.tasks.flatMap(({ task, done: then }) =>
    then === null
      ? []
      : [{ task: idOf(ids, task), inherits: task, event: then.event, gitTree: then.gitTree }],
  );
  return {
    ...asked,
    plan: { plan: planOf(input), hash: plan.hash, ...inherits },
    approval,
    done,
    edits: input.edits,
    layOut: layOutOf(input),
    answers: input.answers,
  };
}

const planOf = ({ mission }: ForkInput): string => `${mission}.1`;

/** The task that lays out what was written; none when nothing was. */
const layOutOf = ({ mission, tasks, edits }: ForkInput): string | null =>
  edits === null ? null : `${mission}.${tasks.length + 1}`;

function idOf(ids: InheritedPlan['ids'], task: string): string {
  const id = ids.get(task);
  if (id !== undefined) return id;
  throw new SkeinError('conflict', `Cannot fork: task ${task} is not in the plan`);
}

function planEvents(
  { input, inherited }: Fork,
  approval: Approval,
  context: DecisionContext,
): NewSkeinEvent[] {
  const { mission, from, tasks, answers, paths } = input;
  const { plan, ids } = inherited as NonNullable<Fork['inherited']>;
  if (tasks.length !== plan.tasks.length) {
    throw new SkeinError('conflict', `Cannot fork mission ${from}: tasks of its plan are missing`);
  }
  for (const answer of answers) assertAnswer(answer.from, context);
  const { hash } = plan;
  const id = planOf(input);
  const waits: NewSkeinEvent = {
    type: 'mission.planned',
    subject: `mission/${mission}`,
    mission,
    data: { plan: id, hash },
  };
  const layOut = layOutOf(input);
  return [
    { type: 'plan.proposed', subject: `plan/${id}`, mission, data: plan },
    ...(approval === null ? [waits] : []),
    ...tasks.flatMap((task) => taskEvents(task, { plan, id: idOf(ids, task.task) }, context)),
    ...(layOut === null ? [] : [layOutTask(layOut, { plan: id, mission, from, paths })]),
  ];
}

/** A task of the fork with its attempts so far; one that was done is done. */
function taskEvents(
  { task, attempt, done }: ForkInput['tasks'][number],
  { plan, id }: { readonly plan: EventData<'plan.proposed'>; readonly id: string },
  context: DecisionContext,
): NewSkeinEvent[] {
  const planned = plan.tasks.find((each) => each.id === id);
  if (planned === undefined) return [];
  const mission = id.slice(0, id.lastIndexOf('.'));
  const { title, role, writeSet, kind } = planned;
  const kindOf = kind === undefined ? {} : { kind };
  const tried = attempt === 0 ? {} : { attempt };
  const created: NewSkeinEvent = {
    type: 'task.created',
    subject: `task/${id}`,
    mission,
    data: { plan: `${mission}.1`, title, role, writeSet, ...kindOf, ...tried },
  };
  if (done === null) return [created];
  assertDone(task, done.gitTree, context);
  const { event, gitTree, checks } = done;
  const data = { gitTree, checks, inherits: event };
  return [created, { type: 'task.done', subject: `task/${id}`, mission, data }];
}

/** What is done stays done: the present state must say so too, with the same tree. */
function assertDone(task: string, gitTree: string, context: DecisionContext): void {
  const { status, gitTree: left } = requireEntity<TaskState>(context, 'task', task).body;
  if (status === 'done' && left === gitTree) return;
  throw new SkeinError('conflict', `Cannot take over task ${task}: it is ${status}, at ${left}`);
}

/** An outcome that was recorded is there for ever. */
function assertAnswer(effect: string, context: DecisionContext): void {
  const { status } = requireEntity<EffectState>(context, 'effect', effect).body;
  if (status === 'done') return;
  throw new SkeinError('conflict', `Cannot take over ${effect}: it is ${status}`);
}

interface LayOut extends Pick<ForkInput, 'mission' | 'from' | 'paths'> {
  readonly plan: string;
}

const layOutTask = (task: string, { plan, mission, from, paths }: LayOut): NewSkeinEvent => ({
  type: 'task.created',
  subject: `task/${task}`,
  mission,
  data: {
    plan,
    title: `Lay out what mission ${from} had done`,
    role: 'coder',
    kind: 'edit',
    writeSet: paths,
  },
});
