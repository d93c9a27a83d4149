/**
 * Builds the git tree of a change in a place of its own: an index of ours, filled from the base
 * commit, and a folder with the written files only. So neither the user's index nor anything that
 * checks left in the worktree (new files, changed .gitattributes) can enter, while line ends and
 * encodings are converted exactly as `git add` does.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inParallel } from '#lib/in-parallel.ts';
import { sha256 } from '#lib/sha256.ts';
import { SkeinError } from '#protocol/errors.ts';
import { assertEditPath } from '#workspace/edit-path.ts';
import { readEditFile } from '#workspace/file-edit.ts';
import {
  forgetObjects,
  recallEntries,
  recallIndex,
  rememberIndex,
  rememberTree,
} from '#workspace/trees/known-objects.ts';
import { compareTrees, type TreeEntry } from '#workspace/trees/raw-changes.ts';
import type { GitCall, GitResult } from './run-git.ts';
import { gitText, runGit } from './run-git.ts';
import type { Repository } from './open-repository.ts';

/** One file of a change with the bytes that are in the worktree. */
export interface WrittenFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** What was written in a worktree: each path with the SHA-256 of its bytes, on top of `base`. */
export interface WorktreeChange {
  readonly worktree: string;
  /** A commit or a tree. */
  readonly base: string;
  readonly files: readonly { readonly path: string; readonly afterHash: string }[];
}

/** Where a private index is at work. */
export interface ScratchIndex {
  readonly folder: string;
  readonly git: (args: readonly string[], more?: Partial<GitCall>) => Promise<GitResult>;
}

/** How many files are written or read at a time. */
const FILES_AT_ONCE = 16;

/** Runs `work` with a private index that holds the tree of `commit`; all is removed afterwards. */
export async function withScratchIndex<T>(
  repository: Repository,
  commit: string,
  work: (scratch: ScratchIndex) => Promise<T>,
): Promise<T> {
  const root = await mkdtemp(join(tmpdir(), 'skein-tree-'));
  const [folder, index] = [join(root, 'files'), join(root, 'index')];
  const git: ScratchIndex['git'] = (args, more = {}) =>
    runGit({
      ...more,
      cwd: folder,
      args: [`--git-dir=${repository.gitDir}`, `--work-tree=${folder}`, ...args],
      environment: { GIT_INDEX_FILE: index },
      settings: [
        'core.sparseCheckout=false',
        // modes come from the base tree: an edit changes bytes only
        'core.fileMode=false',
        // objects must be durable before anything says that they exist
        'core.fsync=committed,loose-object',
        ...(more.settings ?? []),
      ],
    });
  try {
    await mkdir(folder);
    const known = recallIndex(repository, commit);
    if (known !== undefined) await writeFile(index, known);
    else {
      await git(['read-tree', commit]);
      rememberIndex(repository, commit, await readFile(index));
    }
    return await work({ folder, git });
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** Writes the objects of a change and returns the id of its tree. Moves no ref. */
export async function writeChangeTree(
  repository: Repository,
  base: string,
  files: readonly WrittenFile[],
): Promise<string> {
  for (const { path } of files) assertEditPath(path);
  const known = recallEntries(repository, base, files);
  if (known === undefined) return writeNewTree(repository, base, files);
  try {
    return await writeKnownTree(repository, base, { files, entries: known });
  } catch {
    // An object that was stored is gone: nothing that is known of this repository counts.
    forgetObjects(repository);
    return writeNewTree(repository, base, files);
  }
}

/** Each file is written to the folder of the private index, where git reads it as in a worktree. */
function writeNewTree(
  repository: Repository,
  base: string,
  files: readonly WrittenFile[],
): Promise<string> {
  return withScratchIndex(repository, base, async ({ folder, git }) => {
    const folders = new Set(files.map(({ path }) => dirname(path)));
    for (const each of folders) await mkdir(join(folder, each), { recursive: true });
    await inParallel(files, FILES_AT_ONCE, ({ path, bytes }) =>
      writeFile(join(folder, path), bytes, { flag: 'wx' }),
    );
    const input = files.map(({ path }) => `${path}\0`).join('');
    await git(['update-index', '-z', '--stdin'], { input });
    return writeTree(git);
  });
}

interface KnownTree {
  readonly files: readonly WrittenFile[];
  readonly entries: readonly TreeEntry[];
}

/** git refuses to write a tree of objects that it does not have. */
function writeKnownTree(
  repository: Repository,
  base: string,
  { files, entries }: KnownTree,
): Promise<string> {
  return withScratchIndex(repository, base, async ({ git }) => {
    const lines = entries.map(({ mode, object }, at) => `${mode} ${object}\t${files[at]?.path}\0`);
    await git(['update-index', '-z', '--index-info'], { input: lines.join('') });
    return writeTree(git);
  });
}

const writeTree = async (git: ScratchIndex['git']): Promise<string> =>
  (await git(['write-tree'])).stdout.toString().trim();

/**
 * Writes the objects of a change as it is in the worktree: `changed` counts the files that differ
 * for git. Throws `edit-conflict` when a file is no longer what was written, `workspace-failed`
 * when git would store something else than exactly these files.
 */
export async function storeChange(
  repository: Repository,
  { worktree, base, files }: WorktreeChange,
): Promise<{ readonly tree: string; readonly changed: number }> {
  if (files.length === 0) return { tree: await treeOf(repository, base), changed: 0 };
  const written: WrittenFile[] = [];
  await inParallel([...files.entries()], FILES_AT_ONCE, async ([at, { path, afterHash }]) => {
    const bytes = await readEditFile(worktree, path);
    if (bytes === null || sha256(bytes) !== afterHash) throw changedSince(path);
    written[at] = { path, bytes };
  });
  const tree = await writeChangeTree(repository, base, written);
  const changes = await compareTrees({ cwd: repository.top, from: base, to: tree });
  rememberTree(repository, base, written, { tree, changes });
  const wanted = new Set(files.map(({ path }) => path));
  const other = changes.find(({ path, status, from, to }) => {
    return status !== 'M' || from.mode !== to.mode || !wanted.has(path);
  });
  if (other === undefined) return { tree, changed: changes.length };
  const { path, status } = other;
  throw new SkeinError('workspace-failed', `Cannot store the change: ${path} is not part of it`, {
    details: { path, status },
  });
}

const changedSince = (path: string): SkeinError =>
  new SkeinError('edit-conflict', `Cannot store ${path}: it changed after the edit`, {
    fix: 'A check may have rewritten it (for example lint --fix); run the check without writing.',
    details: { path },
  });

const treeOf = ({ top }: Repository, base: string): Promise<string> =>
  gitText({ cwd: top, args: ['rev-parse', '--verify', `${base}^{tree}`] });
