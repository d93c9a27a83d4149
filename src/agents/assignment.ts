/** What an agent is handed with a task. */
import type { LeaseToken } from '#tasks/lease-decider.ts';
import type { MissionWork } from '#tasks/mission-work.ts';
import type { SwarmAgent } from './swarm-agent.ts';

/** A task in the hands of an agent. `work` is in its name, and stops when the lease is lost. */
export interface Assignment {
  readonly agent: SwarmAgent;
  readonly work: MissionWork;
  readonly task: string;
  readonly lease: LeaseToken;
  /** A sign of life: the lease is good for another `ttlMs`. */
  readonly alive: () => void;
}
