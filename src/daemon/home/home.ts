/** Opens a home: its folders, its format, the lock that makes one process its only owner. */
import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makeFolder, syncFolder, writeDurably } from '#ledger/store/durable-file.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { HomePaths } from './home-paths.ts';

const HOME_FORMAT = 1;

/** SQLite's result code for a lock that somebody else has. */
const SQLITE_BUSY = 5;

/** Ownership of a home, held for life. `epoch` is higher than that of every earlier owner. */
export interface Ownership {
  readonly epoch: number;
  readonly release: () => void;
}

/**
 * Makes the folders of a home, readable by their owner only, and refuses a newer format. Throws
 * `storage-failed` when the disk is full, read-only or not ours.
 */
export function prepareHome(paths: HomePaths): void {
  try {
    for (const folder of [
      paths.home,
      dirname(paths.nodeKey),
      paths.spaces,
      paths.worktrees,
      paths.scratch,
    ]) {
      makeFolder(folder);
    }
    if (!existsSync(paths.format)) {
      writeDurably(paths.format, `${JSON.stringify({ format: HOME_FORMAT })}\n`);
      syncAbove(paths.home);
    }
  } catch (cause) {
    throw homeFailure(paths, cause);
  }
  prepareSocketFolder(dirname(paths.socket));
  const format = readFormat(paths);
  if (format > HOME_FORMAT) {
    throw new SkeinError('record-too-new', `Cannot open ${paths.home}: its format is ${format}`, {
      fix: 'Use the newer Skein that wrote it.',
    });
  }
}

/** The command that started us may have made the home and folders above it: they must stay too. */
function syncAbove(home: string): void {
  let folder = dirname(home);
  while (statSync(folder).uid === process.getuid?.()) {
    syncFolder(folder);
    if (folder === dirname(folder)) return;
    folder = dirname(folder);
  }
}

function readFormat({ home, format }: HomePaths): number {
  try {
    return (JSON.parse(readFileSync(format, 'utf8')) as { readonly format: number }).format;
  } catch (cause) {
    throw new SkeinError('record-damaged', `Cannot open ${home}: format.json can not be read`, {
      cause,
      fix: `If this Skein made the home, its line is {"format":${HOME_FORMAT}}: write it again.`,
    });
  }
}

/** What a file system says of a disk that is full, read-only, broken or not ours. */
const DISK_CODES = 'ENOSPC EDQUOT EROFS EACCES EPERM EIO ENOTDIR ENAMETOOLONG'.split(' ');

interface ErrorCode {
  readonly errcode?: number;
}

/** Why a home can't be written to, in our words; anything else is answered as it is. */
export function homeFailure({ home }: Pick<HomePaths, 'home'>, cause: unknown): unknown {
  if (cause instanceof SkeinError || !(cause instanceof Error)) return cause;
  const { code = '', errcode, syscall, message } = cause as NodeJS.ErrnoException & ErrorCode;
  // Making folders on a read-only disk is answered with "no such file".
  const isDisk = DISK_CODES.includes(code) || (code === 'ENOENT' && syscall === 'mkdir');
  if (errcode === undefined && !isDisk) return cause;
  return new SkeinError('storage-failed', `Cannot write to the home ${home}: ${message}`, {
    cause,
    fix: 'Free space, or make the folder writable (or choose another one: --home), then try again.',
  });
}

/** In a shared temporary directory somebody else could have made the folder first. */
function prepareSocketFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const found = lstatSync(folder);
  if (!found.isDirectory() || found.uid !== process.getuid?.()) {
    throw new SkeinError('storage-failed', `Cannot use ${folder}: it belongs to somebody else`, {
      fix: 'Set XDG_RUNTIME_DIR to a folder of your own.',
    });
  }
  if ((found.mode & 0o077) !== 0) chmodSync(folder, 0o700);
}

/**
 * Takes the home: an exclusive SQLite lock, refused while the holder lives (also when it is
 * frozen) and free at once when it died. Throws `home-owned` when another process has it.
 */
export function takeOwnership(paths: HomePaths): Ownership {
  const database = openOwner(paths);
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL; BEGIN EXCLUSIVE');
    database.exec(
      'CREATE TABLE IF NOT EXISTS owner (epoch INTEGER NOT NULL, pid INTEGER NOT NULL)',
    );
    const row = database.prepare('SELECT max(epoch) AS epoch FROM owner').get();
    const epoch = Number(row?.['epoch'] ?? 0) + 1;
    database.exec('DELETE FROM owner');
    database.prepare('INSERT INTO owner (epoch, pid) VALUES (?, ?)').run(epoch, process.pid);
    // In this locking mode the file lock outlives the transaction, until the connection closes.
    database.exec('COMMIT');
    return { epoch, release: () => database.close() };
  } catch (cause) {
    database.close();
    // A full or read-only disk is no other process: who waits for it would wait in vain.
    if (((cause as { errcode?: number }).errcode ?? 0) % 256 !== SQLITE_BUSY) {
      throw homeFailure(paths, cause);
    }
    throw new SkeinError('home-owned', `Cannot serve ${paths.home}: another process does`, {
      cause,
    });
  }
}

function openOwner(paths: HomePaths): DatabaseSync {
  try {
    return new DatabaseSync(paths.owner, { timeout: 0 });
  } catch (cause) {
    throw homeFailure(paths, cause);
  }
}
