/**
 * One task from dispatch to its end: an agent takes or declines it, does it under a lease that is
 * watched, hands over, and the supervisor looks at the evidence.
 */
import type { SwarmAgent } from '#agents/swarm-agent.ts';
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import { expecting } from '#tasks/expect.ts';
import { safePoint } from '#tasks/mission-work.ts';
import type { LeaseToken } from '#tasks/lease-decider.ts';
import { doTask } from './task/do-task.ts';
import type { TaskAtWork } from './task/task-at-work.ts';
import { takeOver } from './task/hand-over.ts';
import { watchLease } from './lease-clock.ts';
import { sendFar, settleOffer, type SentFar } from '../remote/send-far.ts';
import type { Offer } from '../remote/offers.ts';
import { leaseTtlMs } from './lease-time.ts';
import { sendTask, type Addressee } from './send-task.ts';
import type { Swarm } from './swarm.ts';
import { takeBack, takenByLost } from './take-back.ts';
import type { PlannedTask } from '../plan/task-graph.ts';
import { unmetError } from './task/unmet.ts';
import { writtenFiles } from './task/written-files.ts';

/**
 * How a task ended for now; `blocked` and `lost` ones come again. `wants` is a path besides its
 * write set that the task can't do without. `unmet`: see `Swarm.unmet`.
 */
export type TaskEnd =
  | { readonly type: 'done' }
  | { readonly type: 'blocked'; readonly wants?: string }
  | { readonly type: 'lost'; readonly agent: string }
  | { readonly type: 'unmet' };

/** Who is sent a task, and paths to be leased besides its write set. */
export interface Sending {
  readonly agent: SwarmAgent;
  readonly more: readonly string[];
}

/** What is done with a task; `handedOver` is called when it is no more its agent's time that passes. */
export type WorkOn = (
  at: TaskAtWork,
  stop: AbortController,
  handedOver: () => void,
) => Promise<TaskEnd>;

/** Sends the task to an agent and sees it through. Throws what ends the mission. */
export async function runTask(
  swarm: Swarm,
  planned: PlannedTask,
  { agent, more }: Sending,
  work: WorkOn = workOn,
): Promise<TaskEnd> {
  const farMs = agent.far === undefined ? undefined : swarm.tools.remote?.ttlMs;
  const ttlMs = farMs ?? leaseTtlMs(planned);
  const { answer, offer } = await send(swarm, planned, { agent, ttlMs, more });
  try {
    if (answer === undefined) {
      agent.isLost = true;
      await takeBack(swarm, planned.id);
      return { type: 'lost', agent: agent.name };
    }
    if (answer.type !== 'taken') return { type: 'blocked' };
    const taken = { swarm, planned, agent, lease: answer.lease, ttlMs };
    const end = await watched({ ...taken, ...(offer === undefined ? {} : { offer }) }, work);
    if (offer !== undefined) settleOffer(swarm, offer, end.type);
    return end;
  } finally {
    if (offer !== undefined) swarm.tools.remote?.offers.end(offer, taskIsOver(planned.id));
  }
}

const taskIsOver = (task: string): SkeinError =>
  new SkeinError('lease-missing', `Cannot take over ${task}: it is not with that agent any more`);

type Sent = {
  readonly answer: SentFar['answer'] | { readonly type: 'too-late' };
  readonly offer?: Offer;
};

async function send(swarm: Swarm, planned: PlannedTask, to: Addressee): Promise<Sent> {
  const { remote } = swarm.tools;
  const { far } = to.agent;
  try {
    if (far === undefined || remote === undefined) {
      return { answer: await sendTask(swarm, planned, to) };
    }
    return await sendFar({ swarm, remote, planned }, { ...to, far });
  } catch (thrown) {
    if (!(await takenByLost(swarm, planned.id, thrown))) throw thrown;
    return { answer: { type: 'too-late' } };
  }
}

interface Taken {
  readonly swarm: Swarm;
  readonly planned: PlannedTask;
  readonly agent: SwarmAgent;
  readonly lease: LeaseToken;
  readonly ttlMs: number;
  readonly offer?: Offer;
}

