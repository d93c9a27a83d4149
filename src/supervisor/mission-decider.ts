/** Decides the life of missions. Only a person may approve or reject a plan. */
import { SkeinError } from '#protocol/errors.ts';
import { missionEvents } from '#protocol/events/mission.ts';
import type { NewSkeinEvent } from '#protocol/event-types.ts';
import { digest, fields, flag, gitId, integer, optional, text } from '#protocol/shape.ts';
import {
  defineDecider,
  requireEntity,
  type DeciderTable,
  type DecisionContext,
} from '#ledger/decider.ts';
import type { EffectState } from '#tasks/effect-reducer.ts';
import type { LeaseState, TaskState } from '#tasks/task-reducer.ts';
import type { MissionState, PlanState } from './mission-reducer.ts';
import { requireStatus, takeOn, withMission } from './plan-decider.ts';

/** Commands about missions: submit, approve, reject, cancel, interrupt, resume, finish, fail. */
export const missionDeciders: DeciderTable = {
  'mission.submit': defineDecider(
    withMission(missionEvents['mission.submitted'].data),
    ({ mission, cause: _cause, ...data }, context) => {
      if (context.entity('mission', mission) !== undefined) {
        throw new SkeinError('conflict', `Cannot submit mission ${mission}: it exists already`);
      }
      return [{ type: 'mission.submitted', subject: `mission/${mission}`, mission, data }];
    },
  ),
  'mission.approve': defineDecider(
    // `base` is where the repository stands now: a first plan is good for the base it was made from,
    // but for that of a fork, which is meant to go on from there.
    fields({ mission: text, hash: digest, from: text, base: optional(gitId) }),
    ({ mission, hash, from, base }, context) => {
      const state = requireAnswerable(context, mission, hash);
      const isFirst = state.approvedFrom === null && state.forked === null;
      if (base !== undefined && isFirst) assertSameBase(mission, state, base);
      const approved: NewSkeinEvent = {
        type: 'mission.approved',
        subject: `mission/${mission}`,
        mission,
        data: { hash, from },
      };
      const plan = state.plan ?? '';
      const { tasks, supersedes } = requireEntity<PlanState>(context, 'plan', plan).body;
      return [approved, ...takeOn(context, mission, { plan, tasks, supersedes })];
    },
  ),
  'mission.reject': defineDecider(
    fields({ mission: text, hash: digest, reason: text }),
    ({ mission, hash, reason }, context) => {
      requireAnswerable(context, mission, hash);
      return [
        {
          type: 'mission.rejected',
          subject: `mission/${mission}`,
          mission,
          data: { hash, reason },
        },
      ];
    },
  ),
  'mission.cancel': defineDecider(
    fields({ mission: text, reason: text, worktreeKept: flag }),
    ({ mission, reason, worktreeKept }, context) => {
      const before = ['planning', 'waiting', 'running', 'interrupted'] as const;
      requireStatus(context, mission, before);
      assertNotMerged(context, mission);
      const data = { reason, worktreeKept };
      return [
        { type: 'mission.cancelled', subject: `mission/${mission}`, mission, data },
        ...failTasks(context, mission, reason),
      ];
    },
  ),
  'mission.interrupt': defineDecider(
    fields({ mission: text, reason: text }),
    ({ mission, reason }, context) => {
      requireStatus(context, mission, ['planning', 'running']);
      return [
        { type: 'mission.interrupted', subject: `mission/${mission}`, mission, data: { reason } },
      ];
    },
  ),
  'mission.resume': defineDecider(
    fields({ mission: text, epoch: integer }),
    ({ mission, epoch }, context) => {
      requireStatus(context, mission, ['planning', 'running', 'interrupted']);
      return [{ type: 'mission.resumed', subject: `mission/${mission}`, mission, data: { epoch } }];
    },
  ),
  'mission.finish': defineDecider(
    withMission(missionEvents['mission.done'].data),
    ({ mission, cause: _cause, ...data }, context) => {
      requireStatus(context, mission, ['running']);
      return [
        ...dropOpen(context, mission),
        { type: 'mission.done', subject: `mission/${mission}`, mission, data },
      ];
    },
  ),
  'mission.fail': defineDecider(
    withMission(missionEvents['mission.failed'].data),
    ({ mission, cause: _cause, ...data }, context) => {
      requireStatus(context, mission, ['planning', 'waiting', 'running']);
      return [
        ...failTasks(context, mission, data.message),
        { type: 'mission.failed', subject: `mission/${mission}`, mission, data },
      ];
    },
  ),
};

/** The tasks of a mission, those that no plan named too: their numbers have no gap. */
function* tasksOf(
  context: DecisionContext,
  mission: string,
): Generator<readonly [id: string, task: TaskState]> {
  for (let number = 1; ; number += 1) {
    const id = `${mission}.${number}`;
    const task = context.entity<TaskState>('task', id)?.body;
    if (task === undefined) return;
    yield [id, task];
  }
}

/** A diagnosis that a crash cut off and that was not needed again: nobody will take it up. */
function dropOpen(context: DecisionContext, mission: string): NewSkeinEvent[] {
  const open = [...tasksOf(context, mission)].filter(([, { status }]) => status === 'ready');
  const data = { reason: 'the mission is done without it' };
  return open.map(([id]) => ({ type: 'task.dropped', subject: `task/${id}`, mission, data }));
}

/** Once a merge has begun, the person's own files and branch may hold the work already. */
function assertNotMerged(context: DecisionContext, mission: string): void {
  const merge = context.entity<EffectState>('effect', `${mission}/merge`)?.body;
  if (merge === undefined || merge.status === 'failed') return;
  throw new SkeinError('conflict', `Cannot cancel mission ${mission}: its merge has begun`, {
    fix: `All of its work is done, it only has to be ended: skein resume ${mission}`,
  });
}

/** An answer to a plan comes from a person, in time, and names exactly the plan that was shown. */
function requireAnswerable(context: DecisionContext, mission: string, hash: string): MissionState {
  if (context.authority !== 'human') {
    throw new SkeinError('unauthorized', `Cannot answer for mission ${mission}: only a person may`);
  }
  const state = requireStatus(context, mission, ['waiting']);
  if (state.hash !== hash) {
    throw new SkeinError(
      'plan-stale',
      `Cannot answer for mission ${mission}: its plan is ${state.hash}`,
      {
        fix: `Look at the plan again: skein show ${mission}`,
      },
    );
  }
  return state;
}

function assertSameBase(mission: string, { base: planned }: MissionState, base: string): void {
  if (base === planned) return;
  throw new SkeinError(
    'plan-stale',
    `Cannot approve mission ${mission}: it was planned at ${planned.slice(0, 10)}, and the repository is at ${base.slice(0, 10)} now`,
    {
      fix: `State the goal again: a new plan is made from what the repository is now. This one ends by: skein reject ${mission}`,
    },
  );
}

/** In the same command as the end of their mission: no crash can leave a lease behind it. */
function failTasks(context: DecisionContext, mission: string, reason: string): NewSkeinEvent[] {
  return [...tasksOf(context, mission)].flatMap(([id, task]): NewSkeinEvent[] => {
    if (task.status !== 'claimed') return [];
    const subject = `task/${id}`;
    const failed: NewSkeinEvent = { type: 'task.failed', subject, mission, data: { reason } };
    const lease = task.lease ?? '';
    if (context.entity<LeaseState>('lease', lease)?.body.status !== 'held') return [failed];
    const data = { reason: 'the task failed' };
    return [failed, { type: 'lease.released', subject: `lease/${lease}`, mission, data }];
  });
}
