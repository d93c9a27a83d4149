/** A recipe: how a plan is made without a model, for goals of one form. */
import type { Diagnosis, Failure } from '#agents/scout.ts';
import type { FileEdit, Occurrence } from '#workspace/language/language.ts';
import type { Repository } from '#workspace/git/open-repository.ts';
import type { ProgramHost } from '#workspace/programs/program-host.ts';
import type { MissionState } from './mission-reducer.ts';

/** Another way of making part of a change, chosen after the first way was refused. */
export interface Strategy {
  readonly name: string;
  readonly paths: readonly string[];
}

/**
 * What a recipe plans in: a clean worktree of the base commit, dependencies linked. `strategies`
 * are those that diagnoses of this mission have found so far; a first plan has none.
 */
export interface PlanRequest {
  readonly root: string;
  readonly files: readonly string[];
  readonly repository: Repository;
  readonly base: string;
  readonly options: MissionState['options'];
  readonly strategies: readonly Strategy[];
  readonly signal: AbortSignal;
  /** What holds the programs that read the worktree for the plan. */
  readonly host: ProgramHost;
}

/**
 * Part of a change, for one agent. `key` is unique in its plan; `after` are keys of parts that come
 * before it; `expects` says in words what will be different. Parts that may be at work at the same
 * time have no path in common. A part with a `command` has no exact edits: the command makes them.
 */
export interface PlannedPart {
  readonly key: string;
  readonly title: string;
  readonly paths: readonly string[];
  readonly after: readonly string[];
  readonly expects: string;
  readonly command?: PlannedCommand;
}

/**
 * A command that changes files, run on a copy; its changes go through the door like any edit. Every
 * line that it adds or removes must match `lines` (a regular expression), or the critic refuses it.
 */
export interface PlannedCommand {
  readonly name: string;
  readonly command: string;
  readonly lines: string;
}

/** A place that the change should reach but that the plain way does not fit. */
export interface OpenPlace {
  readonly path: string;
  readonly line: number;
  readonly preview: string;
}

/** The names of a rename; messages of a compiler are compared with both taken for one. */
export interface ChangedNames {
  readonly from: string;
  readonly to: string;
}

/** A change that was worked out but not made. `title` becomes the subject of the git commit. */
export interface PlannedChange {
  readonly title: string;
  readonly summary: string;
  readonly engine: string;
  readonly edits: readonly FileEdit[];
  readonly listed: readonly Occurrence[];
  readonly warnings: readonly string[];
  readonly names: ChangedNames | null;
  /** How the edits are shared out; absent = by folders, as the supervisor thinks good. */
  readonly parts?: readonly PlannedPart[];
  /** Files left out of the edits; agents that come across them ask for them. */
  readonly open?: readonly OpenPlace[];
  /** What the plain way would make of those files: agents may propose it. */
  readonly plain?: readonly FileEdit[];
  /** Checks that the recipe itself names, besides those of the repository. */
  readonly checks?: readonly { readonly name: string; readonly command: string }[];
}

/** Where and after what a recipe looks or diagnoses: the worktree as it is now, and its plan. */
export interface Lookout extends Pick<PlanRequest, 'root' | 'files' | 'signal'> {
  /** Paths that the plan changes. */
  readonly planned: ReadonlySet<string>;
  /** Places that the plan leaves as they are, for a reason it knows. */
  readonly listed: readonly Occurrence[];
}

/**
 * `usage` is the form of its goals, `matches` says whether a goal has it; `plan` writes nothing.
 * `look` finds places that the change should reach and its plan does not; `diagnose` says why an
 * expectation failed, and which strategy a new plan should use.
 */
export interface Recipe {
  readonly name: string;
  readonly usage: string;
  readonly plan: (goal: string, request: PlanRequest) => Promise<PlannedChange>;
  readonly matches: (goal: string) => boolean;
  readonly look?: (goal: string, lookout: Lookout) => Promise<readonly OpenPlace[]>;
  readonly diagnose?: (goal: string, failure: Failure, lookout: Lookout) => Promise<Diagnosis>;
}
