/**
 * The only writer of files in a worktree. An edit replaces the bytes of one existing file, and only
 * if they are those the edit was made from. The new bytes are on the disk before the name points to
 * them, so a crash leaves the old file or the new one, and `probeFileEdit` says which.
 */
import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { lstat, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '#lib/sha256.ts';
import { SkeinError } from '#protocol/errors.ts';
import { findFile, refusedPath, type FoundFile } from './edit-path.ts';
import type { EffectState } from './workspace.ts';

/** The largest file that is edited, before and after. */
export const MAX_EDIT_BYTES = 2 * 1024 * 1024;

/** Up to this many bytes a file is read at once. */
const SMALL_BYTES = 64 * 1024;

/** What is needed to recognise an edit; hashes are SHA-256 in hexadecimal of the whole file. */
export interface FileEditTarget {
  /** The worktree. */
  readonly root: string;
  /** Relative to `root`, with `/`. */
  readonly path: string;
  readonly baseHash: string;
  readonly afterHash: string;
}

/** What is needed to do an edit. */
export interface FileEditWork extends FileEditTarget {
  readonly after: Uint8Array;
}

/**
 * Writes one edit and returns when it is durable. Keeps the file's mode. Throws `path-refused`
 * (symlink, `.git`, read-only, too large ...), or `edit-conflict` when the file is not at
 * `baseHash` or `after` is not what `afterHash` says.
 */
export async function writeFileEdit(edit: FileEditWork): Promise<void> {
  const file = findFile(edit.root, edit.path);
  if (file === null) throw conflict(edit, null);
  if ((file.stats.mode & 0o200) === 0) throw refusedPath(edit.path, 'it is read-only');
  if (Math.max(file.stats.size, edit.after.byteLength) > MAX_EDIT_BYTES) {
    throw refusedPath(edit.path, `it is larger than ${MAX_EDIT_BYTES} bytes`);
  }
  if (sha256(edit.after) !== edit.afterHash) {
    throw new SkeinError(
      'edit-conflict',
      `Cannot edit ${edit.path}: its new content is not the one that was announced`,
      { details: { path: edit.path, afterHash: edit.afterHash } },
    );
  }
  const actual = sha256(await readWithoutLinks(file));
  if (actual !== edit.baseHash) throw conflict(edit, actual);
  await replaceFile(edit, file);
}

/** Whether an edit is on the disk: 'unknown' when the file is neither its base nor its result. */
export async function probeFileEdit(edit: FileEditTarget): Promise<EffectState> {
  const actual = await hashFile(edit.root, edit.path).catch(() => null);
  if (actual === edit.afterHash) return 'done';
  return actual === edit.baseHash ? 'not-done' : 'unknown';
}

/** SHA-256 of the file `path` below `root`, null when missing; throws `path-refused` as above. */
export async function hashFile(root: string, path: string): Promise<string | null> {
  const bytes = await readEditFile(root, path);
  return bytes === null ? null : sha256(bytes);
}

/** The bytes of the file `path` below `root`, null when missing; never through a symlink. */
export async function readEditFile(root: string, path: string): Promise<Buffer | null> {
  const file = findFile(root, path);
  return file === null ? null : readWithoutLinks(file);
}

async function readWithoutLinks(file: FoundFile): Promise<Buffer> {
  if (file.stats.size <= SMALL_BYTES) return readSmall(file);
  const handle = await open(file.path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/** A small file is read four times faster here than by a thread that does it step by step. */
function readSmall({ path }: FoundFile): Buffer {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

async function replaceFile(edit: FileEditWork, file: FoundFile): Promise<void> {
  // a fixed name: what a crash left behind is found and removed by the next try
  const temporary = join(file.folder, `.skein-${sha256(edit.path).slice(0, 16)}.tmp`);
  await rm(temporary, { force: true });
  try {
    await writeDurably(temporary, edit.after, file.stats.mode & 0o777);
    const now = await lstat(file.path);
    if (now.ino !== file.stats.ino || now.mtimeMs !== file.stats.mtimeMs) {
      throw conflict(edit, null);
    }
    await rename(temporary, file.path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw asStorageFailure(edit.path, error);
  }
  await syncFolder(file.folder);
}

async function writeDurably(path: string, bytes: Uint8Array, mode: number): Promise<void> {
  const handle = await open(path, 'wx', 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.chmod(mode);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function conflict(edit: FileEditTarget, actualHash: string | null): SkeinError {
  const state = actualHash === null ? 'the file moved, changed or is gone' : 'the file has changed';
  return new SkeinError('edit-conflict', `Cannot edit ${edit.path}: ${state}`, {
    fix: 'Plan again from what the file is now.',
    details: { path: edit.path, baseHash: edit.baseHash, actualHash },
  });
}

function asStorageFailure(path: string, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  if (code !== 'ENOSPC' && code !== 'EDQUOT' && code !== 'EROFS') return error;
  const message = `Cannot edit ${path}: the disk is full or read-only`;
  return new SkeinError('storage-failed', message, { cause: error });
}
