/** skein agents: who is there, what each is doing, what each holds. */
import type { WorkingAgent } from '#supervisor/swarm/agent-names.ts';
import type { CliCommand } from '../../command.ts';
import { connect } from '../../connect.ts';
import { shortId } from '../../mission-lookup.ts';
import { fetchSwarm, type SwarmState } from '../../swarm-state.ts';
import { style, type Style } from '../../terminal/style.ts';
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
  usage: 'agents',
  summary: 'agents that are there or left a task behind: what they do and hold',
  words: [0, 0],
  options: {},
  run: async (typed) => {
    const agents = shownAgents(await fetchSwarm(await connect(typed)));
    for (const agent of agents) {
      if (typed.flag('json')) process.stdout.write(`${JSON.stringify(agent)}\n`);
      else process.stdout.write(`${agentLine(agent, style(process.stdout))}\n`);
    }
    if (agents.length === 0) process.stderr.write('No agent is at work.\n');
    return 0;
  },
};

/** Those the node has, and those of the record whose node stopped while they were at work. */
function shownAgents({ agents, tasks, leases, atWork, epoch }: SwarmState): ShownAgent[] {
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
      .filter(({ body }) => body.status === 'held' && body.epoch === epoch)
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
