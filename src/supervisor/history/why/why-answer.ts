/** Why a line is as it is: what `skein why` answers. Plain data. */
import type { PrunedNote } from '#ledger/prune/pruned-mission.ts';
import type { Authority, EventEnvelope } from '#protocol/event.ts';
import type { CommitFacts } from '#workspace/blame/commit-facts.ts';
import type { MissionStatus } from '../../mission-reducer.ts';
import type { CheckFact, PriceFacts } from '../mission-facts.ts';

/**
 * Who made a line. `mission`: an edit of a mission that this home has on record; `elsewhere`: the git
 * commit names a mission that is not on record here; `by-hand`: no mission; `before-skein`: no
 * mission had been there yet; `uncommitted`: it is only on the disk; `unknown`: the clone is shallow,
 * and the line may be older than what is here.
 */
export type MadeBy =
  | 'mission'
  | 'elsewhere'
  | 'by-hand'
  | 'before-skein'
  | 'uncommitted'
  | 'unknown';

/** The line that was asked for, and where it comes from, the last change first. */
export interface WhyAnswer {
  /** The top of the repository. */
  readonly repository: string;
  readonly path: string;
  readonly line: number;
  readonly text: string;
  /** The git commit that was asked about; null = the files as they are on the disk. */
  readonly at: string | null;
  readonly origins: readonly LineOrigin[];
  /** Another line stood there before the last of `origins`: it was not asked for, or is one too many. */
  readonly hasEarlier: boolean;
}

/** One change that made the line, or the line that it replaced. */
export interface LineOrigin {
  readonly by: MadeBy;
  /** The line in the git commit that made it. */
  readonly path: string;
  readonly line: number;
  readonly text: string;
  readonly git: CommitFacts | null;
  /** Its text stood elsewhere before: the next origin tells where. */
  readonly moved: boolean;
  /** It is the most similar of the lines that were replaced, not the only one that could be meant. */
  readonly likely: boolean;
  readonly mission: MissionWhy | null;
  /** What is not certain, or not here, in whole sentences. */
  readonly notes: readonly string[];
}

/**
 * What ties a line to a mission. `recorded`: the record names this very git commit; `same-text`: the
 * git commit was made anew, the line is what the edit wrote; `claimed`: only its message says so.
 */
export type Certainty = 'recorded' | 'same-text' | 'claimed';

/** The mission that made a line. */
export interface MissionWhy {
  readonly id: string;
  readonly space: string;
  readonly goal: string;
  readonly status: MissionStatus;
  readonly submittedAt: string;
  readonly certainty: Certainty;
  /** The git commit that the record names, null when it made none. */
  readonly gitCommit: string | null;
  readonly resultBranch: string | null;
  /** The branch that was fast-forwarded to it by --merge. */
  readonly mergedInto: string | null;
  /** The edit that made the line first, then those that made the lines it replaced in this mission. */
  readonly edits: readonly LineEdit[];
  readonly plan: PlanFacts | null;
  /** Approvals and changed plans up to the edit, as they are on the record. */
  readonly decisions: readonly EventEnvelope[];
  /** Discoveries, messages, refusals and diagnoses about the file, up to the edit. */
  readonly reasons: readonly EventEnvelope[];
  readonly proof: Proof;
  readonly price: PriceFacts;
  /** How many of its events can't be read any more, and when they were last pruned. */
  readonly unreadable: number;
  readonly pruned: PrunedNote | null;
  /** The mission that this one was forked from, when the edit only laid out again what that one wrote. */
  readonly original: MissionWhy | null;
}

/** An edit of a file. `null` where the record does not hold it any more. */
export interface LineEdit {
  /** The event that announced it. */
  readonly event: string;
  readonly time: string | null;
  readonly actor: string | null;
  readonly authority: Authority | null;
  readonly task: { readonly id: string; readonly title: string; readonly role: string } | null;
  /** The command of the plan that made the change, null when it was worked out beforehand. */
  readonly command: string | null;
  readonly path: string;
  /** Where the changed lines begin in the file as the edit left it. */
  readonly startLine: number | null;
  readonly before: readonly string[] | null;
  readonly after: readonly string[] | null;
}

/** The plan that allowed the edit. */
export interface PlanFacts {
  readonly id: string;
  readonly hash: string;
  readonly summary: string;
  /** What it changed, and why; null for a first plan. */
  readonly supersedes: string | null;
  readonly reason: string | null;
}

/** What speaks for the change that the edit is part of. */
export interface Proof {
  /** Judged the edit before it was written. */
  readonly guardrails: readonly string[];
  /** Judged the whole change. */
  readonly wholeChange: readonly string[];
  /** What the critic found, null when there was none. */
  readonly review: string | null;
  readonly checks: readonly CheckFact[];
}
