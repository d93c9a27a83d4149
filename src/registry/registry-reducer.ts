/** The cards of nodes and agents, as they themselves have signed them last. */
import type { EventOf } from '#protocol/event-types.ts';

/** The card of a node; `addresses` are URLs where it listens. */
export interface NodeCard {
  readonly name: string;
  readonly version: string;
  readonly addresses: readonly string[];
  readonly draining: boolean;
}

/** The card of an agent. */
export interface AgentCard {
  readonly role: string;
  readonly skills: readonly string[];
  readonly topics: readonly string[];
  readonly version: string | null;
  readonly status: 'registered' | 'retired';
}

/** Folds the events of a node. */
export function reduceNode(_state: NodeCard | undefined, event: EventOf<'node'>): NodeCard {
  const { name, version, addresses, draining } = event.data;
  return { name, version, addresses, draining };
}

/** Folds the events of an agent. */
export function reduceAgent(state: AgentCard | undefined, event: EventOf<'agent'>): AgentCard {
  switch (event.type) {
    case 'agent.registered': {
      const { role, skills, topics, version = null } = event.data;
      return { role, skills, topics, version, status: 'registered' };
    }
    case 'agent.retired': {
      const card = state ?? { role: '', skills: [], topics: [], version: null };
      return { ...card, status: 'retired' };
    }
  }
}
