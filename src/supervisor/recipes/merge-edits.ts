/** Two edits of one file, made one after the other, as one edit. Pure. */
import type { FileEdit } from '#workspace/language/language.ts';

/** `second` was made from what `first` made of `before`; undefined when nothing is left of both. */
export function mergeEdits(
  before: Buffer,
  first: FileEdit,
  second: FileEdit,
): FileEdit | undefined {
  if (second.after.equals(before)) return undefined;
  return {
    ...second,
    baseHash: first.baseHash,
    changes: first.changes + second.changes,
    lines: changedLines(before.toString('utf8'), second.after.toString('utf8')),
  };
}

/**
 * The lines of `before` that are not in `after`, from 1: one by one where both have as many lines,
 * else those between the common start and end that have no equal there; the first one at least.
 */
export function changedLines(before: string, after: string): readonly number[] {
  const [old, now] = [before.split('\n'), after.split('\n')];
  const numbers = old.map((_, index) => index + 1);
  if (old.length === now.length) return numbers.filter((line) => old[line - 1] !== now[line - 1]);
  const start = old.findIndex((line, index) => line !== now[index]);
  const from = start < 0 ? old.length : start;
  let end = 0;
  const most = Math.min(old.length, now.length) - from;
  while (end < most && old.at(-1 - end) === now.at(-1 - end)) end += 1;
  const left = new Set(now.slice(from, now.length - end));
  const changed = numbers
    .slice(from, old.length - end)
    .filter((line) => !left.has(old[line - 1] ?? ''));
  return changed.length > 0 ? changed : [Math.min(from + 1, old.length)];
}
