/** Events of a mission (an approved request) and of its plan. */
import { homeEvent } from '../event-type.ts';
import {
  digest,
  fields,
  flag,
  gitId,
  integer,
  list,
  nullable,
  oneOf,
  optional,
  text,
} from '../shape.ts';

/** A blob by content hash, with its size in bytes. */
export const blobReference = fields({ hash: digest, bytes: integer });

/** A check as planned: its name and the shell command it runs. */
export const plannedCheck = fields({ name: text, command: text });

/** What a person asked for besides the goal. */
export const missionOptions = fields({
  checks: list(text),
  merge: flag,
  hooks: flag,
  keepExports: flag,
  /** How many tasks may be at work at once; absent = as many as the node thinks good. */
  jobs: optional(integer),
});

/** What a task is about; each kind is done by agents of one role. */
export const TASK_KINDS = [
  'base-checks',
  'edit',
  'command',
  'review',
  'prove',
  'diagnose',
] as const;

/** A kind of task. */
export type TaskKind = (typeof TASK_KINDS)[number];

/**
 * One task of a plan: who does it, what it may write. `after` are the tasks that must be done
 * first; `changeSet` names tasks that are one change, whose types are judged together; `expects`
 * says in words what will be different afterwards; `checks` are names of the plan's checks.
 * All but the first four are absent in plans of before there were several tasks.
 */
export const plannedTask = fields({
  id: text,
  title: text,
  role: text,
  writeSet: list(text),
  kind: optional(oneOf(...TASK_KINDS)),
  after: optional(list(text)),
  changeSet: optional(text),
  expects: optional(text),
  checks: optional(list(text)),
});

/**
 * What a plan costs before it runs. `money` in millionths of a US dollar (0 = no model is asked);
 * `timeMs` is measured from this repository's earlier missions, null when there are none.
 */
export const price = fields({
  files: integer,
  changes: integer,
  money: integer,
  timeMs: nullable(integer),
});

/** The plan of a fork, and the one that it is the same as but for the ids of its tasks. */
const inheritedPlan = fields({
  plan: text,
  hash: digest,
  inherits: text,
  inheritedHash: digest,
});

/** A task of a fork that was done by then: what it is the same as, and the event that proved it. */
const inheritedTask = fields({ task: text, inherits: text, event: text, gitTree: gitId });

/** Types whose subject is `mission/<id>`. */
export const missionEvents = {
  'mission.submitted': homeEvent('mission', {
    goal: text,
    recipe: text,
    base: gitId,
    branch: nullable(text),
    options: missionOptions,
  }),
  /**
   * A mission that goes on from an event (`at`) of another one (`from`), by reference. `plan` null:
   * it is planned anew. `approval` is the answer to that plan, when it still counts. `edits` is the
   * blob of what the done tasks had written, `layOut` the task that writes it again. `answers` are
   * outcomes that count here under another key. `budget` in millionths of a US dollar.
   */
  'mission.forked': homeEvent('mission', {
    from: text,
    at: text,
    goal: text,
    recipe: text,
    base: gitId,
    branch: nullable(text),
    options: missionOptions,
    budget: integer,
    plan: nullable(inheritedPlan),
    approval: nullable(fields({ event: text, from: text })),
    done: list(inheritedTask),
    edits: nullable(blobReference),
    layOut: nullable(text),
    answers: list(fields({ effect: text, from: text })),
  }),
  'mission.planned': homeEvent('mission', { plan: text, hash: digest }),
  'mission.approved': homeEvent('mission', { hash: digest, from: text }),
  /** A changed plan that needs no new answer: it costs no more and writes nowhere else. */
  'mission.replanned': homeEvent('mission', { plan: text, hash: digest, reason: text }),
  'mission.rejected': homeEvent('mission', { hash: digest, reason: text }),
  'mission.interrupted': homeEvent('mission', { reason: text }),
  'mission.resumed': homeEvent('mission', { epoch: integer }),
  'mission.cancelled': homeEvent('mission', { reason: text, worktreeKept: flag }),
  'mission.done': homeEvent('mission', {
    gitCommit: gitId,
    branch: text,
    merged: flag,
    durationMs: integer,
  }),
  'mission.failed': homeEvent('mission', {
    error: text,
    code: integer,
    message: text,
    fix: optional(text),
    worktreeKept: flag,
  }),
} as const;

/** Types whose subject is `plan/<id>`. `contents` is the blob of the edits that were approved. */
export const planEvents = {
  'plan.proposed': homeEvent('plan', {
    hash: digest,
    base: gitId,
    engine: text,
    isolation: text,
    summary: text,
    tasks: list(plannedTask),
    checks: list(plannedCheck),
    price,
    contents: blobReference,
    listed: integer,
    warnings: list(text),
    /** The plan that this one changes, and why. */
    supersedes: optional(text),
    reason: optional(text),
  }),
} as const;
