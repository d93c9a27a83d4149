/**
 * Events of effects, three of each kind: `.intended` is durable before the effect and holds all
 * that is needed to do or to recognise it; `.done` or `.failed` is durable before anyone builds
 * on it. `effect` is the idempotency key, the same at every attempt.
 */
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
import { blobReference } from './mission.ts';

const failed = homeEvent('effect', { effect: text, reason: text });

/** The kinds of effects; each has the three event types `<kind>.intended`, `.done`, `.failed`. */
export const EFFECT_KINDS = [
  'worktree',
  'setup',
  'check',
  'edit',
  'command',
  'task-tree',
  'git-commit',
  'branch',
  'merge',
  'cleanup',
] as const;

/** A kind of effect. */
export type EffectKind = (typeof EFFECT_KINDS)[number];

/** Output of a command: its last bytes as text when short, else as a blob. */
export const commandOutput = fields({
  text: optional(text),
  blob: optional(blobReference),
  totalBytes: integer,
});

/** What holds a program: tier, mechanism and strength, and the walls by name. */
export const enclosureShape = fields({
  tier: oneOf('T0', 'T1', 'T1+', 'T2', 'T3'),
  mechanism: text,
  strength: oneOf('runtime', 'kernel', 'double', 'machine'),
  walls: list(text),
  /** `deno 2.9.5`. */
  versions: list(text),
});

/** A request through the proxy of a program: never a header, a body or a query. */
export const networkAccess = {
  method: text,
  host: text,
  port: integer,
  path: text,
  address: nullable(text),
  verdict: oneOf('allowed', 'refused', 'failed'),
  reason: optional(text),
  status: optional(integer),
  bytesIn: integer,
  bytesOut: integer,
} as const;

const commandFields = {
  effect: text,
  exitCode: nullable(integer),
  signal: nullable(text),
  timedOut: flag,
  durationMs: integer,
  output: commandOutput,
  /** What held it; without it the program ran as the person. */
  enclosure: optional(enclosureShape),
  cpuMs: optional(integer),
  peakBytes: optional(integer),
  /** What it asked of the network, the first 200. */
  network: optional(list(fields(networkAccess))),
} as const;

const commandDone = homeEvent('effect', commandFields);

const person = fields({ name: text, email: text });

/** All event types of effects. Subjects name what is touched: `file/<path>`, `check/<name>`. */
export const effectEvents = {
  'worktree.intended': homeEvent('effect', { effect: text, commit: gitId }),
  'worktree.done': homeEvent('effect', { effect: text, files: integer }),
  'worktree.failed': failed,
  'setup.intended': homeEvent('effect', { effect: text, command: text }),
  'setup.done': commandDone,
  'setup.failed': failed,
  'check.intended': homeEvent('effect', {
    effect: text,
    name: text,
    command: text,
    phase: oneOf('base', 'change'),
    timeoutMs: integer,
  }),
  'check.done': commandDone,
  'check.failed': failed,
  'command.intended': homeEvent('effect', {
    effect: text,
    task: text,
    name: text,
    command: text,
    timeoutMs: integer,
  }),
  /** `edits` is the blob of what it changed on its copy; nothing is in the worktree yet. */
  'command.done': homeEvent('effect', { ...commandFields, edits: optional(blobReference) }),
  'command.failed': failed,
  'edit.intended': homeEvent('effect', {
    effect: text,
    lease: text,
    token: integer,
    path: text,
    baseHash: digest,
    afterHash: digest,
    after: blobReference,
    changes: integer,
    guardrails: list(text),
  }),
  'edit.done': homeEvent('effect', { effect: text, afterHash: digest }),
  'edit.failed': failed,
  /** What a task leaves, in git before the task may be called done. */
  'task-tree.intended': homeEvent('effect', { effect: text, task: text, tree: gitId, ref: text }),
  'task-tree.done': homeEvent('effect', { effect: text }),
  'task-tree.failed': failed,
  'git-commit.intended': homeEvent('effect', {
    effect: text,
    tree: gitId,
    parent: gitId,
    message: text,
    author: person,
    committer: person,
    date: fields({ seconds: integer, offset: text }),
    gitCommit: gitId,
  }),
  'git-commit.done': homeEvent('effect', { effect: text, gitCommit: gitId }),
  'git-commit.failed': failed,
  'branch.intended': homeEvent('effect', {
    effect: text,
    ref: text,
    from: nullable(gitId),
    to: gitId,
  }),
  'branch.done': homeEvent('effect', { effect: text }),
  'branch.failed': failed,
  'merge.intended': homeEvent('effect', { effect: text, ref: text, from: gitId, to: gitId }),
  'merge.done': homeEvent('effect', { effect: text }),
  'merge.failed': failed,
  'cleanup.intended': homeEvent('effect', { effect: text }),
  'cleanup.done': homeEvent('effect', { effect: text }),
  'cleanup.failed': failed,
} as const;
