/**
 * A copy of a foreign database as of one moment, which stays as it is while its programs go on. The
 * original is only read: what a killed program left half done there is rolled back in the copy.
 */
import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { SkeinError } from '#protocol/errors.ts';

const BUSY_TIMEOUT_MS = 10_000;
/** More pages than a database can have: all are copied in one step, under one lock. */
const ALL_PAGES = 0x7fff_ffff;
const MOST_TRIES = 5;

/** SQLite's result codes (see sqlite.org/rescode.html). */
const [BUSY, READONLY, CANTOPEN] = [5, 8, 14];

/** Opens a copy of the database at `path`. Throws `import-unreadable`, `record-busy` for a locked one. */
export async function openCopy(path: string): Promise<DatabaseSync> {
  const folder = mkdtempSync(join(tmpdir(), 'skein-import-'));
  const copy = join(folder, 'copy.db');
  try {
    await makeCopy(path, copy);
    return openNameless(copy);
  } catch (cause) {
    throw asUnreadable(cause, path);
  } finally {
    // It goes with this process, whatever ends it.
    rmSync(folder, { recursive: true, force: true });
  }
}

async function makeCopy(path: string, copy: string): Promise<void> {
  try {
    const database = new DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
    try {
      await backup(database, copy, { rate: ALL_PAGES });
    } finally {
      database.close();
    }
  } catch (thrown) {
    // Its log or journal would have to be worked on, which a reader may not, or can't here.
    const code = resultCode(thrown);
    const isHere = existsSync(path) && statSync(path).isFile();
    if (!isHere || (code !== READONLY && code !== CANTOPEN)) throw thrown;
    copyFiles(path, copy);
  }
}

const BESIDE = ['', '-wal', '-journal'];

/** Copies the files as they lie there; again when somebody wrote to them meanwhile. */
function copyFiles(path: string, copy: string): void {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const before = stateOf(path);
    for (const ending of BESIDE) {
      rmSync(`${copy}${ending}`, { force: true });
      copyIfThere(`${path}${ending}`, `${copy}${ending}`);
    }
    if (stateOf(path) === before) return;
  }
  throw new SkeinError(
    'record-busy',
    `Cannot copy ${path}: its programs write to it all the time`,
    {
      fix: 'Stop them for a moment, or try again.',
    },
  );
}

function copyIfThere(from: string, to: string): void {
  try {
    copyFileSync(from, to);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown;
  }
}

function stateOf(path: string): string {
  const states = BESIDE.map((ending) => {
    const found = statSync(`${path}${ending}`, { bigint: true, throwIfNoEntry: false });
    return found === undefined ? '-' : `${found.ino} ${found.size} ${found.mtimeNs}`;
  });
  return states.join();
}

/** Ready to be read without any file beside it: those of a write-ahead log could not be made later. */
function openNameless(copy: string): DatabaseSync {
  const database = new DatabaseSync(copy);
  database.exec('PRAGMA journal_mode = DELETE; PRAGMA temp_store = MEMORY; PRAGMA query_only = 1');
  return database;
}

/** The primary result code of an error of SQLite's; undefined for any other error. */
function resultCode(thrown: unknown): number | undefined {
  const { code, errcode } = thrown as { readonly code?: string; readonly errcode?: number };
  return code === 'ERR_SQLITE_ERROR' && errcode !== undefined ? errcode & 0xff : undefined;
}

/** An error of SQLite's as one of ours; any other as it is. */
export function asUnreadable(thrown: unknown, path: string): unknown {
  const code = resultCode(thrown);
  const system = (thrown as NodeJS.ErrnoException).syscall;
  if (code === undefined && system === undefined) return thrown;
  const { errstr, message } = thrown as Error & { readonly errstr?: string };
  const name = code === BUSY ? 'record-busy' : 'import-unreadable';
  return new SkeinError(name, `Cannot read ${path}: ${errstr ?? message}`, {
    cause: thrown,
    fix: code === BUSY ? 'Try again in a moment.' : 'Name the SQLite file of the bus.',
  });
}
