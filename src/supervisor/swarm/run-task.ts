/**
 * One task from dispatch to its end: an agent takes or declines it, does it under a lease that is
 * watched, hands over, and the supervisor looks at the evidence.
 */
import type { SwarmAgent } from '#agents/swarm-agent.ts';
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import { expecting } from '#tasks/expect.ts';
import type { LeaseToken } from '#tasks/lease-decider.ts';
import { doTask } from './task/do-task.ts';
import type { TaskAtWork } from './task/task-at-work.ts';
import { takeOver } from './task/hand-over.ts';
import { watchLease } from './lease-clock.ts';
import { leaseTtlMs } from './lease-time.ts';
import { sendTask } from './send-task.ts';
import { taskState, type Swarm } from './swarm.ts';
import type { PlannedTask } from '../plan/task-graph.ts';
import { unmetError } from './task/unmet.ts';
import { writtenFiles } from './task/written-files.ts';

/** How a task ended for now; `blocked` and `lost` ones come again. `unmet`: see `Swarm.unmet`. */
export type TaskEnd =
  | { readonly type: 'done' }
  | { readonly type: 'blocked' }
  | { readonly type: 'lost' }
  | { readonly type: 'unmet' };

/** So often a task is given to another agent after one fell silent over it. */
const MOST_ATTEMPTS = 3;

/** Sends the task to `agent` and sees it through. Throws what ends the mission. */
export async function runTask(
  swarm: Swarm,
  planned: PlannedTask,
  agent: SwarmAgent,
): Promise<TaskEnd> {
  const ttlMs = leaseTtlMs(planned);
  const answer = await sendTask(swarm, planned, { agent, ttlMs });
  if (answer === undefined) {
    agent.isLost = true;
    return { type: 'lost' };
  }
  if (answer.type === 'declined') return { type: 'blocked' };
  return watched({ swarm, planned, agent, lease: answer.lease, ttlMs });
}

interface Taken {
  readonly swarm: Swarm;
  readonly planned: PlannedTask;
  readonly agent: SwarmAgent;
  readonly lease: LeaseToken;
  readonly ttlMs: number;
}

/** The work is waited for only as long as its lease stands: who hangs must not hang the others. */
async function watched(taken: Taken): Promise<TaskEnd> {
  const { swarm, planned, agent, lease, ttlMs } = taken;
  const { work } = swarm;
  const stop = new AbortController();
  const silent = Promise.withResolvers<TaskEnd>();
  const watch = watchLease(swarm.tools.timers, ttlMs, () => {
    expire(taken, stop).then(silent.resolve, silent.reject);
  });
  const at: TaskAtWork = {
    swarm,
    planned,
    assignment: {
      agent,
      task: planned.id,
      lease,
      work: work.as(agent.name, AbortSignal.any([work.signal, stop.signal])),
      alive: watch.alive,
    },
    release: (reason) => releaseTask(swarm, planned, { reason, stop }),
  };
  const doing = workOn(at, stop, watch.stop);
  // Whoever lost the race may still throw one day.
  doing.catch(() => undefined);
  try {
    return await Promise.race([doing, silent.promise]);
  } finally {
    watch.stop();
    agent.answerPeersBy(undefined);
  }
}

async function workOn(
  at: TaskAtWork,
  stop: AbortController,
  handedOver: () => void,
): Promise<TaskEnd> {
  const { swarm, planned, assignment } = at;
  const { id: task, title, expects = title } = planned;
  const action = { task, subject: `task/${task}`, action: title, expects };
  const { event, value } = await expecting(assignment.work, action, async () => {
    try {
      const handOver = await doTask(at);
      // From here on it is the supervisor's time that passes.
      handedOver();
      swarm.unmet.push(...handOver.unmet);
      await takeOver(at, handOver);
      return { met: true, found: handOver.found ?? 'done', value: undefined };
    } catch (thrown) {
      const error = toSkeinError(stop.signal.aborted ? stop.signal.reason : thrown);
      if (unmetError(error, { event: '', task, paths: [] }) === undefined) throw error;
      return { met: false, found: error.message, value: error };
    }
  }).catch((thrown: unknown) => ({ event: '', value: toSkeinError(thrown) }));
  if (value === undefined) return { type: 'done' };
  const unmet = unmetError(value, { event, task, paths: planned.writeSet });
  if (unmet !== undefined) {
    swarm.unmet.push(unmet);
    return { type: 'unmet' };
  }
  if (value.name !== 'path-held') throw value;
  if (taskState(swarm.work, task)?.status === 'claimed') await at.release(value.message);
  return { type: 'blocked' };
}

interface Release {
  readonly reason: string;
  readonly stop: AbortController;
}

/** Gives all paths back and stops the agent; what it edited stays in the worktree, and is kept. */
async function releaseTask(
  swarm: Swarm,
  { id: task, writeSet }: PlannedTask,
  { reason, stop }: Release,
): Promise<void> {
  const { work } = swarm;
  stop.abort(new SkeinError('path-held', `Cannot go on with task ${task}: ${reason}`));
  const edited = writtenFiles(swarm, writeSet);
  const patch =
    edited.length === 0
      ? {}
      : { patch: await work.ledger.blobs.put(Buffer.from(JSON.stringify(edited))) };
  await work.record('task.release', { task, reason, ...patch });
  swarm.tools.bell.ring();
}

/** Its lease ends, and so does the agent: whatever it still writes is refused. */
async function expire(
  { swarm, planned, agent, lease }: Taken,
  stop: AbortController,
): Promise<TaskEnd> {
  agent.isLost = true;
  const lost = new SkeinError(
    'agent-lost',
    `Cannot go on with task ${planned.id}: ${agent.name} gave no sign of life`,
    { fix: `The task was tried ${MOST_ATTEMPTS} times. Look at it: skein log --verbose` },
  );
  stop.abort(lost);
  await swarm.work.record('lease.expire', { ...lease });
  const attempt = taskState(swarm.work, planned.id)?.attempt ?? 0;
  if (attempt >= MOST_ATTEMPTS) throw lost;
  return { type: 'lost' };
}
