/** Events of a mission (an approved request) and of its plan. */
import { homeEvent } from '../event-type.ts';
import { digest, fields, flag, gitId, integer, list, nullable, optional, text } from '../shape.ts';

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
});

/** One task of a plan: who does it, what it may write. */
export const plannedTask = fields({
  id: text,
  title: text,
  role: text,
  writeSet: list(text),
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

/** Types whose subject is `mission/<id>`. */
export const missionEvents = {
  'mission.submitted': homeEvent('mission', {
    goal: text,
    recipe: text,
    base: gitId,
    branch: nullable(text),
    options: missionOptions,
  }),
  'mission.planned': homeEvent('mission', { plan: text, hash: digest }),
  'mission.approved': homeEvent('mission', { hash: digest, from: text }),
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
  }),
} as const;
