/**
 * The dispatcher: sends ready tasks, in the order of the plan, to idle agents, as many at once as
 * there are jobs. An agent may decline: then the task waits until somebody gives paths back. One
 * that falls silent loses its lease, and its task goes to another. Nothing more is sent when an
 * expectation was not met.
 */
import { SkeinError } from '#protocol/errors.ts';
import { safePoint } from '#tasks/mission-work.ts';
import { findAgent, findFarAgent } from './hire.ts';
import { MOST_SILENCES, silentTooOften } from './lease-time.ts';
import { runTask, type TaskEnd } from './run-task.ts';
import { taskState, type Swarm } from './swarm.ts';
import { editsOf } from './task/planned-edits.ts';
import { readyTasks, type PlannedTask } from '../plan/task-graph.ts';

/** How a swarm came to its end: all tasks are done, or something was not as expected. */
export type SwarmEnd = { readonly type: 'done' } | { readonly type: 'unmet' };

interface Dispatching {
  readonly swarm: Swarm;
  readonly running: Map<string, Promise<void>>;
  /** Tasks that wait for paths, by how often the bell had rung when they were sent. */
  readonly blocked: Map<string, number>;
  /** Paths besides their write sets that tasks found out they need: leased from the start next time. */
  readonly wanted: Map<string, string>;
  /** How many agents fell silent over a task. */
  readonly silences: Map<string, number>;
  thrown: { readonly error: unknown } | undefined;
}

/** Works through the plan. Whatever happens, no task is at work any more when it answers. */
export async function dispatchTasks(swarm: Swarm): Promise<SwarmEnd> {
  const state: Dispatching = {
    swarm,
    running: new Map(),
    blocked: new Map(),
    wanted: new Map(),
    silences: new Map(),
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
  if (state.thrown !== undefined) throw state.thrown.error;
  safePoint(swarm.work);
  if (unmet.length === 0) sendReady(state);
  if (running.size > 0) {
    const waits = blocked.size > 0 && running.size < swarm.jobs && unmet.length === 0;
    await Promise.race([...running.values(), ...(waits ? [waitForPaths(state)] : [])]);
    return undefined;
  }
  if (unmet.length > 0) return { type: 'unmet' };
  if (isAllDone(swarm)) return { type: 'done' };
  if (blocked.size === 0) throw nothingToDo(swarm);
  await waitForPaths(state);
  return undefined;
}

const isAllDone = ({ approved, work }: Swarm): boolean =>
  approved.plan.tasks.every(({ id }) => taskState(work, id)?.status === 'done');

const nothingToDo = ({ work }: Swarm): SkeinError =>
  new SkeinError('internal', `Cannot go on with mission ${work.mission}: no task can be started`, {
    fix: `See why: skein why-waiting ${work.mission}`,
  });

/**
 * Nobody waits while holding: who is blocked has given back all that it had. Rings are counted from
 * when a task was sent: paths that came free while its agent declined are not slept through.
 */
const waitForPaths = ({ swarm: { tools, work }, blocked }: Dispatching): Promise<void> =>
  tools.bell.wait(Math.min(...blocked.values()), work.signal);

function sendReady(state: Dispatching): void {
  const { swarm, running, blocked } = state;
  const { tasks } = swarm.approved.plan;
  const { rings } = swarm.tools.bell;
  const status = new Map(
    tasks.map(({ id }) => {
      const found = taskState(swarm.work, id)?.status;
      // After a crash a task may be claimed by an agent that is no more.
      return [id, found === 'claimed' && !running.has(id) ? 'ready' : found] as const;
    }),
  );
  for (const planned of readyTasks(tasks, (id) => status.get(id))) {
    if (running.size >= swarm.jobs) return;
    const { id } = planned;
    if (running.has(id) || (blocked.get(id) ?? -1) >= rings) continue;
    blocked.delete(id);
    const agent =
      (mayGoFar(state, planned) ? findFarAgent(swarm) : undefined) ??
      findAgent(swarm, planned.role);
    agent.task = id;
    const wanted = state.wanted.get(id);
    const more = wanted === undefined ? [] : [wanted];
    const ended = runTask(swarm, planned, { agent, more })
      .then((end) => settleEnd(state, { task: id, rings }, end))
      .catch((error: unknown) => void (state.thrown ??= { error }))
      .finally(() => {
        agent.task = null;
        running.delete(id);
      });
    running.set(id, ended);
  }
}

/** Edits may be made elsewhere; a task that came back from there once is done here. */
const mayGoFar = ({ swarm, silences }: Dispatching, planned: PlannedTask): boolean =>
  swarm.tools.remote !== undefined &&
  planned.kind === 'edit' &&
  !silences.has(planned.id) &&
  editsOf(swarm, planned).length > 0;

interface Sent {
  readonly task: string;
  /** How often the bell had rung by then. */
  readonly rings: number;
}

/** Rings only when something was given back: two who wait must not wake each other for ever. */
function settleEnd(state: Dispatching, { task, rings }: Sent, end: TaskEnd): void {
  const { blocked, wanted, silences, swarm } = state;
  if (end.type === 'blocked') {
    blocked.set(task, rings);
    if (end.wants !== undefined) wanted.set(task, end.wants);
    return;
  }
  swarm.tools.bell.ring();
  if (end.type !== 'lost') return;
  const times = (silences.get(task) ?? 0) + 1;
  silences.set(task, times);
  if (times < MOST_SILENCES) return;
  throw silentTooOften(task, end.agent);
}
