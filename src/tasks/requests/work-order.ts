/**
 * What the home sends to a worker on another node, and what that hands over. Both come from another
 * machine and are read as such. Contents travel as blobs and git objects; these only name them.
 */
import { SkeinError } from '#protocol/errors.ts';
import { blobReference } from '#protocol/events/mission.ts';
import { digest, fields, gitId, integer, list, oneOf, text, type Of } from '#protocol/shape.ts';

/** The command by which a worker hands over what it did. */
export const HAND_OVER = 'task.hand-over';

/** The method on a link by which a worker says that it is at work. */
export const ALIVE_METHOD = 'work.alive';

/** The skill of agents that edit for missions of other nodes. */
export const EDIT_SKILL = 'edit';

const order = fields({
  format: oneOf('skein-work-1'),
  mission: text,
  task: text,
  ttlMs: integer,
  more: list(text),
  objectFormat: oneOf('sha1', 'sha256'),
  /** The base with what the mission has written in the task's write set. */
  tree: gitId,
  edits: list(
    fields({
      path: text,
      baseHash: digest,
      afterHash: digest,
      after: blobReference,
      changes: integer,
    }),
  ),
});

/** A task for a worker, with its exact edits; the body of a message of kind `dispatch`. */
export type WorkOrder = Of<typeof order>;

const handedOver = fields({
  task: text,
  token: integer,
  tree: gitId,
  files: list(fields({ path: text, before: digest, after: digest })),
  guardrails: list(text),
});

/** What a worker says it did: the tree, each file's hashes, and what its own guardrails looked at. */
export type HandedOver = Of<typeof handedOver>;

/** That a worker is at work on a task, under the lease with this token. */
export const aliveParams = fields({ space: text, task: text, token: integer });

/** Reads an order. Throws `message-invalid`. */
export const readOrder = (json: string): WorkOrder => {
  const found = parse(json);
  const problem = order.problem(found, 'order');
  if (problem === undefined) return found as WorkOrder;
  throw new SkeinError('message-invalid', `Cannot read a work order: ${problem}`);
};

/** Reads what was handed over. Throws `usage`. */
export const readHandedOver = (json: string): HandedOver => {
  const found = parse(json);
  const problem = handedOver.problem(found, 'input');
  if (problem === undefined) return found as HandedOver;
  throw new SkeinError('usage', `Cannot take over: ${problem}`);
};

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new SkeinError('usage', 'Cannot read what another node sent: it is no JSON', { cause });
  }
}
