/** What a command has changed in a copy of a worktree: edits of allowed files, and all the rest. */
import { sha256 } from '#lib/sha256.ts';
import { SkeinError } from '#protocol/errors.ts';
import { hashFile, MAX_EDIT_BYTES, readEditFile } from '#workspace/file-edit.ts';
import type { FileEdit } from '#workspace/language/language.ts';
import { runGit } from '#workspace/git/run-git.ts';
import { showRawDiff } from '#workspace/git/show-diff.ts';
import { splitAtZero } from '#workspace/git/tracked-files.ts';
import { parseRawChanges, type RawChange } from '#workspace/trees/raw-changes.ts';

const MAX_EDITS = 2_000;
const MAX_OUTSIDE = 200;

/** The new content of one file, ready for the door: which lines changed is the critic's business. */
export type CopyEdit = Omit<FileEdit, 'lines'>;

/** A change that can't be taken; `path` is relative, a new folder ends in `/`. */
export interface OutsideChange {
  readonly path: string;
  readonly what:
    | 'changed'
    | 'new'
    | 'deleted'
    | 'mode'
    | 'type'
    | 'too large'
    | 'also set up'
    | 'written past the copy';
}

/**
 * The copy before the command ran: of each file that differed from the base how it differed, what
 * git did not track, and the hashes of the files that may change.
 */
export interface CopySnapshot {
  readonly changed: ReadonlyMap<string, string>;
  readonly untracked: ReadonlySet<string>;
  readonly hashes: ReadonlyMap<string, string | null>;
}

/** Looks at the copy before the command runs, which may change `paths`. */
export async function snapshotCopy(
  copy: string,
  base: string,
  paths: readonly string[],
): Promise<CopySnapshot> {
  const changed = new Map<string, string>();
  for (const change of await listChanges(copy, base)) {
    changed.set(change.path, await signatureOf(copy, change));
  }
  const hashes = new Map<string, string | null>();
  for (const path of paths) hashes.set(path, await hashFile(copy, path).catch(() => null));
  return { changed, untracked: new Set(await listUntracked(copy)), hashes };
}

/** What to compare: the copy with the worktree that it is a copy of. */
export interface CopyComparison {
  readonly copy: string;
  readonly base: string;
  readonly worktree: string;
  /** Files whose contents were brought from the worktree. */
  readonly written: readonly string[];
  /** Files that may change. */
  readonly paths: readonly string[];
  readonly before: CopySnapshot;
}

/** The edits by path, and what can't be taken. Throws `limit-reached` for more than 2,000 edits. */
export async function compareCopy(comparison: CopyComparison): Promise<{
  readonly edits: readonly CopyEdit[];
  readonly outside: readonly OutsideChange[];
}> {
  const { copy, base, before } = comparison;
  const after = new Map((await listChanges(copy, base)).map((change) => [change.path, change]));
  const edits: CopyEdit[] = [];
  const outside: OutsideChange[] = [];
  for (const path of [...new Set([...before.changed.keys(), ...after.keys()])].sort()) {
    const found = await judge(comparison, path, after.get(path));
    if (found === undefined) continue;
    if ('what' in found) outside.push(found);
    else edits.push(found);
  }
  for (const path of await listUntracked(copy)) {
    if (!before.untracked.has(path)) outside.push({ path, what: 'new' });
  }
  if (edits.length > MAX_EDITS) {
    const message = `Cannot take ${edits.length} changed files of a command: ${MAX_EDITS} is the limit`;
    throw new SkeinError('limit-reached', message, { fix: 'Let the command change fewer files.' });
  }
  return { edits, outside: outside.slice(0, MAX_OUTSIDE) };
}

/** An edit, a change that can't be taken, or undefined when the command left the file alone. */
async function judge(
  { copy, worktree, written, paths, before }: CopyComparison,
  path: string,
  change: RawChange | undefined,
): Promise<CopyEdit | OutsideChange | undefined> {
  const signature = change && (await signatureOf(copy, change));
  if (signature === before.changed.get(path)) return undefined;
  const what = change === undefined ? 'changed' : kindOf(change);
  if (what !== 'changed' || !paths.includes(path)) return { path, what };
  // what the set-up makes of a file is in no worktree: the edit would bring that along
  if (before.changed.has(path) && !written.includes(path)) return { path, what: 'also set up' };
  const own = await readEditFile(worktree, path);
  const after = await readEditFile(copy, path);
  if (own === null || after === null) return { path, what: 'deleted' };
  if (after.byteLength > MAX_EDIT_BYTES) return { path, what: 'too large' };
  const baseHash = sha256(own);
  // The copy was of what the worktree had: who has changed that meanwhile went past the door.
  if (baseHash !== before.hashes.get(path)) return { path, what: 'written past the copy' };
  return {
    path,
    baseHash,
    afterHash: sha256(after),
    after,
    changes: countChanges(own, after),
  };
}

const WHAT: Readonly<Record<string, OutsideChange['what']>> = {
  A: 'new',
  D: 'deleted',
  T: 'type',
};

const kindOf = ({ status, from, to }: RawChange): OutsideChange['what'] =>
  WHAT[status] ?? (from.mode === to.mode ? 'changed' : 'mode');

/** Differs whenever the file does; of what is no plain file only its kind counts. */
async function signatureOf(copy: string, change: RawChange): Promise<string> {
  const { path, status, to } = change;
  const hash = kindOf(change) === 'changed' ? await hashFile(copy, path) : null;
  return `${status} ${to.mode} ${hash}`;
}

const listChanges = async (copy: string, base: string): Promise<readonly RawChange[]> =>
  parseRawChanges(await showRawDiff({ cwd: copy, base }));

/** Files that git neither tracks nor ignores; a folder of nothing else is one entry. */
async function listUntracked(copy: string): Promise<readonly string[]> {
  const args = ['ls-files', '--others', '--exclude-standard', '--directory', '-z'];
  const { stdout } = await runGit({ cwd: copy, args });
  return splitAtZero(stdout).map((name) => name.toString('utf8'));
}

/** The runs of lines that differ; 1 where lines came or went. */
function countChanges(before: Buffer, after: Buffer): number {
  const [old, now] = [before, after].map((bytes) => bytes.toString('latin1').split('\n'));
  if (old === undefined || now === undefined || old.length !== now.length) return 1;
  const differs = (line: number): boolean => old[line] !== now[line];
  return old.filter((_, line) => differs(line) && (line === 0 || !differs(line - 1))).length;
}
