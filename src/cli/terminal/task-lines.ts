/** The tasks of a mission as lines of text: those of the record and those its plan foresees. */
import type { PlanState } from '#supervisor/mission-reducer.ts';
import type { TaskState } from '#tasks/task-reducer.ts';
import { paintStatus, type Style } from './style.ts';
import { count, firstLine, taskNumber } from './wording.ts';

/** A task as it is shown: of the record, or, before an approval, of the plan. */
export interface ShownTask extends Pick<
  TaskState,
  'title' | 'role' | 'kind' | 'writeSet' | 'agent'
> {
  readonly id: string;
  readonly mission: string;
  readonly status: TaskState['status'] | 'planned';
  readonly after: readonly string[];
  readonly attempt: number;
  readonly reason: string | null;
}

/** Tasks on the record by id, and those of the plan that are not made yet; in their order. */
export function shownTasks(
  mission: string,
  made: readonly { readonly id: string; readonly body: TaskState }[],
  plan: PlanState | undefined,
): ShownTask[] {
  const planned = plan?.tasks ?? [];
  const after = new Map(planned.map((task) => [task.id, task.after ?? []]));
  const onRecord = made.map(({ id, body }): ShownTask => {
    const { title, role, kind, writeSet, status, agent, attempt, reason } = body;
    const shown = { title, role, kind, writeSet, status, agent, attempt, reason };
    return { id, mission, ...shown, after: after.get(id) ?? [] };
  });
  const known = new Set(made.map(({ id }) => id));
  const open = planned.filter(({ id }) => !known.has(id)).map((task) => toShown(mission, task));
  return [...onRecord, ...open].sort((a, b) => numberOf(a.id) - numberOf(b.id));
}

/** One line each; `status` is that of the mission, as a person reads it. */
export const taskLines = (
  tasks: readonly ShownTask[],
  status: string,
  painted: Style,
): readonly string[] => tasks.map((task) => taskLine(task, stateOf(task, status, tasks), painted));

const numberOf = (id: string): number => Number(taskNumber(id) ?? 0);

function toShown(mission: string, task: PlanState['tasks'][number]): ShownTask {
  const { id, title, role, kind = null, writeSet, after = [] } = task;
  const open = { status: 'planned', agent: null, attempt: 0, reason: null } as const;
  return { id, mission, title, role, kind, writeSet, after, ...open };
}

function taskLine(task: ShownTask, state: string, painted: Style): string {
  const { id, kind, status, role, agent, title, writeSet, after, reason, attempt } = task;
  const number = (taskNumber(id) ?? id).padStart(3);
  const who = (agent ?? role).replace(/^agent:/u, '').padEnd(10);
  const files = writeSet.length === 0 ? '' : `, ${count(writeSet.length, 'file')}`;
  const again = attempt > 1 ? `, attempt ${attempt}` : '';
  const before =
    after.length === 0 ? '' : `  after ${after.map((each) => taskNumber(each) ?? each).join(', ')}`;
  const why = reason === null || status === 'done' ? '' : `  (${firstLine(reason)})`;
  return `${number}  ${paintStatus(status, state.padEnd(11), painted)}  ${(kind ?? '').padEnd(11)}  ${who}  ${firstLine(title)}${files}${again}${painted.dim(`${before}${why}`)}`;
}

/** A claimed task is at work, unless its mission is not; a ready one may wait for others. */
function stateOf(
  { status, after }: ShownTask,
  mission: string,
  tasks: readonly ShownTask[],
): string {
  const isStill = mission === 'stopped' || mission === 'interrupted';
  if (status === 'claimed') return isStill ? mission : 'at work';
  const isDone = (id: string): boolean =>
    tasks.some((other) => other.id === id && other.status === 'done');
  return status === 'ready' && !after.every(isDone) ? 'waits' : status;
}
