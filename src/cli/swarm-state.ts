/** What the swarm of this home is doing, as the node tells it: for the commands that show it. */
import type { EntityList } from '#api/door.ts';
import type { WorkingAgent } from '#supervisor/swarm/agent-names.ts';
import type { Placed, Situation } from '#supervisor/why-waiting.ts';
import { listMissions } from './mission-lookup.ts';
import type { NodeClient } from './node-client.ts';

interface Work {
  readonly missionsAtWork: readonly string[];
  readonly agents: readonly WorkingAgent[];
  readonly jobs: number;
  readonly epoch: number;
}

/** The present state of all missions, with the agents that are there right now. */
export interface SwarmState extends Situation {
  readonly agents: readonly WorkingAgent[];
}

/** Asks the node; of records that can't be read only missions are told to be missing. */
export async function fetchSwarm(client: NodeClient): Promise<SwarmState> {
  const missions = await listMissions(client);
  const work = await client.get<Work>('/v1/work');
  const [plans, tasks, leases] = await Promise.all(
    ['plan', 'task', 'lease'].map((kind) => client.get<EntityList>(`/v1/entities/${kind}`)),
  );
  return {
    missions,
    plans: placed(plans),
    tasks: placed(tasks),
    leases: placed(leases),
    atWork: work.missionsAtWork,
    agents: work.agents,
    epoch: work.epoch,
    jobs: work.jobs,
  };
}

/** The node's entities are of the kind that was asked for. */
const placed = <B>(list: EntityList | undefined): readonly Placed<B>[] =>
  (list?.entities ?? []) as readonly Placed<B>[];
