/** What the parts of a swarm at work share: its mission, its plan, its agents, its clock. */
import type { Diagnosis, Failure } from '#agents/scout.ts';
import type { SwarmAgent } from '#agents/swarm-agent.ts';
import type { Bus } from '#bus/bus.ts';
import type { CommitBell } from '#ledger/subscription.ts';
import type { SkeinError } from '#protocol/errors.ts';
import type { MissionWork } from '#tasks/mission-work.ts';
import type { TaskState } from '#tasks/task-reducer.ts';
import type { Crew } from '../crew.ts';
import type { OneAtTime } from '#workspace/one-at-time.ts';
import type { MissionState, PlanState } from '../mission-reducer.ts';
import type { PlanContents } from '../plan-contents.ts';
import type { Recipe } from '../recipe.ts';
import type { RemoteWorkers } from '../remote/remote-workers.ts';
import type { AgentNames } from './agent-names.ts';
import type { LeaseTimers } from './lease-clock.ts';

/** What a node hands to every swarm. */
export interface SwarmTools {
  readonly bus: Bus;
  readonly timers: LeaseTimers;
  /** Rings when a task of any mission gave paths back. */
  readonly bell: CommitBell;
  readonly names: AgentNames;
  /** How many tasks are at work at once, when the person did not say. */
  readonly jobs: number;
  /** Workers on other nodes of the space, when there may be some. */
  readonly remote?: RemoteWorkers;
}

/** A plan that was approved, with its exact contents and the recipe that made it. */
export interface Approved {
  readonly state: MissionState;
  readonly plan: PlanState;
  readonly contents: PlanContents;
  readonly recipe: Recipe;
  /** All tracked files of the base. */
  readonly files: readonly string[];
}

/** One mission at work by its agents. */
export interface Swarm {
  readonly work: MissionWork;
  readonly crew: Crew;
  readonly tools: SwarmTools;
  readonly approved: Approved;
  readonly jobs: number;
  readonly agents: SwarmAgent[];
  /** What was not as expected since this plan counts; no further task is sent then. */
  readonly unmet: Unmet[];
  /** What was handed over is looked at one after the other: exactly one task is the last of a set. */
  readonly inTurn: OneAtTime;
  /** The contents, as one hash, whose types were judged last. */
  judged: string | null;
}

/** An expectation that was not met, and the error that it comes to when nobody knows better. */
export interface Unmet {
  readonly failure: Failure;
  readonly error: SkeinError;
}

/** A diagnosis that names a strategy. */
export type Remedy = Diagnosis & { readonly strategy: string };

/** The state of a task on the record. */
export const taskState = ({ ledger }: MissionWork, task: string): TaskState | undefined =>
  ledger.read.entity('task', task)?.body as TaskState | undefined;
