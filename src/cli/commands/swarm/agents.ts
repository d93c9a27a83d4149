/** skein agents: who is there, what each is doing, what each holds. */
import { SkeinError } from '#protocol/errors.ts';
import type { WorkingAgent } from '#supervisor/swarm/agent-names.ts';
import type { LeaseState, TaskState } from '#tasks/task-reducer.ts';
import {
  addAgent,
  CARD_OPTIONS,
  fetchAgents,
  registeredLine,
  removeAgent,
} from '../../messages/registered-agents.ts';
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
  usage:
    'agents [<mission>] [--at <moment>] | agents add <name> [--skill <name>]... | agents remove <name>',
  summary:
    'agents: of missions, what they do and hold; registered for messages, what waits for them',
  words: [0, 2],
  options: { ...AT_OPTION, ...CARD_OPTIONS },
  run: async (typed) => {
    const [word, name] = typed.words;
    if (name !== undefined) return change(typed, word, name);
    const agents = await agentsOf(await connect(typed), typed);
    // Those of one mission, or of the past, are not those who wait for messages.
    const isAll = word === undefined && typed.value('at') === undefined;
    const registered = isAll ? await fetchAgents(typed) : [];
    const json = typed.flag('json');
    printRows(agents, json, (agent, painted) => [agentLine(agent, painted)]);
    printRows({ head: [], rows: registered }, json, (each, painted) => [
      registeredLine(each, painted),
    ]);
    if (agents.rows.length + registered.length === 0) {
      process.stderr.write('No agent is at work, none is registered.\n');
    }
    return 0;
  },
};

function change(typed: Typed, verb: string | undefined, name: string): Promise<number> {
  if (verb === 'add') return addAgent(typed, name);
  if (verb === 'remove') return removeAgent(typed, name);
  throw new SkeinError('usage', `Cannot run agents ${verb}: it is no way to change them`, {
    fix: 'Say "agents add <name>" or "agents remove <name>".',
  });
}

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
