/**
 * The plan of a fork: that of its original word for word, but for the ids of its tasks, which name
 * their mission. So its hash is another one, and what a person approved is the same. Pure.
 */
import type { EventData } from '#protocol/event-types.ts';
import type { PlanState } from '../../mission-reducer.ts';
import { planHash } from '../../plan-contents.ts';

/** The plan, and the ids of its tasks by those of the original. */
export interface InheritedPlan {
  readonly plan: EventData<'plan.proposed'>;
  readonly ids: ReadonlyMap<string, string>;
}

/**
 * The ids of a plan's tasks in the fork: by their place, for the numbers of a mission's tasks have
 * no gap, and those of a changed plan may have.
 */
export const forkIds = (tasks: readonly string[], mission: string): ReadonlyMap<string, string> =>
  new Map(tasks.map((id, index) => [id, `${mission}.${index + 1}`]));

/** The plan as `mission` has it. It changes no other plan: in its mission it is the first. */
export function inheritPlan(original: PlanState, mission: string): InheritedPlan {
  const { hash: _hash, mission: _mission, supersedes: _before, reason: _why, ...rest } = original;
  const ids = forkIds(
    original.tasks.map(({ id }) => id),
    mission,
  );
  const renamed = (id: string): string => ids.get(id) ?? id;
  const tasks = original.tasks.map((task) => ({
    ...task,
    id: renamed(task.id),
    ...(task.after === undefined ? {} : { after: task.after.map(renamed) }),
  }));
  const plan = { ...rest, tasks };
  return { plan: { ...plan, hash: planHash(plan) }, ids };
}
