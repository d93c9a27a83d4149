/** Decides the life of tasks: claim (with a lease on the write set), released, done, failed. */
import { SkeinError } from '#protocol/errors.ts';
import { blobReference, TASK_KINDS } from '#protocol/events/mission.ts';
import { checkEvidence } from '#protocol/events/task.ts';
import type { NewSkeinEvent } from '#protocol/event-types.ts';
import { fields, gitId, integer, list, oneOf, optional, text } from '#protocol/shape.ts';
import {
  defineDecider,
  requireEntity,
  type DeciderTable,
  type DecisionContext,
} from '#ledger/decider.ts';
import { heldLeases } from './held-leases.ts';
import { assertFree, requireHeld } from './lease-decider.ts';
import { releaseEvents, type LeaseState, type TaskState } from './task-reducer.ts';

/** What a decision about tasks needs to know of a plan: which task comes after which. */
interface PlanGraph {
  readonly tasks: readonly { readonly id: string; readonly after?: readonly string[] }[];
}

/** What a decision about tasks needs to know of a mission. */
interface MissionAtWork {
  readonly status: string;
  readonly plan: string | null;
}

/** Commands about tasks: `task.claim`, `.release`, `.finish`, `.fail`, `.add`. */
export const taskDeciders: DeciderTable = {
  // All or nothing: the write set and what was asked for besides are taken in one decision.
  'task.claim': defineDecider(
    fields({ task: text, agent: text, ttlMs: integer, more: optional(list(text)) }),
    ({ task, agent, ttlMs, more = [] }, context) => {
      const { body, version } = requireEntity<TaskState>(context, 'task', task);
      assertClaimable(task, body, context);
      assertInTime(task, body, context);
      const paths = [...new Set([...body.writeSet, ...more])];
      const held = context.view(heldLeases);
      assertFree(paths, held, context.epoch);
      const token = 1 + held.highestToken;
      const lease = `${task}.${version}`;
      const { epoch } = context;
      const data = { task, holder: agent, paths, token, epoch, ttlMs };
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
  // Who stops working on a task gives all its paths back; what was edited stays, as a patch. Who
  // shows a token releases no lease but that one.
  'task.release': defineDecider(
    fields({
      task: text,
      reason: text,
      patch: optional(blobReference),
      token: optional(integer),
    }),
    ({ task, reason, patch, token }, context) => {
      const { body } = requireEntity<TaskState>(context, 'task', task);
      if (body.status !== 'claimed') throw notClaimed(task, body);
      if (token !== undefined) requireHeld({ lease: body.lease ?? '', token }, context);
      const data = { reason, ...(patch === undefined ? {} : { patch }) };
      const released: NewSkeinEvent = {
        type: 'task.released',
        subject: `task/${task}`,
        mission: body.mission,
        data,
      };
      return [released, ...closeLease(body, context, reason)];
    },
  ),
  // The token is shown like at every write: who lost the lease can't call the task done.
  'task.finish': defineDecider(
    fields({
      task: text,
      gitTree: gitId,
      checks: list(checkEvidence),
      ref: optional(text),
      token: optional(integer),
    }),
    ({ task, gitTree, checks, ref, token }, context) => {
      const { body } = requireEntity<TaskState>(context, 'task', task);
      if (body.status !== 'claimed') throw notClaimed(task, body);
      if (token !== undefined) requireHeld({ lease: body.lease ?? '', token }, context);
      const mission = body.mission;
      const data = { gitTree, checks, ...(ref === undefined ? {} : { ref }) };
      const done: NewSkeinEvent = { type: 'task.done', subject: `task/${task}`, mission, data };
      return [done, ...closeLease(body, context, 'the task is done')];
    },
  ),
  'task.fail': defineDecider(fields({ task: text, reason: text }), ({ task, reason }, context) => {
    const { body } = requireEntity<TaskState>(context, 'task', task);
    if (body.status !== 'claimed') throw notClaimed(task, body);
    const { mission } = body;
    const data = { reason };
    const failed: NewSkeinEvent = { type: 'task.failed', subject: `task/${task}`, mission, data };
    return [failed, ...closeLease(body, context, 'the task failed')];
  }),
  // Work that no plan foresaw and that writes nothing, such as a diagnosis.
  'task.add': defineDecider(
    fields({
      task: text,
      mission: text,
      plan: text,
      title: text,
      role: text,
      kind: oneOf(...TASK_KINDS),
      cause: optional(text),
    }),
    ({ task, mission, cause, plan, title, role, kind }, context) => {
      if (context.entity('task', task) !== undefined) {
        throw new SkeinError('conflict', `Cannot add task ${task}: it exists already`);
      }
      const data = { plan, title, role, kind, writeSet: [] };
      const why = cause === undefined ? {} : { cause };
      return [{ type: 'task.created', subject: `task/${task}`, mission, ...why, data }];
    },
  ),
};

const notClaimed = (task: string, { status }: TaskState): SkeinError =>
  new SkeinError('conflict', `Cannot close task ${task}: it is ${status}`);

const leaseOf = ({ lease }: TaskState, context: DecisionContext): LeaseState | undefined =>
  lease === null ? undefined : context.entity<LeaseState>('lease', lease)?.body;

/** A task may be claimed when it is ready, or when its lease is released or of an epoch that ended. */
function assertClaimable(task: string, body: TaskState, context: DecisionContext): void {
  if (body.status === 'ready') return;
  const lease = leaseOf(body, context);
  const isVoid = lease !== undefined && (lease.status !== 'held' || lease.epoch !== context.epoch);
  if (body.status === 'claimed' && isVoid) return;
  throw new SkeinError('conflict', `Cannot claim task ${task}: it is ${body.status}`, {
    details: { holder: body.agent },
  });
}

/**
 * Nobody begins while the mission is not at work, or before the tasks that come first are done. The
 * graph is that of the mission's present plan: a plan may change while its tasks stay.
 */
function assertInTime(task: string, { mission, plan }: TaskState, context: DecisionContext): void {
  const state = context.entity<MissionAtWork>('mission', mission)?.body;
  if (state !== undefined && state.status !== 'running') {
    throw new SkeinError('conflict', `Cannot claim task ${task}: its mission is ${state.status}`);
  }
  const graph = context.entity<PlanGraph>('plan', state?.plan ?? plan)?.body;
  const after = graph?.tasks.find(({ id }) => id === task)?.after ?? [];
  const open = after.find((id) => context.entity<TaskState>('task', id)?.body.status !== 'done');
  if (open === undefined) return;
  throw new SkeinError('conflict', `Cannot claim task ${task}: it comes after ${open}`, {
    details: { after: open },
  });
}

function closeLease(task: TaskState, context: DecisionContext, reason: string): NewSkeinEvent[] {
  return leaseOf(task, context)?.status === 'held' ? releaseEvents(task, reason) : [];
}
