/** The agents of one mission: hired when they are needed, let go at its end. */
import type { Role, SwarmAgent } from '#agents/swarm-agent.ts';
import type { FarWorker } from '../remote/remote-workers.ts';
import type { Swarm } from './swarm.ts';

/** An agent of `role` that is free: one that is there, else a new one. */
export function findAgent(swarm: Swarm, role: string): SwarmAgent {
  const free = swarm.agents.find(
    (agent) =>
      agent.far === undefined && agent.role === role && agent.task === null && !agent.isLost,
  );
  return free ?? hire(swarm, role as Role);
}

/**
 * A worker on another node that is free, when more edit here than elsewhere: so that both ends have
 * their share, and nobody waits for who is far away while nobody is at work here.
 */
export function findFarAgent(swarm: Swarm): SwarmAgent | undefined {
  const { tools, agents } = swarm;
  const { remote } = tools;
  if (remote === undefined) return undefined;
  const coders = agents.filter(({ role, task }) => role === 'coder' && task !== null);
  const away = coders.filter(({ far }) => far !== undefined).length;
  if (coders.length - away <= away) return undefined;
  const known = agents.find(
    ({ far, task, isLost }) =>
      far !== undefined && task === null && !isLost && remote.link(far.node) !== undefined,
  );
  if (known !== undefined) return known;
  const worker = remote.free((name) => tools.names.isTaken(name));
  return worker === undefined ? undefined : hireFar(swarm, worker);
}

function hireFar({ agents, tools, crew, work }: Swarm, { id, node }: FarWorker): SwarmAgent {
  const name = `agent:${id}`;
  const far = { id, node };
  const made = { name, role: 'coder' as const, bus: tools.bus, work: work.as(name), far };
  const agent = crew.makeAgent(made);
  agent.join();
  tools.names.give(agent);
  agents.push(agent);
  return agent;
}

/** Hires the agents that can be at work at once, so that each hears from the start what is said. */
export function hireCrew(swarm: Swarm): void {
  const edits = swarm.approved.plan.tasks.filter(({ role }) => role === 'coder').length;
  for (let coders = Math.min(swarm.jobs, edits); coders > 0; coders -= 1) hire(swarm, 'coder');
}

function hire({ agents, tools, crew, work }: Swarm, role: Role): SwarmAgent {
  const name = tools.names.take(role);
  try {
    const agent = crew.makeAgent({ name, role, bus: tools.bus, work: work.as(name) });
    agent.join();
    tools.names.give(agent);
    agents.push(agent);
    return agent;
  } catch (thrown) {
    tools.names.free(name);
    throw thrown;
  }
}

/** Lets all of them go. */
export function dismissCrew({ agents, tools }: Swarm): void {
  for (const agent of agents.splice(0)) {
    agent.leave();
    tools.names.free(agent.name);
  }
}