/** The work is waited for only as long as its lease stands: who hangs must not hang the others. */
async function watched(taken: Taken, carryOut: WorkOn): Promise<TaskEnd> {
  const { swarm, planned, agent, lease, ttlMs, offer } = taken;
  const { work } = swarm;
  const stop = new AbortController();
  const silence = Promise.withResolvers<TaskEnd>();
  const watch = watchLease(swarm.tools.timers, ttlMs, () => {
    expire(taken, stop).then(silence.resolve, silence.reject);
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
    release: (reason) => releaseTask(taken, { reason, stop }),
    ...(offer === undefined ? {} : { offer }),
  };
  const doing = carryOut(at, stop, watch.stop);
  // Whoever lost the race may still throw one day.
  doing.catch(() => undefined);
  try {
    const end = await Promise.race([doing, silence.promise]);
    // What it found out it goes on holding until the plan changes: peers shall hear that.
    if (end.type !== 'unmet') agent.answerPeersBy(undefined);
    return end;
  } catch (thrown) {
    agent.answerPeersBy(undefined);
    if (!agent.isLost) throw thrown;
    // It broke off because its lease ended: that must be on the record before anybody else is sent.
    return await silence.promise;
  } finally {
    watch.stop();
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
  let end: TaskEnd = { type: 'done' };
  const { event, value } = await expecting(assignment.work, action, async () => {
    try {
      const handOver = await doTask(at);
      // Who comes back after the lease ended has nothing to hand over.
      safePoint(assignment.work);
      // From here on it is the supervisor's time that passes.
      handedOver();
      if (handOver.unmet.length > 0) {
        // Not done as long as something is missing: after a crash it is looked for again.
        swarm.unmet.push(...handOver.unmet);
        end = { type: 'unmet' };
        return { met: true, found: 'as planned, and more is missing', value: undefined };
      }
      await takeOver(at, handOver);
      return { met: true, found: handOver.found ?? 'done', value: undefined };
    } catch (thrown) {
      const error = toSkeinError(stop.signal.aborted ? stop.signal.reason : thrown);
      if (unmetError(error, { event: '', task, paths: [] }) === undefined) throw error;
      return { met: false, found: error.message, value: error };
    }
  }).catch((thrown: unknown) => ({ event: '', value: toSkeinError(thrown) }));
  if (value === undefined) return end;
  const unmet = unmetError(value, { event, task, paths: planned.writeSet });
  if (unmet !== undefined) {
    swarm.unmet.push(unmet);
    return { type: 'unmet' };
  }
  if (value.name === 'agent-lost' && at.offer !== undefined && !stop.signal.aborted) {
    // What it did elsewhere is not here: another one does the task.
    await at.release(value.message);
    assignment.agent.isLost = true;
    return { type: 'lost', agent: assignment.agent.name };
  }
  if (value.name !== 'path-held') throw value;
  await at.release(value.message);
  const { path } = (value.details ?? {}) as { readonly path?: string };
  return { type: 'blocked', ...(path === undefined ? {} : { wants: path }) };
}

interface Release {
  readonly reason: string;
  readonly stop: AbortController;
}

/** Gives all paths back and stops the agent; what it edited stays in the worktree, and is kept. */
async function releaseTask(
  { swarm, planned: { id: task, writeSet }, lease: { token } }: Taken,
  { reason, stop }: Release,
): Promise<void> {
  const { work } = swarm;
  stop.abort(new SkeinError('path-held', `Cannot go on with task ${task}: ${reason}`));
  const edited = writtenFiles(swarm, writeSet);
  const patch =
    edited.length === 0
      ? {}
      : { patch: await work.ledger.blobs.put(Buffer.from(JSON.stringify(edited))) };
  try {
    await work.record('task.release', { task, reason, token, ...patch });
  } catch (thrown) {
    // Handed over, released by somebody else or expired in the meantime: its paths are free already.
    if (!['conflict', 'lease-missing'].includes(toSkeinError(thrown).name)) throw thrown;
  }
  swarm.tools.bell.ring();
}

/** Its lease ends, and so does the agent: whatever it still writes is refused. */
async function expire(
  { swarm, planned, agent, lease }: Taken,
  stop: AbortController,
): Promise<TaskEnd> {
  agent.isLost = true;
  const state = `${agent.name} gave no sign of life`;
  stop.abort(new SkeinError('agent-lost', `Cannot go on with task ${planned.id}: ${state}`));
  await swarm.work.record('lease.expire', { ...lease });
  return { type: 'lost', agent: agent.name };
}
