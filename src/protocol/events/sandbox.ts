/**
 * Notes about programs that ran in the sandbox and belong to no effect of a mission. Subjects are
 * `run/<id>`. The start is durable before the program runs; the end before its answer is given.
 */
import { noteEvent } from '../event-type.ts';
import { fields, flag, integer, list, nullable, oneOf, optional, text } from '../shape.ts';
import { commandOutput, enclosureShape, networkAccess } from './effect.ts';
import { blobReference } from './mission.ts';

/** A limit and its value: milliseconds, bytes, instructions or a number. */
const limit = fields({ name: text, value: integer });

const changedFile = fields({
  path: text,
  change: oneOf('added', 'changed', 'deleted'),
  before: nullable(text),
  after: nullable(text),
  content: optional(blobReference),
});

/** All event types of the sandbox. */
export const sandboxEvents = {
  'sandbox.started': noteEvent({
    /** `python`, `javascript`, `typescript` or `command`. */
    kind: text,
    /** The program as it was given, after redaction. */
    source: blobReference,
    files: integer,
    enclosure: enclosureShape,
    limits: list(limit),
    /** Hosts that may be reached; empty for no network. */
    network: list(text),
    deterministic: flag,
    session: optional(text),
  }),
  'sandbox.network-asked': noteEvent(networkAccess),
  'sandbox.tool-called': noteEvent({ tool: text, failed: flag, error: optional(text) }),
  'sandbox.finished': noteEvent({
    status: oneOf('ok', 'error', 'timeout', 'memory', 'output', 'fuel', 'killed', 'failed'),
    exitCode: nullable(integer),
    durationMs: integer,
    cpuMs: nullable(integer),
    peakBytes: nullable(integer),
    fuel: nullable(integer),
    stdout: commandOutput,
    stderr: commandOutput,
    changed: list(changedFile),
    /** The unified diff of what it changed, after redaction. */
    diff: optional(blobReference),
    refused: list(fields({ path: text, reason: text })),
    /** Why the sandbox itself failed. */
    error: optional(text),
  }),
} as const;
