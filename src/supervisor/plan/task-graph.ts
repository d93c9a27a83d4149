/** The graph of a plan's tasks: what may go on now, and whether it is a graph that can end. Pure. */
import type { PlanState } from '../mission-reducer.ts';

/** A task as its plan states it. */
export type PlannedTask = PlanState['tasks'][number];

type StatusOf = (task: string) => string | undefined;

/** Tasks that are ready and whose predecessors are all done, in the order of the plan. */
export const readyTasks = (tasks: readonly PlannedTask[], statusOf: StatusOf): PlannedTask[] =>
  tasks.filter(
    ({ id, after = [] }) =>
      statusOf(id) === 'ready' && after.every((before) => statusOf(before) === 'done'),
  );

/** What comes first when two tasks want the same: the older mission, then the order of the plan. */
export function comesBefore(task: string, other: string): boolean {
  const [mission, number] = splitTask(task);
  const [otherMission, otherNumber] = splitTask(other);
  return mission === otherMission ? number < otherNumber : mission < otherMission;
}

/** The mission and the number of a task's id, `<mission>.<number>`. */
export function splitTask(task: string): readonly [mission: string, number: number] {
  const cut = task.lastIndexOf('.');
  return [task.slice(0, cut), Number(task.slice(cut + 1))];
}

/** Whether a task answers for all that was written, not only for its own files: it judges them. */
export const answersForAll = (kind: string | null | undefined): boolean =>
  kind === 'review' || kind === 'prove';

/**
 * Why these tasks can't be a plan, undefined when they can: ids twice, a predecessor that is not
 * there, a circle, or one path in two tasks that may be at work at the same time.
 */
export function graphProblem(tasks: readonly PlannedTask[]): string | undefined {
  const byId = new Map(tasks.map((task) => [task.id, task]));
  if (byId.size < tasks.length) return 'two tasks have the same id';
  for (const { id, after = [] } of tasks) {
    const missing = after.find((before) => !byId.has(before));
    if (missing !== undefined) return `task ${id} comes after ${missing}, which is not in the plan`;
  }
  const before = allPredecessors(tasks, byId);
  for (const { id } of tasks) if (before.get(id)?.has(id) === true) return circle(id, byId);
  return overlap(tasks, before);
}

type Predecessors = ReadonlyMap<string, ReadonlySet<string>>;

/** All predecessors of each task, those of its predecessors too; its own id in a circle. */
function allPredecessors(
  tasks: readonly PlannedTask[],
  byId: ReadonlyMap<string, PlannedTask>,
): Predecessors {
  const found = new Map<string, Set<string>>();
  for (const { id } of tasks) {
    const seen = new Set<string>();
    const open = [...(byId.get(id)?.after ?? [])];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (seen.has(next)) continue;
      seen.add(next);
      open.push(...(byId.get(next)?.after ?? []));
    }
    found.set(id, seen);
  }
  return found;
}

/** Names one circle through `start`, by walking back along predecessors that lead to it. */
function circle(start: string, byId: ReadonlyMap<string, PlannedTask>): string {
  const way = [start];
  const walk = (id: string): boolean =>
    (byId.get(id)?.after ?? []).some((before) => {
      if (before === start) return true;
      if (way.includes(before)) return false;
      way.push(before);
      return walk(before) || (way.pop(), false);
    });
  walk(start);
  return `tasks wait for each other: ${[...way, start].join(' after ')}`;
}

function overlap(tasks: readonly PlannedTask[], before: Predecessors): string | undefined {
  const owners = new Map<string, string[]>();
  for (const { id, writeSet } of tasks) {
    for (const path of writeSet) {
      const others = owners.get(path) ?? [];
      const rival = others.find(
        (other) => before.get(id)?.has(other) !== true && before.get(other)?.has(id) !== true,
      );
      if (rival !== undefined) return `tasks ${rival} and ${id} both write ${path}, in no order`;
      owners.set(path, [...others, id]);
    }
  }
  return undefined;
}
