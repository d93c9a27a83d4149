/** Decides the life of missions and plans. Only a person may approve or reject. */
import { SkeinError } from '#protocol/errors.ts';
import { missionEvents, planEvents } from '#protocol/events/mission.ts';
import type { EventData, NewSkeinEvent } from '#protocol/event-types.ts';
import { digest, fields, flag, integer, text, type Shape } from '#protocol/shape.ts';
import {
  defineDecider,
  requireEntity,
  type DeciderTable,
  type DecisionContext,
} from '#ledger/decider.ts';
import type { EffectState } from '#tasks/effect-reducer.ts';
import type { LeaseState, TaskState } from '#tasks/task-reducer.ts';
import type { MissionState, MissionStatus, PlanState } from './mission-reducer.ts';

/** An input that names a mission and carries the data of the event it becomes. */
function withMission<D>(data: Shape<D>): Shape<D & { readonly mission: string }> {
  const named = fields({ mission: text });
  return { problem: (value, at) => named.problem(value, at) ?? data.problem(value, at) };
}

/** Commands about missions: submit, plan, approve, reject, cancel, interrupt, resume, finish, fail. */
export const missionDeciders: DeciderTable = {
  'mission.submit': defineDecider(
    withMission(missionEvents['mission.submitted'].data),
    ({ mission, ...data }, context) => {
      if (context.entity('mission', mission) !== undefined) {
        throw new SkeinError('conflict', `Cannot submit mission ${mission}: it exists already`);
      }
      return [{ type: 'mission.submitted', subject: `mission/${mission}`, mission, data }];
    },
  ),
  'plan.propose': defineDecider(
    withMission(planEvents['plan.proposed'].data),
    ({ mission, ...data }, context) => {
      requireStatus(context, mission, ['planning']);
      const plan = `${mission}.1`;
      return [
        { type: 'plan.proposed', subject: `plan/${plan}`, mission, data },
        {
          type: 'mission.planned',
          subject: `mission/${mission}`,
          mission,
          data: { plan, hash: data.hash },
        },
      ];
    },
  ),
  'mission.approve': defineDecider(
    fields({ mission: text, hash: digest, from: text }),
    ({ mission, hash, from }, context) => {
      const state = requireAnswerable(context, mission, hash);
      const approved: NewSkeinEvent = {
        type: 'mission.approved',
        subject: `mission/${mission}`,
        mission,
        data: { hash, from },
      };
      return [approved, ...createTasks(context, mission, state)];
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
      const state = requireStatus(context, mission, before);
      assertNotMerged(context, mission);
      const data = { reason, worktreeKept };
      return [
        { type: 'mission.cancelled', subject: `mission/${mission}`, mission, data },
        ...failTasks(context, mission, state, reason),
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
  'mission.finish': endDecider('mission.done', ['running']),
  'mission.fail': endDecider('mission.failed', ['planning', 'waiting', 'running']),
};

function endDecider(
  type: 'mission.done' | 'mission.failed',
  from: readonly MissionStatus[],
): DeciderTable[string] {
  const shape = missionEvents[type].data as Shape<EventData<typeof type>>;
  return defineDecider(withMission(shape), ({ mission, ...data }, context) => {
    requireStatus(context, mission, from);
    return [{ type, subject: `mission/${mission}`, mission, data } as NewSkeinEvent];
  });
}

/** Once a merge has begun, the person's own files and branch may hold the work already. */
function assertNotMerged(context: DecisionContext, mission: string): void {
  const merge = context.entity<EffectState>('effect', `${mission}/merge`)?.body;
  if (merge === undefined || merge.status === 'failed') return;
  throw new SkeinError('conflict', `Cannot cancel mission ${mission}: its merge has begun`, {
    fix: `All of its work is done, it only has to be ended: skein resume ${mission}`,
  });
}

function requireStatus(
  context: DecisionContext,
  mission: string,
  wanted: readonly MissionStatus[],
): MissionState {
  const { body } = requireEntity<MissionState>(context, 'mission', mission);
  if (!wanted.includes(body.status)) {
    throw new SkeinError('conflict', `Cannot change mission ${mission}: it is ${body.status}`);
  }
  return body;
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

/** In the same command as the end of their mission: no crash can leave a lease behind it. */
function failTasks(
  context: DecisionContext,
  mission: string,
  { plan }: MissionState,
  reason: string,
): NewSkeinEvent[] {
  const tasks = context.entity<PlanState>('plan', plan ?? '')?.body.tasks ?? [];
  return tasks.flatMap(({ id }): NewSkeinEvent[] => {
    const task = context.entity<TaskState>('task', id)?.body;
    if (task?.status !== 'claimed') return [];
    const failed: NewSkeinEvent = {
      type: 'task.failed',
      subject: `task/${id}`,
      mission,
      data: { reason },
    };
    const lease = task.lease ?? '';
    if (context.entity<LeaseState>('lease', lease)?.body.status !== 'held') return [failed];
    const data = { reason: 'the task failed' };
    return [failed, { type: 'lease.released', subject: `lease/${lease}`, mission, data }];
  });
}

function createTasks(
  context: DecisionContext,
  mission: string,
  state: MissionState,
): NewSkeinEvent[] {
  const { body } = requireEntity<PlanState>(context, 'plan', state.plan ?? '');
  return body.tasks.map(({ id, title, role, writeSet }) => {
    if (context.entity('task', id) !== undefined) {
      throw new SkeinError('conflict', `Cannot create task ${id}: it exists already`);
    }
    const data = { plan: state.plan ?? '', title, role, writeSet };
    return { type: 'task.created', subject: `task/${id}`, mission, data };
  });
}
