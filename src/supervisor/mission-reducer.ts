/** The state of a mission, from submitted to done, and of its plan. */
import type { EventData, EventOf } from '#protocol/event-types.ts';

/** Where a mission stands. `waiting` = its plan waits for approval. */
export type MissionStatus =
  | 'planning'
  | 'waiting'
  | 'running'
  | 'interrupted'
  | 'rejected'
  | 'cancelled'
  | 'done'
  | 'failed';

const NEEDS_WORKTREE: readonly string[] = ['planning', 'waiting', 'running', 'interrupted'];

/** Whether a mission of that status still needs its worktree. */
export const needsWorktree = (status: string): boolean => NEEDS_WORKTREE.includes(status);

/** A mission. Times are ISO 8601 by the home's clock; null = not yet, or does not apply. */
export interface MissionState {
  readonly goal: string;
  readonly recipe: string;
  readonly base: string;
  readonly branch: string | null;
  readonly options: EventData<'mission.submitted'>['options'];
  readonly status: MissionStatus;
  readonly plan: string | null;
  readonly hash: string | null;
  readonly submittedAt: string;
  readonly endedAt: string | null;
  readonly approvedFrom: string | null;
  readonly gitCommit: string | null;
  readonly resultBranch: string | null;
  readonly merged: boolean;
  readonly durationMs: number | null;
  readonly problem: MissionProblem | null;
  readonly worktreeKept: boolean;
  readonly resumes: number;
  readonly forked: ForkState | null;
}

/** Where a mission was forked from, and what it took over; see `mission.forked`. */
export interface ForkState extends Pick<
  EventData<'mission.forked'>,
  'from' | 'at' | 'budget' | 'done' | 'edits' | 'layOut' | 'answers'
> {
  /** The plan of the original that this one's is the same as; null when it was planned anew. */
  readonly inherits: string | null;
}

/** Why a mission failed, was rejected or interrupted. */
export interface MissionProblem {
  readonly error: string;
  readonly code: number;
  readonly message: string;
  readonly fix?: string;
}

const emptyMission: MissionState = {
  goal: '',
  recipe: '',
  base: '',
  branch: null,
  options: { checks: [], merge: false, hooks: false, keepExports: false },
  status: 'planning',
  plan: null,
  hash: null,
  submittedAt: '',
  endedAt: null,
  approvedFrom: null,
  gitCommit: null,
  resultBranch: null,
  merged: false,
  durationMs: null,
  problem: null,
  worktreeKept: false,
  resumes: 0,
  forked: null,
};

/** Folds the events of one mission. */
export function reduceMission(
  state: MissionState | undefined,
  event: EventOf<'mission'>,
): MissionState {
  const mission = state ?? emptyMission;
  switch (event.type) {
    case 'mission.submitted': {
      // Field by field: an unknown key of the data must never pass for state, such as an approval.
      const { goal, recipe, base, branch, options } = event.data;
      return { ...emptyMission, goal, recipe, base, branch, options, submittedAt: event.time };
    }
    case 'mission.forked':
      return forkMission(event);
    case 'mission.planned':
      return { ...mission, status: 'waiting', plan: event.data.plan, hash: event.data.hash };
    case 'mission.approved':
      return { ...mission, status: 'running', approvedFrom: event.data.from };
    case 'mission.replanned':
      return { ...mission, plan: event.data.plan, hash: event.data.hash };
    case 'mission.interrupted':
      return { ...mission, status: 'interrupted', worktreeKept: true };
    case 'mission.resumed': {
      const status = mission.approvedFrom === null ? 'planning' : 'running';
      return { ...mission, status, problem: null, endedAt: null, resumes: mission.resumes + 1 };
    }
    case 'mission.rejected':
    case 'mission.cancelled':
    case 'mission.done':
    case 'mission.failed':
      return endMission(mission, event);
  }
}

type ForkEvent = Extract<EventOf<'mission'>, { type: 'mission.forked' }>;

function forkMission({ data, time }: ForkEvent): MissionState {
  const { from, at, budget, done, edits, layOut, answers, plan, approval, ...asked } = data;
  const { goal, recipe, base, branch, options } = asked;
  const planned = approval === null ? 'waiting' : 'running';
  return {
    ...emptyMission,
    goal,
    recipe,
    base,
    branch,
    options,
    submittedAt: time,
    status: plan === null ? 'planning' : planned,
    plan: plan?.plan ?? null,
    hash: plan?.hash ?? null,
    approvedFrom: approval?.from ?? null,
    forked: { from, at, budget, inherits: plan?.inherits ?? null, done, edits, layOut, answers },
  };
}

type EndEvent = Extract<
  EventOf<'mission'>,
  { type: 'mission.rejected' | 'mission.cancelled' | 'mission.done' | 'mission.failed' }
>;

function endMission(mission: MissionState, event: EndEvent): MissionState {
  const ended = { ...mission, endedAt: event.time };
  switch (event.type) {
    case 'mission.rejected':
      return {
        ...ended,
        status: 'rejected',
        problem: { error: 'rejected', code: 0, message: event.data.reason },
      };
    case 'mission.cancelled': {
      const { reason, worktreeKept } = event.data;
      const problem = { error: 'mission-cancelled', code: 5605, message: reason };
      return { ...ended, status: 'cancelled', problem, worktreeKept };
    }
    case 'mission.done': {
      const { gitCommit, branch, merged, durationMs } = event.data;
      return {
        ...ended,
        status: 'done',
        gitCommit,
        resultBranch: branch,
        merged,
        durationMs,
        worktreeKept: false,
      };
    }
    case 'mission.failed': {
      const { worktreeKept, ...problem } = event.data;
      return { ...ended, status: 'failed', problem, worktreeKept };
    }
  }
}

/** A plan as it was proposed; it never changes. */
export type PlanState = EventData<'plan.proposed'> & { readonly mission: string };

/** Folds the events of one plan. */
export const reducePlan = (state: PlanState | undefined, event: EventOf<'plan'>): PlanState =>
  state ?? { ...event.data, mission: event.mission ?? '' };
