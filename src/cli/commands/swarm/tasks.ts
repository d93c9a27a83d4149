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
import { AT_OPTION, fetchThen, momentLine } from '../../history/mission-then.ts';
import type { NodeClient } from '../../node-client.ts';
import { style } from '../../terminal/style.ts';
import { shownTasks, taskLines, type ShownTask } from '../../terminal/task-lines.ts';
import { firstLine } from '../../terminal/wording.ts';

/** The command. */
export const command: CliCommand = {
  usage: 'tasks [<mission>] [--at <moment>]',
  summary: 'the tasks of a mission (default: the latest): state, agent, what comes before',
  words: [0, 1],
  options: { ...AT_OPTION },
  run: async (typed) => {
    const client = await connect(typed);
    const mission = await findMission(client, typed.words[0]);
    const at = typed.value('at');
    const { tasks, status, head } =
      at === undefined ? await now(client, mission) : await before(client, mission, at);
    if (typed.flag('json')) {
      for (const task of tasks) process.stdout.write(`${JSON.stringify(task)}\n`);
      return 0;
    }
    const painted = style(process.stdout);
    const lines = [
      `${painted.bold(firstLine(mission.body.goal))}  ${status}`,
      ...head.map(painted.dim),
      ...taskLines(tasks, status, painted),
    ];
    process.stdout.write(`${lines.join('\n')}\n`);
    if (tasks.length === 0) process.stderr.write('It has no tasks: there is no plan yet.\n');
    return 0;
  },
};

interface Listed {
  readonly tasks: readonly ShownTask[];
  readonly status: string;
  /** What else is to be said of them. */
  readonly head: readonly string[];
}

async function now(client: NodeClient, mission: FoundMission): Promise<Listed> {
  const { id, space, body } = mission;
  const query = `space=${space}&mission=${id}`;
  const { entities } = await client.get<EntityList>(`/v1/entities/task?${query}`);
  const made = entities as readonly { id: string; body: TaskState }[];
  const tasks = shownTasks(id, made, await fetchPlan(client, space, body.plan));
  return { tasks, status: statusWord(mission, await missionsAtWork(client)), head: [] };
}

async function before(client: NodeClient, mission: FoundMission, at: string): Promise<Listed> {
  const then = await fetchThen(client, mission, { at, kinds: ['plan', 'task'] });
  const { plan, status } = then.mission.body;
  const tasks = shownTasks(
    mission.id,
    then.of<TaskState>('task'),
    then.one<PlanState>('plan', plan),
  );
  return { tasks, status, head: [momentLine(then)] };
}
