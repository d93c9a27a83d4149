/**
 * The dispatcher: sends ready tasks, in the order of the plan, to idle agents, as many at once as
 * there are jobs. An agent may decline; one that falls silent loses its lease, and its task goes to
 * another. It stops sending when an expectation was not met.
 */
import { SkeinError } from '#protocol/errors.ts';
import { safePoint } from '#tasks/mission-work.ts';
import { findAgent } from './hire.ts';
import { runTask, type TaskEnd } from './run-task.ts';
import { taskState, type Swarm } from './swarm.ts';
import { readyTasks } from '../plan/task-graph.ts';

/** How a swarm came to its end: all tasks are done, or something was not as expected. */
export type SwarmEnd = { readonly type: 'done' } | { readonly type: 'unmet' };

interface Dispatching {
  readonly swarm: Swarm;
  readonly running: Map<string, Promise<void>>;
  /** Tasks that wait until somebody gives paths back. */
  readonly blocked: Set<string>;
  thrown: { readonly error: unknown } | undefined;
}

/** Works through the plan. Whatever happens, no task is at work any more when it answers. */
export async function dispatchTasks(swarm: Swarm): Promise<SwarmEnd> {
  const state: Dispatching = {
    swarm,
    running: new Map(),
    blocked: new Set(),
    thrown: undefined,
  };
  try {
    for (;;) {
      const end = await nextStep(state);
      if (end !== undefined) return end;
    }
  } finally {
    await Promise.all(state.running.values());
  }
}

async function nextStep(state: Dispatching): Promise<SwarmEnd | undefined> {
  const { swarm, running, blocked } = state;
  const { unmet } = swarm;
  const { bell } = swarm.tools;
  const rings = bell.rings;
  if (state.thrown !== undefined) throw state.thrown.error;
  safePoint(swarm.work);
  if (unmet.length === 0) sendReady(state);
  if (running.size > 0) {
    const freed = blocked.size > 0 ? [waitForPaths(state, rings)] : [];
    await Promise.race([...running.values(), ...freed]);
    return undefined;
  }
  if (unmet.length > 0) return { type: 'unmet' };
  if (isAllDone(swarm)) return { type: 'done' };
  if (blocked.size === 0) throw nothingToDo(swarm);
  await waitForPaths(state, rings);
  return undefined;
}

const isAllDone = ({ approved, work }: Swarm): boolean =>
  approved.plan.tasks.every(({ id }) => taskState(work, id)?.status === 'done');

const nothingToDo = ({ work }: Swarm): SkeinError =>
  new SkeinError('internal', `Cannot go on with mission ${work.mission}: no task can be started`, {
    fix: `See why: skein why-waiting ${work.mission}`,
  });

/** Nobody waits while holding: who is blocked has given back all that it had. */
async function waitForPaths({ swarm, blocked }: Dispatching, rings: number): Promise<void> {
  await swarm.tools.bell.wait(rings, swarm.work.signal);
  blocked.clear();
}

function sendReady(state: Dispatching): void {
  const { swarm, running, blocked } = state;
  const { tasks } = swarm.approved.plan;
  const statusOf = (task: string): string | undefined => {
    const found = taskState(swarm.work, task);
    // After a crash a task may be claimed by an agent that is no more.
    return found?.status === 'claimed' && !running.has(task) ? 'ready' : found?.status;
  };
  for (const planned of readyTasks(tasks, statusOf)) {
    if (running.size >= swarm.jobs) return;
    if (running.has(planned.id) || blocked.has(planned.id)) continue;
    const agent = findAgent(swarm, planned.role);
    agent.task = planned.id;
    const ended = runTask(swarm, planned, agent)
      .then((end) => settleEnd(state, planned.id, end))
      .catch((error: unknown) => void (state.thrown ??= { error }))
      .finally(() => {
        agent.task = null;
        running.delete(planned.id);
        swarm.tools.bell.ring();
      });
    running.set(planned.id, ended);
  }
}

function settleEnd(state: Dispatching, task: string, end: TaskEnd): void {
  if (end.type === 'blocked') state.blocked.add(task);
}
