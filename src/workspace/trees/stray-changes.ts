/**
 * What differs in a worktree although no edit explains it: files that a check or a command wrote,
 * and files that are no longer what their edit made of them. Only what git tracks counts: new
 * files, ignored or not, never enter a tree that Skein makes.
 */
import { inParallel } from '#lib/in-parallel.ts';
import { toSkeinError } from '#protocol/errors.ts';
import { hashFile } from '#workspace/file-edit.ts';
import { showRawDiff } from '#workspace/git/show-diff.ts';
import { parseRawChanges, type RawChange } from './raw-changes.ts';

/** A worktree and what was written in it: the SHA-256 that each edited file must have. */
export interface ExplainedWorktree {
  readonly worktree: string;
  /** The commit that the worktree was made from. */
  readonly base: string;
  readonly explained: readonly { readonly path: string; readonly afterHash: string }[];
}

/** `added` is a file that is in the index and not in the base; `type` is no regular file any more. */
export interface StrayChange {
  readonly path: string;
  readonly what: 'changed' | 'added' | 'deleted' | 'mode' | 'type';
}

const MAX_NAMED = 200;
const READS_AT_ONCE = 16;
const WHAT: Readonly<Record<string, StrayChange['what']>> = { A: 'added', D: 'deleted', T: 'type' };

/** All strays counted, the first 200 named by path. With two edits of a path the last one counts. */
export async function findStray({
  worktree,
  base,
  explained,
}: ExplainedWorktree): Promise<{ readonly count: number; readonly files: readonly StrayChange[] }> {
  const wanted = new Map(explained.map(({ path, afterHash }) => [path, afterHash]));
  const strays = new Map<string, StrayChange>();
  for (const change of parseRawChanges(await showRawDiff({ cwd: worktree, base }))) {
    const { path } = change;
    const what = kindOf(change);
    // the bytes of an explained file are looked at below; nothing explains another kind of change
    if (what !== 'changed' || !wanted.has(path)) strays.set(path, { path, what });
  }
  await inParallel([...wanted], READS_AT_ONCE, async ([path, afterHash]) => {
    if (strays.has(path)) return;
    const what = await compareFile(worktree, path, afterHash);
    if (what !== null) strays.set(path, { path, what });
  });
  const files = [...strays.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  return { count: files.length, files: files.slice(0, MAX_NAMED) };
}

const kindOf = ({ status, from, to }: RawChange): StrayChange['what'] =>
  WHAT[status] ?? (from.mode === to.mode ? 'changed' : 'mode');

async function compareFile(
  worktree: string,
  path: string,
  afterHash: string,
): Promise<StrayChange['what'] | null> {
  try {
    const hash = await hashFile(worktree, path);
    if (hash === null) return 'deleted';
    return hash === afterHash ? null : 'changed';
  } catch (thrown) {
    // a symlink, or a folder that became one
    if (toSkeinError(thrown).name === 'path-refused') return 'type';
    throw thrown;
  }
}
