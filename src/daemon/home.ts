/** Opens a home: its folders, its format, the lock that makes one process its only owner. */
import { chmodSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SkeinError } from '#protocol/errors.ts';
import type { HomePaths } from './home-paths.ts';

const HOME_FORMAT = 1;

/** Ownership of a home, held for life. `epoch` is higher than that of every earlier owner. */
export interface Ownership {
  readonly epoch: number;
  readonly release: () => void;
}

/** Makes the folders of a home, readable by their owner only, and refuses a newer format. */
export function prepareHome(paths: HomePaths): void {
  for (const folder of [
    paths.home,
    dirname(paths.nodeKey),
    paths.spaces,
    paths.worktrees,
    paths.scratch,
  ]) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }
  prepareSocketFolder(dirname(paths.socket));
  try {
    writeFileSync(paths.format, `${JSON.stringify({ format: HOME_FORMAT })}\n`, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const { format } = JSON.parse(readFileSync(paths.format, 'utf8')) as { format: number };
  if (format > HOME_FORMAT) {
    throw new SkeinError('record-too-new', `Cannot open ${paths.home}: its format is ${format}`, {
      fix: 'Use the newer Skein that wrote it.',
    });
  }
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
  const database = new DatabaseSync(paths.owner, { timeout: 0 });
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
    throw new SkeinError('home-owned', `Cannot serve ${paths.home}: another process does`, {
      cause,
    });
  }
}
