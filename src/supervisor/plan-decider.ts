/**
 * Decides plans: the first one and changed ones. A changed plan is asked about again when it costs
 * more, writes where the last one did not, or proves less; else it is adopted at once.
 */
import { SkeinError } from '#protocol/errors.ts';
import { planEvents } from '#protocol/events/mission.ts';
import type { NewSkeinEvent } from '#protocol/event-types.ts';
import { fields, optional, text, type Shape } from '#protocol/shape.ts';
import {
  defineDecider,
  requireEntity,
  type DeciderTable,
  type DecisionContext,
} from '#ledger/decider.ts';
import type { TaskState } from '#tasks/task-reducer.ts';
import type { MissionState, MissionStatus, PlanState } from './mission-reducer.ts';

/** An input that names a mission and carries the data of the event it becomes. */
export function withMission<D>(
  data: Shape<D>,
): Shape<D & { readonly mission: string; readonly cause?: string }> {
  const named = fields({ mission: text, cause: optional(text) });
  return { problem: (value, at) => named.problem(value, at) ?? data.problem(value, at) };
}

const planData = planEvents['plan.proposed'].data;

/** Commands about plans: `plan.propose` for the first, `plan.change` for those that follow. */
export const planDeciders: DeciderTable = {
  'plan.propose': defineDecider(withMission(planData), ({ mission, cause, ...data }, context) => {
    requireStatus(context, mission, ['planning']);
    const plan = `${mission}.1`;
    return [
      { type: 'plan.proposed', subject: `plan/${plan}`, mission, ...causedBy(cause), data },
      planned(mission, plan, data.hash),
    ];
  }),
  'plan.change': defineDecider(withMission(planData), ({ mission, cause, ...data }, context) => {
    const state = requireStatus(context, mission, ['running']);
    const before = state.plan ?? '';
    if (data.supersedes !== before) {
      throw new SkeinError('plan-stale', `Cannot change plan ${data.supersedes}: it is ${before}`);
    }
    const plan = `${mission}.${Number(before.slice(mission.length + 1)) + 1}`;
    const proposed: NewSkeinEvent = {
      type: 'plan.proposed',
      subject: `plan/${plan}`,
      mission,
      ...causedBy(cause),
      data,
    };
    const { body } = requireEntity<PlanState>(context, 'plan', before);
    const why = whyAsk(body, data);
    if (why !== undefined) return [proposed, planned(mission, plan, data.hash)];
    const adopted = { plan, hash: data.hash, reason: data.reason ?? '' };
    return [
      proposed,
      { type: 'mission.replanned', subject: `mission/${mission}`, mission, data: adopted },
      ...takeOn(context, mission, { plan, tasks: data.tasks, supersedes: before }),
    ];
  }),
};

const causedBy = (cause: string | undefined): { readonly cause?: string } =>
  cause === undefined ? {} : { cause };

const planned = (mission: string, plan: string, hash: string): NewSkeinEvent => ({
  type: 'mission.planned',
  subject: `mission/${mission}`,
  mission,
  data: { plan, hash },
});

type PlanParts = Pick<PlanState, 'tasks' | 'checks' | 'price'>;

/** Why a changed plan needs a new answer, undefined when it does not. */
export function whyAsk(before: PlanParts, after: PlanParts): string | undefined {
  const { price: old } = before;
  const { price } = after;
  if (price.money > old.money) return 'it costs more money';
  if (price.files > old.files) return 'it changes more files';
  if (price.changes > old.changes) return 'it makes more changes';
  const allowed = new Set(before.tasks.flatMap(({ writeSet }) => writeSet));
  const grown = after.tasks.flatMap(({ writeSet }) => writeSet).find((path) => !allowed.has(path));
  if (grown !== undefined) return `it writes ${grown} too`;
  const checks = new Set(after.checks.map(checkLine));
  const dropped = before.checks.find((check) => !checks.has(checkLine(check)));
  if (dropped !== undefined) return `it does without the check ${dropped.name}`;
  if (checks.size > before.checks.length) return 'it runs more checks';
  return undefined;
}

const checkLine = ({ name, command }: PlanState['checks'][number]): string => `${name}\0${command}`;

/** Throws `conflict` unless the mission's status is one of `wanted`. */
export function requireStatus(
  context: DecisionContext,
  mission: string,
  wanted: readonly MissionStatus[],
): MissionState {
  const { body } = requireEntity<MissionState>(context, 'mission', mission);
  if (!wanted.includes(body.status)) {
    throw new SkeinError('conflict', `Cannot change mission ${mission}: it is ${body.status}`);
  }
  return body;
}

interface AdoptedPlan {
  readonly plan: string;
  readonly tasks: PlanState['tasks'];
  readonly supersedes: string | undefined;
}

/**
 * The tasks of a plan that now counts: those that are new are made, those that a plan before it
 * had and this one has not are dropped, the others stay as they are, done ones done. A fork has
 * its tasks from the start.
 */
export function takeOn(
  context: DecisionContext,
  mission: string,
  { plan, tasks, supersedes }: AdoptedPlan,
): NewSkeinEvent[] {
  const { forked } = requireEntity<MissionState>(context, 'mission', mission).body;
  const events = tasks.flatMap(({ id, title, role, writeSet, kind }): NewSkeinEvent[] => {
    if (context.entity('task', id) !== undefined) {
      if (supersedes !== undefined || forked !== null) return [];
      throw new SkeinError('conflict', `Cannot create task ${id}: it exists already`);
    }
    const data = { plan, title, role, writeSet, ...(kind === undefined ? {} : { kind }) };
    return [{ type: 'task.created', subject: `task/${id}`, mission, data }];
  });
  const kept = new Set(tasks.map(({ id }) => id));
  const before = context.entity<PlanState>('plan', supersedes ?? '')?.body.tasks ?? [];
  for (const { id } of before) {
    const status = context.entity<TaskState>('task', id)?.body.status;
    if (kept.has(id) || status !== 'ready') continue;
    const data = { reason: 'the changed plan does without it' };
    events.push({ type: 'task.dropped', subject: `task/${id}`, mission, data });
  }
  return events;
}
