/** The state of a task and of the lease that guards what it may write. */
import type { EventOf, NewSkeinEvent } from '#protocol/event-types.ts';
import type { TaskKind } from '#protocol/events/mission.ts';

/** A blob by content hash, with its size in bytes. */
type BlobReference = Readonly<{ hash: string; bytes: number }>;

/** A task's life: ready -> claimed -> done | failed | dropped; claimed -> ready when released. */
export interface TaskState {
  readonly mission: string;
  readonly plan: string;
  readonly title: string;
  readonly role: string;
  /** Absent in records of before there were several kinds: then it edits and proves in one. */
  readonly kind: TaskKind | null;
  readonly writeSet: readonly string[];
  readonly status: 'ready' | 'claimed' | 'done' | 'failed' | 'dropped';
  readonly agent: string | null;
  readonly lease: string | null;
  readonly attempt: number;
  readonly gitTree: string | null;
  readonly reason: string | null;
  /** What was edited before the task was released, by blob. */
  readonly patch: BlobReference | null;
}

const unknownTask: TaskState = {
  mission: '',
  plan: '',
  title: '',
  role: '',
  kind: null,
  writeSet: [],
  status: 'ready',
  agent: null,
  lease: null,
  attempt: 0,
  gitTree: null,
  reason: null,
  patch: null,
};

/** Folds the events of one task. */
export function reduceTask(state: TaskState | undefined, event: EventOf<'task'>): TaskState {
  const task = state ?? unknownTask;
  switch (event.type) {
    case 'task.created': {
      const { plan, title, role, writeSet, kind = null, attempt = 0 } = event.data;
      const mission = event.mission ?? '';
      return { ...unknownTask, mission, plan, title, role, writeSet, kind, attempt };
    }
    case 'task.claimed': {
      const { agent, lease, attempt } = event.data;
      return { ...task, status: 'claimed', agent, lease, attempt };
    }
    case 'task.released': {
      const { reason, patch = null } = event.data;
      return { ...task, status: 'ready', lease: null, agent: null, reason, patch };
    }
    case 'task.dropped':
      return { ...task, status: 'dropped', lease: null, reason: event.data.reason };
    case 'task.done':
      return { ...task, status: 'done', lease: null, gitTree: event.data.gitTree };
    case 'task.failed':
      return { ...task, status: 'failed', lease: null, reason: event.data.reason };
  }
}

/** A held set of paths. Writes show `token`; a lease of an earlier epoch is void. */
export interface LeaseState {
  readonly task: string;
  readonly holder: string;
  readonly paths: readonly string[];
  readonly token: number;
  readonly epoch: number;
  readonly ttlMs: number;
  readonly status: 'held' | 'released' | 'expired';
}

/** Folds the events of one lease. */
export function reduceLease(state: LeaseState | undefined, event: EventOf<'lease'>): LeaseState {
  switch (event.type) {
    case 'lease.granted':
      return { ...event.data, status: 'held' };
    case 'lease.extended':
      return state === undefined ? noLease : { ...state, paths: [...state.paths, event.data.path] };
    case 'lease.released':
      return { ...(state ?? noLease), status: 'released' };
    case 'lease.expired':
      return { ...(state ?? noLease), status: 'expired' };
  }
}

const noLease: LeaseState = {
  task: '',
  holder: '',
  paths: [],
  token: 0,
  epoch: 0,
  ttlMs: 0,
  status: 'released',
};

/** The event that gives back what a task holds, for whoever decides its end. */
export function releaseEvents(
  { lease, mission }: Pick<TaskState, 'lease' | 'mission'>,
  reason: string,
): NewSkeinEvent[] {
  if (lease === null) return [];
  return [{ type: 'lease.released', subject: `lease/${lease}`, mission, data: { reason } }];
}
