/** Who is hired by any mission of this node: no two agents have one name at the same time. */
import type { Role, SwarmAgent } from '#agents/swarm-agent.ts';

/** An agent as others see it. */
export interface WorkingAgent {
  readonly name: string;
  readonly role: Role;
  readonly state: 'idle' | 'at work' | 'lost';
  readonly task: string | null;
  readonly mission: string;
}

/** The names of a node's agents. */
export class AgentNames {
  readonly #agents = new Map<string, SwarmAgent | null>();

  /** The lowest free name for a role, such as `agent:coder-1`. */
  take(role: Role): string {
    let number = 1;
    while (this.#agents.has(`agent:${role}-${number}`)) number += 1;
    const name = `agent:${role}-${number}`;
    this.#agents.set(name, null);
    return name;
  }

  /** Who has the name from now on. */
  give(agent: SwarmAgent): void {
    this.#agents.set(agent.name, agent);
  }

  /** Whether somebody has the name. */
  isTaken(name: string): boolean {
    return this.#agents.has(name);
  }

  /** The name is free again. */
  free(name: string): void {
    this.#agents.delete(name);
  }

  /** All agents that are hired. */
  list(): readonly WorkingAgent[] {
    return [...this.#agents.values()].flatMap((agent): WorkingAgent[] => {
      if (agent === null) return [];
      const { name, role, task, isLost, work } = agent;
      const state = isLost ? 'lost' : task === null ? 'idle' : 'at work';
      return [{ name, role, state, task, mission: work.mission }];
    });
  }
}
