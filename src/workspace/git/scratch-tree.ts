/**
 * Builds the git tree of a change in a place of its own: an index of ours, filled from the base
 * commit, and a folder with the written files only. So neither the user's index nor anything that
 * checks left in the worktree (new files, changed .gitattributes) can enter, while line ends and
 * encodings are converted exactly as `git add` does.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { GitCall, GitResult } from './run-git.ts';
import { gitText, runGit } from './run-git.ts';
import type { Repository } from './open-repository.ts';

/** One file of a change with the bytes that are in the worktree. */
export interface WrittenFile {
  readonly path: string;
  readonly bytes: Uint8Array;
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
      const file = join(scratch.folder, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, bytes, { flag: 'wx' });
    }
    const input = files.map(({ path }) => `${path}\0`).join('');
    await scratch.git(['update-index', '-z', '--stdin'], { input });
    return (await scratch.git(['write-tree'])).stdout.toString().trim();
  });
}

/** The id of the tree of `commit`. */
export const treeOf = (repository: Repository, commit: string): Promise<string> =>
  gitText({ cwd: repository.top, args: ['rev-parse', '--verify', `${commit}^{tree}`] });
