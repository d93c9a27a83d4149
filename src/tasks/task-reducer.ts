/** The state of a task and of the lease that guards what it may write. */
import type { EventOf } from '#protocol/event-types.ts';

/** A task's life: ready -> claimed -> done | failed. */
export interface TaskState {
  readonly mission: string;
  readonly plan: string;
  readonly title: string;
  readonly role: string;
  readonly writeSet: readonly string[];
  readonly status: 'ready' | 'claimed' | 'done' | 'failed';
  readonly agent: string | null;
  readonly lease: string | null;
  readonly attempt: number;
  readonly gitTree: string | null;
  readonly reason: string | null;
}

const unknownTask: TaskState = {
  mission: '',
  plan: '',
  title: '',
  role: '',
  writeSet: [],
  status: 'ready',
  agent: null,
  lease: null,
  attempt: 0,
  gitTree: null,
  reason: null,
};

/** Folds the events of one task. */
export function reduceTask(state: TaskState | undefined, event: EventOf<'task'>): TaskState {
  const task = state ?? unknownTask;
  switch (event.type) {
    case 'task.created': {
      const { plan, title, role, writeSet } = event.data;
      return { ...unknownTask, mission: event.mission ?? '', plan, title, role, writeSet };
    }
    case 'task.claimed': {
      const { agent, lease, attempt } = event.data;
      return { ...task, status: 'claimed', agent, lease, attempt };
    }
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
  readonly status: 'held' | 'released';
}

/** Folds the events of one lease. */
export function reduceLease(state: LeaseState | undefined, event: EventOf<'lease'>): LeaseState {
  if (event.type === 'lease.granted') return { ...event.data, status: 'held' };
  const nothing = { task: '', holder: '', paths: [], token: 0, epoch: 0, ttlMs: 0 };
  return { ...(state ?? nothing), status: 'released' };
}
