/** What the node and the thread that looks after the size of a record say to each other. */
import type { PrunedMission } from '#ledger/prune/prune-plan.ts';
import type { Survey } from '#ledger/prune/survey.ts';
import type { Speaker } from '#protocol/command.ts';
import type { PruneChoice, PruneOptions } from './prune-choice.ts';

/** What a person asks for, when (milliseconds since 1970) and who it is. */
export interface PruneOrder {
  readonly options: PruneOptions;
  readonly nowMs: number;
  readonly speaker: Speaker;
}

/** What the thread is asked: to measure the record, to say what would go, or to prune. */
export type PrunerRequest =
  | { readonly type: 'survey'; readonly nowMs: number }
  | ({ readonly type: 'plan' | 'prune' } & PruneOrder);

/** What a mission loses, in numbers. Sizes in bytes. */
export interface PrunedSize extends Omit<PrunedMission, 'blobs'> {
  readonly blobs: number;
}

/** What would go or has gone, and how many missions stay for which reason. */
export interface PrunedSizes {
  readonly missions: readonly PrunedSize[];
  readonly kept: PruneChoice['kept'];
}

/** The answers by the request's type. */
export interface PrunerReports {
  readonly plan: PrunedSizes;
  readonly prune: PrunedSizes;
  readonly survey: Survey;
}
