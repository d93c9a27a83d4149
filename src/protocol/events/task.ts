/** Events of a task (a ticket), of the lease that guards its paths, and verdicts on its work. */
import { homeEvent, noteEvent } from '../event-type.ts';
import { fields, gitId, integer, list, nullable, oneOf, optional, text } from '../shape.ts';
import { blobReference, TASK_KINDS } from './mission.ts';

/** What proves a task: a check that Skein ran itself, before and after the change. */
export const checkEvidence = fields({
  name: text,
  exitCode: nullable(integer),
  comparison: text,
});

/** Types whose subject is `task/<id>`. */
export const taskEvents = {
  'task.created': homeEvent('task', {
    plan: text,
    title: text,
    role: text,
    writeSet: list(text),
    kind: optional(oneOf(...TASK_KINDS)),
    /** Attempts before it, of the same task in the mission that this one was forked from. */
    attempt: optional(integer),
  }),
  'task.claimed': homeEvent('task', { agent: text, lease: text, attempt: integer }),
  /** Ready again; `patch` is the blob of what was edited so far, which stays where it is. */
  'task.released': homeEvent('task', { reason: text, patch: optional(blobReference) }),
  /** `ref` keeps the git tree from being collected; `inherits` is the event that proved it before a fork. */
  'task.done': homeEvent('task', {
    gitTree: gitId,
    checks: list(checkEvidence),
    ref: optional(text),
    inherits: optional(text),
  }),
  'task.failed': homeEvent('task', { reason: text }),
  /** A changed plan does without it. */
  'task.dropped': homeEvent('task', { reason: text }),
} as const;

/**
 * Types whose subject is `lease/<id>`. `token` is the fencing number that every write shows;
 * `ttlMs` counts from when the home granted it, on the home's monotonic clock.
 */
export const leaseEvents = {
  'lease.granted': homeEvent('lease', {
    task: text,
    holder: text,
    paths: list(text),
    token: integer,
    epoch: integer,
    ttlMs: integer,
  }),
  /** One more path on the way. */
  'lease.extended': homeEvent('lease', { path: text, why: text }),
  'lease.released': homeEvent('lease', { reason: text }),
  /** Its holder gave no sign of life for `ttlMs`; written by the home's monotonic timer. */
  'lease.expired': homeEvent('lease', { ttlMs: integer }),
} as const;

/** Verdicts of guardrails, and what was done to make the workspace a working project. */
export const noteEvents = {
  'guardrail.passed': noteEvent({ guardrail: text, detail: text }),
  'guardrail.refused': noteEvent({
    guardrail: text,
    reason: text,
    places: list(text),
  }),
  'workspace.linked': noteEvent({
    folders: list(text),
    linked: integer,
    copied: integer,
    skipped: list(text),
    detail: optional(blobReference),
  }),
} as const;
