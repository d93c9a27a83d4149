/**
 * Why missions and tasks that have not ended do not go on, and who could end the wait: read off the
 * present state alone, so that whatever a person sees standing still can be explained. Pure.
 */
import type { LeaseState, TaskState } from '#tasks/task-reducer.ts';
import type { MissionState, PlanState } from './mission-reducer.ts';
import { splitTask } from './plan/task-graph.ts';

/** An entity and the record it is of; paths of two records are never the same path. */
export interface Placed<B> {
  readonly id: string;
  readonly space: string;
  readonly body: B;
}

/**
 * The state that is asked about. `atWork` are the missions that the node works on; leases of an
 * epoch before `epoch` are void; `jobs` is how many tasks of a mission that names no number may be
 * at work at once, null when that is not known.
 */
export interface Situation {
  readonly missions: readonly Placed<MissionState>[];
  readonly plans: readonly Placed<PlanState>[];
  readonly tasks: readonly Placed<TaskState>[];
  readonly leases: readonly Placed<LeaseState>[];
  readonly atWork: readonly string[];
  readonly epoch: number;
  readonly jobs: number | null;
}

/**
 * One reason in words. `endedBy` is who could end the wait: `you`, an agent, or who works on another
 * task; `fix` the command for it, when a person can do something.
 */
export interface WaitReason {
  readonly type: 'answer' | 'interrupted' | 'stopped' | 'after' | 'path-held' | 'jobs' | 'turn';
  readonly text: string;
  readonly endedBy: string;
  readonly fix?: string;
}

/** A mission or a task that has not ended. One that is at work waits for nothing: no reasons. */
export interface Standing {
  readonly kind: 'mission' | 'task';
  readonly id: string;
  readonly mission: string;
  readonly title: string;
  readonly state: 'at work' | 'waiting';
  /** Who is at work on it, when somebody is. */
  readonly agent: string | null;
  readonly reasons: readonly WaitReason[];
}

/** More paths than these are counted, not named. */
const MOST_PATHS = 5;

const ENDED: readonly string[] = ['done', 'failed', 'rejected', 'cancelled'];

/** Every mission that has not ended, oldest first, each followed by its tasks in their order. */
export function whyWaiting(situation: Situation): readonly Standing[] {
  return situation.missions
    .filter(({ body }) => !ENDED.includes(body.status))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .flatMap((mission) => [
      missionStanding(mission, situation),
      ...taskStandings(mission, situation),
    ]);
}

function missionStanding(mission: Placed<MissionState>, situation: Situation): Standing {
  const reason = missionReason(mission, situation);
  return {
    kind: 'mission',
    id: mission.id,
    mission: mission.id,
    title: mission.body.goal,
    state: reason === undefined ? 'at work' : 'waiting',
    agent: null,
    reasons: reason === undefined ? [] : [reason],
  };
}

/** Why nothing of a mission goes on; undefined while it is worked on. */
function missionReason(
  { id, body: { status, plan } }: Placed<MissionState>,
  { atWork, plans }: Situation,
): WaitReason | undefined {
  const shown = shorten(id);
  if (status === 'waiting') {
    const changed = plans.find((each) => each.id === plan)?.body.supersedes !== undefined;
    const which = changed ? 'changed plan' : 'plan';
    const fix = `skein approve ${shown} | skein reject ${shown}`;
    return { type: 'answer', text: `waits for your answer to its ${which}`, endedBy: 'you', fix };
  }
  const fix = `skein resume ${shown}`;
  if (status === 'interrupted') {
    return { type: 'interrupted', text: 'was interrupted', endedBy: 'you', fix };
  }
  if (atWork.includes(id)) return undefined;
  return { type: 'stopped', text: 'stands still: its node stopped', endedBy: 'you', fix };
}

function taskStandings(mission: Placed<MissionState>, situation: Situation): readonly Standing[] {
  return situation.tasks
    .filter(({ body }) => body.mission === mission.id)
    .filter(({ body: { status } }) => status === 'ready' || status === 'claimed')
    .toSorted((a, b) => splitTask(a.id)[1] - splitTask(b.id)[1])
    .map((task) => {
      const isAtWork = isTaskAtWork(task, situation);
      return {
        kind: 'task' as const,
        id: task.id,
        mission: mission.id,
        title: task.body.title,
        state: isAtWork ? ('at work' as const) : ('waiting' as const),
        agent: isAtWork ? task.body.agent : null,
        reasons: isAtWork ? [] : taskReasons(task, mission, situation),
      };
    });
}

