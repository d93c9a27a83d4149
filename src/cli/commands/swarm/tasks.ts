/** skein tasks: the tasks of a mission, what each waits for and what became of it. */
import type { EntityList } from '#api/door.ts';
import type { PlanState } from '#supervisor/mission-reducer.ts';
import type { TaskState } from '#tasks/task-reducer.ts';
import type { CliCommand } from '../../command.ts';
import { connect } from '../../connect.ts';
import {
  fetchPlan,
  findMission,
  missionsAtWork,
  statusWord,
  type FoundMission,
} from '../../mission-lookup.ts';
import type { NodeClient } from '../../node-client.ts';
import { paintStatus, style, type Style } from '../../terminal/style.ts';
import { count, firstLine, taskNumber } from '../../terminal/wording.ts';

/** A task as it is shown: of the record, or, before an approval, of the plan. */
interface ShownTask extends Pick<TaskState, 'title' | 'role' | 'kind' | 'writeSet' | 'agent'> {
  readonly id: string;
  readonly mission: string;
  readonly status: TaskState['status'] | 'planned';
  readonly after: readonly string[];
  readonly attempt: number;
  readonly reason: string | null;
}

/** The command. */
export const command: CliCommand = {
  usage: 'tasks [<mission>]',
  summary: 'the tasks of a mission (default: the latest): state, agent, what comes before',
  words: [0, 1],
  options: {},
  run: async (typed) => {
    const client = await connect(typed);
    const mission = await findMission(client, typed.words[0]);
    const tasks = await tasksOf(client, mission);
    if (typed.flag('json')) {
      for (const task of tasks) process.stdout.write(`${JSON.stringify(task)}\n`);
      return 0;
    }
    const painted = style(process.stdout);
    const status = statusWord(mission, await missionsAtWork(client));
    process.stdout.write(`${painted.bold(firstLine(mission.body.goal))}  ${status}\n`);
    for (const task of tasks) {
      const state = stateOf(task, status, tasks);
      process.stdout.write(`${taskLine(task, state, painted)}\n`);
    }
    if (tasks.length === 0) process.stderr.write('It has no tasks: there is no plan yet.\n');
    return 0;
  },
};

/** The tasks on the record, and those of the plan that are not made yet; in their order. */
async function tasksOf(client: NodeClient, mission: FoundMission): Promise<ShownTask[]> {
  const { id: missionId, space, body } = mission;
  const query = `space=${space}&mission=${missionId}`;
  const { entities } = await client.get<EntityList>(`/v1/entities/task?${query}`);
  const planned = (await fetchPlan(client, space, body.plan))?.tasks ?? [];
  const after = new Map(planned.map((task) => [task.id, task.after ?? []]));
  const made = entities.map(({ id, body: task }): ShownTask => {
    const { title, role, kind, writeSet, status, agent, attempt, reason } = task as TaskState;
    const shown = { title, role, kind, writeSet, status, agent, attempt, reason };
    return { id, mission: missionId, ...shown, after: after.get(id) ?? [] };
  });
  const known = new Set(made.map(({ id }) => id));
  const open = planned.filter(({ id }) => !known.has(id)).map((task) => toShown(missionId, task));
  return [...made, ...open].sort((a, b) => numberOf(a.id) - numberOf(b.id));
}

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
