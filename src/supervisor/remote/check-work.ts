/**
 * What the home looks at before it takes over what a worker elsewhere did. Nothing of what the worker
 * says is believed: the tree is compared with the one that it was given, and each file with the plan.
 */
import { sha256 } from '#lib/sha256.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { HandedOver } from '#tasks/requests/work-order.ts';
import type { ProposedEdit } from '#workspace/apply-edit.ts';
import type { RawChange } from '#workspace/trees/raw-changes.ts';

/** What came, and what was wanted: `contents` are the files of the edits as they are in its tree. */
export interface Work {
  readonly said: HandedOver;
  readonly writeSet: readonly string[];
  readonly edits: readonly ProposedEdit[];
  readonly changes: readonly RawChange[];
  readonly contents: ReadonlyMap<string, Buffer>;
}

/** Answers what is wrong with it, one line each; nothing when it is as planned. */
export type CheckWork = (work: Work) => readonly string[];

/** The checks of a node. */
export const checkWork: CheckWork = ({ said, writeSet, edits, changes, contents }) => {
  const allowed = new Set(writeSet);
  const stated = new Map(said.files.map((file) => [file.path, file]));
  const outside = changes.flatMap(({ path, status, from, to }) => {
    if (!allowed.has(path)) return [`${path}: it is outside the write set of the task`];
    if (status !== 'M' || from.mode !== to.mode) return [`${path}: more than its content changed`];
    return stated.has(path) ? [] : [`${path}: it changed, and nothing was said of it`];
  });
  const wrong = edits.flatMap(({ path, baseHash, afterHash }) => {
    const file = stated.get(path);
    if (file?.before !== baseHash || file.after !== afterHash) {
      return [`${path}: what is said of it is not what was planned`];
    }
    const bytes = contents.get(path);
    const is = bytes === undefined ? undefined : sha256(bytes);
    return is === afterHash ? [] : [`${path}: its content is not what was planned`];
  });
  const planned = new Set(edits.map(({ path }) => path));
  const more = changes.filter(({ path }) => allowed.has(path) && !planned.has(path));
  return [...outside, ...wrong, ...more.map(({ path }) => `${path}: the plan does not change it`)];
};

/** Throws `evidence-missing`, naming the first few. */
export function assertWork(check: CheckWork, work: Work): void {
  const problems = check(work);
  if (problems.length === 0) return;
  const lines = problems.slice(0, 10).map((line) => `  ${line}`);
  throw new SkeinError('evidence-missing', `Cannot take over: ${lines.join('\n').trim()}`, {
    details: { places: problems.slice(0, 20) },
  });
}