/** Whether somebody works on it: claimed, under a lease of now, in a mission of this node. */
function isTaskAtWork({ body, space }: Placed<TaskState>, situation: Situation): boolean {
  if (body.status !== 'claimed' || !situation.atWork.includes(body.mission)) return false;
  return currentLeases(situation, space).some(({ id }) => id === body.lease);
}

const currentLeases = (
  { leases, epoch }: Situation,
  space: string,
): readonly Placed<LeaseState>[] =>
  leases.filter(
    (lease) => lease.space === space && lease.body.status === 'held' && lease.body.epoch === epoch,
  );

function taskReasons(
  task: Placed<TaskState>,
  mission: Placed<MissionState>,
  situation: Situation,
): readonly WaitReason[] {
  const stopped = missionReason(mission, situation);
  const before = predecessorReasons(task, mission, situation);
  if (stopped !== undefined)
    return [{ ...stopped, text: `its mission ${stopped.text}` }, ...before];
  if (before.length > 0) return before;
  const held = [...pathReasons(task, situation), ...jobReasons(mission, situation)];
  if (held.length > 0) return held;
  const text = 'is ready: the next free agent takes it';
  return [{ type: 'turn', text, endedBy: 'agent:supervisor' }];
}

/** Tasks that must be done first, and are not. */
function predecessorReasons(
  task: Placed<TaskState>,
  { space, body: { plan } }: Placed<MissionState>,
  situation: Situation,
): readonly WaitReason[] {
  const { plans, tasks } = situation;
  const current = plans.find((each) => each.id === plan && each.space === space)?.body.tasks ?? [];
  const after = current.find(({ id }) => id === task.id)?.after ?? [];
  return after.flatMap((id): WaitReason[] => {
    const found = tasks.find((other) => other.id === id && other.space === space);
    if (found?.body.status === 'done') return [];
    const name = `task ${splitTask(id)[1]}`;
    const { state, endedBy } = predecessorState(found, situation);
    return [{ type: 'after', text: `after ${name} (${state})`, endedBy: endedBy ?? name }];
  });
}

function predecessorState(
  task: Placed<TaskState> | undefined,
  situation: Situation,
): { readonly state: string; readonly endedBy?: string } {
  if (task === undefined) return { state: 'not begun' };
  const { status, agent } = task.body;
  if (isTaskAtWork(task, situation) && agent !== null) {
    return { state: `at work: ${agent}`, endedBy: agent };
  }
  return { state: status === 'failed' || status === 'dropped' ? status : 'waits itself' };
}

/** Paths it would write and that another task holds; one reason for each of those. */
function pathReasons(
  { id, space, body }: Placed<TaskState>,
  situation: Situation,
): readonly WaitReason[] {
  const wanted = new Set(body.writeSet);
  return currentLeases(situation, space).flatMap(({ body: lease }): WaitReason[] => {
    const paths = lease.paths.filter((path) => wanted.has(path));
    if (paths.length === 0 || lease.task === id) return [];
    const named = paths.slice(0, MOST_PATHS).join(', ');
    const more = paths.length > MOST_PATHS ? ` and ${paths.length - MOST_PATHS} more` : '';
    const what = paths.length === 1 ? `path ${named} is` : `paths ${named}${more} are`;
    const [other, number] = splitTask(lease.task);
    const where = other === body.mission ? '' : ` of mission ${shorten(other)}`;
    const text = `${what} held by ${lease.holder} for task ${number}${where}`;
    return [{ type: 'path-held', text, endedBy: lease.holder }];
  });
}

/** As many tasks of its mission are at work as may be. */
function jobReasons(mission: Placed<MissionState>, situation: Situation): readonly WaitReason[] {
  const jobs = mission.body.options.jobs ?? situation.jobs;
  if (jobs === null) return [];
  const busy = situation.tasks
    .filter((task) => task.body.mission === mission.id && isTaskAtWork(task, situation))
    .map(({ body }) => body.agent ?? 'an agent');
  if (busy.length < jobs) return [];
  const text = jobs === 1 ? 'the one job is busy' : `all ${jobs} jobs are busy`;
  return [{ type: 'jobs', text: `${text}: ${busy.join(', ')}`, endedBy: busy.join(', ') }];
}

/** The part of a mission's id that a person types. */
const shorten = (id: string): string => id.slice(0, 13);
