/** A recipe: how a plan is made without a model, for goals of one form. */
import type { FileEdit, Occurrence } from '#workspace/language/language.ts';
import type { Repository } from '#workspace/git/open-repository.ts';
import type { MissionState } from './mission-reducer.ts';

/** What a recipe plans in: a clean worktree of the base commit, dependencies linked. */
export interface PlanRequest {
  readonly root: string;
  readonly files: readonly string[];
  readonly repository: Repository;
  readonly options: MissionState['options'];
  readonly signal: AbortSignal;
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
}

/** `usage` is the form of its goals, `matches` says whether a goal has it; `plan` writes nothing. */
export interface Recipe {
  readonly name: string;
  readonly usage: string;
  readonly plan: (goal: string, request: PlanRequest) => Promise<PlannedChange>;
  readonly matches: (goal: string) => boolean;
}
