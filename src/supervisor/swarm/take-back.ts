/**
 * Tasks in the hands of agents that were given up before they said that they took them: their claim
 * may have been made all the same, or may be made late, and nobody watches such a lease.
 */
import { toSkeinError } from '#protocol/errors.ts';
import type { LeaseState, TaskState } from '#tasks/task-reducer.ts';
import type { MissionState } from '../mission-reducer.ts';
import { taskState, type Swarm } from './swarm.ts';

/** Gives back what a lost agent has taken, if it has: the token says which lease is meant. */
export async function takeBack(swarm: Swarm, task: string): Promise<void> {
  const { work, tools } = swarm;
  const state = taskState(work, task);
  if (!isWithLost(swarm, state)) return;
  const lease = work.ledger.read.entity('lease', state?.lease ?? '')?.body as LeaseState;
  const { holder, token } = lease;
  const reason = `${holder} took it and did not say so in time`;
  try {
    await work.record('task.release', { task, reason, token });
  } catch (thrown) {
    // It gave the task back itself meanwhile.
    if (!['conflict', 'lease-missing'].includes(toSkeinError(thrown).name)) throw thrown;
  }
  tools.bell.ring();
}

/** Whether another agent was refused the task because a lost one had it; then it is taken back. */
export async function takenByLost(swarm: Swarm, task: string, thrown: unknown): Promise<boolean> {
  const { work, tools } = swarm;
  const mission = work.ledger.read.entity('mission', work.mission)?.body as MissionState;
  // While it is not at work nobody may begin: that would be refused again and again.
  if (toSkeinError(thrown).name !== 'conflict' || mission.status !== 'running') return false;
  const state = taskState(work, task);
  if (state?.status === 'ready') tools.bell.ring();
  else if (isWithLost(swarm, state)) await takeBack(swarm, task);
  else return false;
  return true;
}

const isWithLost = ({ agents }: Swarm, state: TaskState | undefined): boolean =>
  state?.status === 'claimed' && agents.some(({ name, isLost }) => isLost && name === state.agent);
