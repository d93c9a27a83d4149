/**
 * Which paths may be written. A path names a file below the worktree and must mean the same file
 * on every system git runs on; so spellings that some file system takes for `.git` are refused too
 * (the list is that of git's own verify_path: case, 8.3 names, streams, ignored characters).
 */
import { lstatSync, realpathSync, type Stats } from 'node:fs';
import { join, sep } from 'node:path';
import { SkeinError } from '#protocol/errors.ts';

const MAX_PATH_BYTES = 4096;
const MAX_NAME_BYTES = 255;

// what HFS+ leaves out when it compares names: zero width and direction marks
const IGNORED_BY_HFS = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/gu;
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f]/u;

/** Why `path` may not be written, or null when its spelling is fine. Looks at no disk. */
export function pathProblem(path: string): string | null {
  if (path === '') return 'it is empty';
  if (!path.isWellFormed() || path.includes('\ufffd')) return 'its name is not valid UTF-8';
  if (CONTROL.test(path)) return 'its name has control characters';
  if (path.includes('\\')) return 'its name has a backslash';
  if (path.startsWith('/') || /^[A-Za-z]:/u.test(path)) return 'it is absolute';
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) return 'it is too long';
  for (const name of path.split('/')) {
    const problem = nameProblem(name);
    if (problem !== null) return problem;
  }
  return null;
}

function nameProblem(name: string): string | null {
  if (name === '') return 'it has an empty part';
  if (name === '.' || name === '..') return `it has the part ${name}`;
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) return 'a part of it is too long';
  if (isGitFolderName(name)) return 'it is inside a .git folder';
  return null;
}

/** Whether some file system takes `name` for `.git`. */
export function isGitFolderName(name: string): boolean {
  const plain = name.replaceAll(IGNORED_BY_HFS, '').toLowerCase();
  // NTFS: a stream after the colon, and dots and spaces at the end, don't count
  const base = (plain.split(':')[0] ?? '').replace(/[. ]+$/u, '');
  return base === '.git' || base === 'git~1';
}

/** Throws `path-refused` unless the spelling of `path` may be written. */
export function assertEditPath(path: string): void {
  const problem = pathProblem(path);
  if (problem !== null) throw refusedPath(path, problem);
}

/** The error for a path that is not written. */
export const refusedPath = (path: string, state: string, cause?: unknown): SkeinError =>
  new SkeinError('path-refused', `Cannot edit ${JSON.stringify(path)}: ${state}`, {
    details: { path, reason: state },
    cause,
  });

/** A file that was found safely: its absolute path, the folder it is in, what lstat said. */
export interface FoundFile {
  readonly path: string;
  readonly folder: string;
  readonly stats: Stats;
}

/**
 * Finds the regular file `path` below `root`, looking at each folder on the way: none may be a
 * symlink. Returns null when it is missing; throws `path-refused` for everything else.
 */
export function findFile(root: string, path: string): FoundFile | null {
  assertEditPath(path);
  const names = path.split('/');
  let folder = realpathSync.native(root);
  for (const name of names.slice(0, -1)) {
    folder = join(folder, name);
    const stats = lstatSync(folder, { throwIfNoEntry: false });
    if (stats === undefined) return null;
    if (stats.isSymbolicLink()) throw refusedPath(path, 'a folder above it is a symlink');
    if (!stats.isDirectory()) return null;
  }
  const file = folder + sep + (names.at(-1) ?? '');
  const stats = lstatSync(file, { throwIfNoEntry: false });
  if (stats === undefined) return null;
  if (stats.isSymbolicLink()) throw refusedPath(path, 'it is a symlink');
  if (!stats.isFile()) throw refusedPath(path, 'it is not a regular file');
  return { path: file, folder, stats };
}
