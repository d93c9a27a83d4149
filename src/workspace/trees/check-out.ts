/**
 * Writes the files of a git commit, and edited ones on top of them, into a folder of their own: by
 * git's own machinery, so that modes, links, line ends and filters are as in any checkout. Index,
 * HEAD and refs are not touched, and nothing is ever written over.
 */
import { constants } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, isAbsolute, join, sep } from 'node:path';
import { sha256 } from '#lib/sha256.ts';
import { SkeinError } from '#protocol/errors.ts';
import { readEditFile } from '#workspace/file-edit.ts';
import { WORKTREE_SETTINGS } from '#workspace/git/git-environment.ts';
import type { Repository } from '#workspace/git/open-repository.ts';
import { runGit } from '#workspace/git/run-git.ts';
import { deleteFolder } from '#lib/delete-folder.ts';

const CHECKOUT_TIMEOUT_MS = 600_000;

/** A file that was edited. `baseHash` is the SHA-256 of what the first edit found there. */
export interface EditedFile {
  readonly path: string;
  readonly baseHash: string;
  readonly bytes: Uint8Array;
}

/** What to write, and where: an absolute path that is new, or an empty folder. */
export interface CheckOut {
  /** A commit or a tree. */
  readonly commit: string;
  readonly files: readonly EditedFile[];
  readonly folder: string;
}

/** What was written: `folder` is its real path. */
export interface CheckedOut {
  readonly folder: string;
  /** Edited files that git checks out otherwise than the edit found them: settings have changed. */
  readonly differing: readonly string[];
}

/**
 * Writes it. Throws `usage` or `conflict` for a folder that won't do, `git-failed`; then all that
 * was written is removed again.
 */
export async function checkOut(
  repository: Repository,
  { commit, files, folder }: CheckOut,
): Promise<CheckedOut> {
  const { path, isNew } = await claimFolder(repository, folder);
  try {
    await fillFolder(repository, commit, path);
    const differing: string[] = [];
    for (const file of files) if (!(await writeEdited(path, file))) differing.push(file.path);
    return { folder: path, differing };
  } catch (error) {
    await (isNew ? deleteFolder(path) : emptyFolder(path));
    throw error;
  }
}

async function claimFolder(
  { top, gitDir, commonDir }: Repository,
  folder: string,
): Promise<{ readonly path: string; readonly isNew: boolean }> {
  if (!isAbsolute(folder)) throw unfit(folder, 'it is not an absolute path');
  const found = await stat(folder).catch(() => undefined);
  const path = found === undefined ? await newPath(folder) : await realpath(folder);
  const inside = [top, gitDir, commonDir].some((own) => `${path}${sep}`.startsWith(own + sep));
  if (inside) throw unfit(folder, 'it is inside the repository');
  if (found === undefined) {
    await mkdir(path);
    return { path, isNew: true };
  }
  if (!found.isDirectory()) throw unfit(folder, 'it is a file');
  if ((await readdir(path)).length === 0) return { path, isNew: false };
  throw new SkeinError('conflict', `Cannot write to ${folder}: the folder is not empty`, {
    fix: 'Name a new folder, or an empty one.',
  });
}

async function newPath(folder: string): Promise<string> {
  try {
    return join(await realpath(dirname(folder)), basename(folder));
  } catch (cause) {
    throw unfit(folder, 'the folder above it does not exist', cause);
  }
}

const unfit = (folder: string, state: string, cause?: unknown): SkeinError =>
  new SkeinError('usage', `Cannot write to ${folder}: ${state}`, {
    fix: 'Name a new or an empty folder outside the repository.',
    cause,
  });

async function fillFolder({ gitDir }: Repository, commit: string, folder: string): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'skein-checkout-'));
  try {
    await runGit({
      cwd: folder,
      args: [`--git-dir=${gitDir}`, `--work-tree=${folder}`, 'read-tree', '--reset', '-u', commit],
      settings: WORKTREE_SETTINGS,
      environment: { GIT_INDEX_FILE: join(scratch, 'index') },
      timeoutMs: CHECKOUT_TIMEOUT_MS,
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Replaces the bytes and nothing else; answers whether the file was what the edit had found. */
async function writeEdited(
  folder: string,
  { path, baseHash, bytes }: EditedFile,
): Promise<boolean> {
  const before = await readEditFile(folder, path);
  if (before === null) {
    throw new SkeinError('git-failed', `Cannot write ${path}: git did not check it out`);
  }
  const flags = constants.O_WRONLY | constants.O_TRUNC | constants.O_NOFOLLOW;
  const handle = await open(join(folder, path), flags);
  try {
    await handle.writeFile(bytes);
  } finally {
    await handle.close();
  }
  return sha256(before) === baseHash;
}

async function emptyFolder(folder: string): Promise<void> {
  for (const name of await readdir(folder)) await deleteFolder(join(folder, name));
}
