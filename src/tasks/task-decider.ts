/** Decides the life of tasks: claim (with a lease on the write set), done, failed. */
import { SkeinError } from '#protocol/errors.ts';
import { checkEvidence } from '#protocol/events/task.ts';
import type { NewSkeinEvent } from '#protocol/event-types.ts';
import { fields, gitId, integer, list, text } from '#protocol/shape.ts';
import {
  defineDecider,
  requireEntity,
  type DeciderTable,
  type DecisionContext,
} from '#ledger/decider.ts';
import { heldLeases, type HeldLeases } from './held-leases.ts';
import type { LeaseState, TaskState } from './task-reducer.ts';

/** Commands about tasks: `task.claim`, `task.release`, `task.finish`, `task.fail`. */
export const taskDeciders: DeciderTable = {
  'task.claim': defineDecider(
    fields({ task: text, agent: text, ttlMs: integer }),
    ({ task, agent, ttlMs }, context) => {
      const { body, version } = requireEntity<TaskState>(context, 'task', task);
      assertClaimable(task, body, context);
      const held = context.view(heldLeases);
      assertFree(body.writeSet, held, context.epoch);
      const token = 1 + held.highestToken;
      const lease = `${task}.${version}`;
      const { epoch } = context;
      const data = { task, holder: agent, paths: body.writeSet, token, epoch, ttlMs };
      return [
        { type: 'lease.granted', subject: `lease/${lease}`, mission: body.mission, data },
        {
          type: 'task.claimed',
          subject: `task/${task}`,
          mission: body.mission,
          data: { agent, lease, attempt: body.attempt + 1 },
        },
      ];
    },
  ),
  // Who stops working on a task gives its paths back; the task stays claimed until it goes on.
  'task.release': defineDecider(
    fields({ task: text, reason: text }),
    ({ task, reason }, context) => {
      const { body } = requireEntity<TaskState>(context, 'task', task);
      if (body.status !== 'claimed') throw notClaimed(task, body);
      return leaseOf(body, context)?.status === 'held' ? release(body, reason) : [];
    },
  ),
  'task.finish': defineDecider(
    fields({ task: text, gitTree: gitId, checks: list(checkEvidence) }),
    ({ task, gitTree, checks }, context) => {
      const { body } = requireEntity<TaskState>(context, 'task', task);
      if (body.status !== 'claimed') throw notClaimed(task, body);
      const mission = body.mission;
      const done: NewSkeinEvent = {
        type: 'task.done',
        subject: `task/${task}`,
        mission,
        data: { gitTree, checks },
      };
      return [done, ...release(body, 'the task is done')];
    },
  ),
  'task.fail': defineDecider(fields({ task: text, reason: text }), ({ task, reason }, context) => {
    const { body } = requireEntity<TaskState>(context, 'task', task);
    if (body.status !== 'claimed') throw notClaimed(task, body);
    const failed: NewSkeinEvent = {
      type: 'task.failed',
      subject: `task/${task}`,
      mission: body.mission,
      data: { reason },
    };
    return [failed, ...release(body, 'the task failed')];
  }),
};

const notClaimed = (task: string, { status }: TaskState): SkeinError =>
  new SkeinError('conflict', `Cannot close task ${task}: it is ${status}`);

const leaseOf = ({ lease }: TaskState, context: DecisionContext): LeaseState | undefined =>
  lease === null ? undefined : context.entity<LeaseState>('lease', lease)?.body;

/** A task may be claimed when it is ready, or when its lease is released or of an epoch that ended. */
function assertClaimable(task: string, body: TaskState, context: DecisionContext): void {
  if (body.status === 'ready') return;
  const lease = leaseOf(body, context);
  const isVoid = lease?.status === 'released' || (lease && lease.epoch !== context.epoch);
  if (body.status === 'claimed' && isVoid === true) return;
  throw new SkeinError('conflict', `Cannot claim task ${task}: it is ${body.status}`, {
    details: { holder: body.agent },
  });
}

function assertFree(paths: readonly string[], { byPath }: HeldLeases, epoch: number): void {
  for (const path of paths) {
    const lease = byPath.get(path)?.lease;
    if (lease === undefined || lease.epoch !== epoch) continue;
    throw new SkeinError('conflict', `Cannot lease ${path}: ${lease.holder} holds it`);
  }
}

function release(task: TaskState, reason: string): NewSkeinEvent[] {
  if (task.lease === null) return [];
  const subject = `lease/${task.lease}`;
  return [{ type: 'lease.released', subject, mission: task.mission, data: { reason } }];
}
