/** skein agents: who is there, what each is doing, what each holds. */
import type { WorkingAgent } from '#supervisor/swarm/agent-names.ts';
import type { LeaseState, TaskState } from '#tasks/task-reducer.ts';
import type { CliCommand, Typed } from '../../command.ts';
import { connect } from '../../connect.ts';
import { AT_OPTION, fetchThen, momentLine } from '../../history/mission-then.ts';
import { findMission, shortId } from '../../mission-lookup.ts';
import type { NodeClient } from '../../node-client.ts';
import { fetchSwarm, type SwarmState } from '../../swarm-state.ts';
import { printRows, type Rows } from '../../terminal/print-rows.ts';
import type { Style } from '../../terminal/style.ts';
import { count, firstLine, taskName } from '../../terminal/wording.ts';

/** An agent with what it is doing; `paths` is what it holds. */
interface ShownAgent extends Omit<WorkingAgent, 'role' | 'state'> {
  readonly role: string;
  readonly state: WorkingAgent['state'] | 'stopped';
  readonly title: string | null;
  readonly paths: readonly string[];
}

/** The command. */
export const command: CliCommand = {
  usage: 'agents [<mission>] [--at <moment>]',
  summary: 'agents that are there or left a task behind: what they do and hold',
  words: [0, 1],
  options: { ...AT_OPTION },
  run: async (typed) => {
    const agents = await agentsOf(await connect(typed), typed);
    printRows(agents, typed.flag('json'), (agent, painted) => [agentLine(agent, painted)]);
    if (agents.rows.length === 0) process.stderr.write('No agent is at work.\n');
    return 0;
  },
};

async function agentsOf(client: NodeClient, typed: Typed): Promise<Rows<ShownAgent>> {
  const [word] = typed.words;
  const at = typed.value('at');
  if (at === undefined) {
    const agents = shownAgents(await fetchSwarm(client));
    if (word === undefined) return { rows: agents, head: [] };
    const { id } = await findMission(client, word);
    return { rows: agents.filter(({ mission }) => mission === id), head: [] };
  }
  const request = { at, kinds: ['task', 'lease'] } as const;
  const then = await fetchThen(client, await findMission(client, word), request);
  // Of the past the record knows who had a task; who was idle beside them it does not say.
  const situation = {
    agents: [],
    tasks: then.of<TaskState>('task'),
    leases: then.of<LeaseState>('lease'),
    atWork: then.mission.body.status === 'running' ? [then.mission.id] : [],
  };
  return { rows: shownAgents(situation), head: [momentLine(then)] };
}

type Known = Pick<SwarmState, 'agents' | 'tasks' | 'leases' | 'atWork'> & {
  readonly epoch?: number;
};

/** Those the node has, and those of the record whose node stopped while they were at work. */
function shownAgents({ agents, tasks, leases, atWork, epoch }: Known): ShownAgent[] {
  const live = new Set(agents.map(keyOf));
  const claimed = tasks.flatMap(({ id, body }): Omit<ShownAgent, 'title' | 'paths'>[] => {
    if (body.status !== 'claimed' || body.agent === null) return [];
    const { agent: name, role, mission } = body;
    const state = atWork.includes(mission) ? 'at work' : 'stopped';
    return live.has(keyOf({ name, mission })) ? [] : [{ name, role, state, task: id, mission }];
  });
  return [...agents, ...claimed].map((agent) => {
    const task = tasks.find(({ id }) => id === agent.task);
    const paths = leases
      .filter(({ body }) => body.status === 'held' && body.epoch === (epoch ?? body.epoch))
      .filter(({ body }) => body.task === agent.task && agent.task !== null)
      .flatMap(({ body }) => body.paths);
    return { ...agent, title: task?.body.title ?? null, paths };
  });
}

/** Agents of two missions may have had the same name, when their node stopped in between. */
const keyOf = ({ name, mission }: Pick<WorkingAgent, 'name' | 'mission'>): string =>
  `${mission} ${name.replace(/^agent:/u, '')}`;

function agentLine(
  { name, role, state, task, mission, title, paths }: ShownAgent,
  { green, yellow, dim }: Style,
): string {
  const padded = state.padEnd(7);
  const painted =
    state === 'at work' ? green(padded) : state === 'idle' ? dim(padded) : yellow(padded);
  const where = `of mission ${shortId(mission)}`;
  const what = task === null ? where : `${taskName(task)} ${where}: ${firstLine(title)}`;
  const holds = paths.length === 0 ? '' : dim(`  holds ${count(paths.length, 'path')}`);
  return `${name.padEnd(16)} ${role.padEnd(7)} ${painted}  ${what}${holds}`.trimEnd();
}
