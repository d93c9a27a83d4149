/**
 * Builds the git tree of a change in a place of its own: an index of ours, filled from the base
 * commit, and a folder with the written files only. So neither the user's index nor anything that
 * checks left in the worktree (new files, changed .gitattributes) can enter, while line ends and
 * encodings are converted exactly as `git add` does.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { sha256 } from '#lib/sha256.ts';
import { SkeinError } from '#protocol/errors.ts';
import { assertEditPath } from '#workspace/edit-path.ts';
import { readEditFile } from '#workspace/file-edit.ts';
import { compareTrees } from '#workspace/trees/raw-changes.ts';
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

/** Runs `work` with a private index that holds the tree of `commit`; all is removed afterwards. */
export async function withScratchIndex<T>(
  repository: Repository,
  commit: string,
  work: (scratch: ScratchIndex) => Promise<T>,
): Promise<T> {
  const root = mkdtempSync(join(tmpdir(), 'skein-tree-'));
  const folder = join(root, 'files');
  mkdirSync(folder);
  const git: ScratchIndex['git'] = (args, more = {}) =>
    runGit({
      ...more,
      cwd: folder,
      args: [`--git-dir=${repository.gitDir}`, `--work-tree=${folder}`, ...args],
      environment: { GIT_INDEX_FILE: join(root, 'index') },
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
    await git(['read-tree', commit]);
    return await work({ folder, git });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** Writes the objects of a change and returns the id of its tree. Moves no ref. */
export function writeChangeTree(
  repository: Repository,
  base: string,
  files: readonly WrittenFile[],
): Promise<string> {
  return withScratchIndex(repository, base, async (scratch) => {
    for (const { path, bytes } of files) {
      assertEditPath(path);
      const file = join(scratch.folder, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, bytes, { flag: 'wx' });
    }
    const input = files.map(({ path }) => `${path}\0`).join('');
    await scratch.git(['update-index', '-z', '--stdin'], { input });
    return (await scratch.git(['write-tree'])).stdout.toString().trim();
  });
}

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
  for (const { path, afterHash } of files) {
    const bytes = await readEditFile(worktree, path);
    if (bytes === null || sha256(bytes) !== afterHash) throw changedSince(path);
    written.push({ path, bytes });
  }
  const tree = await writeChangeTree(repository, base, written);
  const changes = await compareTrees({ cwd: repository.top, from: base, to: tree });
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
