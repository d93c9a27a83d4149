/** A task in hand: who is at work on it, what it hands over, and what it may look at. */
import type { Assignment } from '#agents/assignment.ts';
import type { Evidence } from '#agents/runner.ts';
import type { Lookout } from '../../recipe.ts';
import type { Offer } from '../../remote/offers.ts';
import type { Swarm, Unmet } from '../swarm.ts';
import type { PlannedTask } from '../../plan/task-graph.ts';

/** A task and the agent at work on it; `release` stops it and gives back all that it holds. */
export interface TaskAtWork {
  readonly swarm: Swarm;
  readonly planned: PlannedTask;
  readonly assignment: Assignment;
  /** When its agent is on another node: what it was sent. */
  readonly offer?: Offer;
  readonly release: (reason: string) => Promise<void>;
}

/** What an agent hands over; the supervisor looks for itself before the task is done. */
export interface HandOver {
  readonly checks: readonly Evidence[];
  /** The tree that the task made or looked at; absent = to be made of its write set. */
  readonly gitTree?: string;
  /** What was found, for the record. */
  readonly found?: string;
  readonly unmet: readonly Unmet[];
}

/** The checks that a task runs, by the names in its plan. */
export function checksOf(
  { approved }: Swarm,
  { checks = [] }: PlannedTask,
): Swarm['approved']['plan']['checks'] {
  const names = new Set(checks);
  return approved.plan.checks.filter(({ name }) => names.has(name));
}

/** What a recipe looks at: the worktree as it is now, beside what the plan knows. */
export function lookout({ work, approved }: Swarm): Lookout {
  const { contents, files } = approved;
  const planned = new Set(contents.edits.map(({ path }) => path));
  return { root: work.worktree, files, signal: work.signal, planned, listed: contents.listed };
}
