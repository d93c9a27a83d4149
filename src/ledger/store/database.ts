/** Opens a space's SQLite files with the settings its promises rest on, and checks they took. */
import { DatabaseSync } from 'node:sqlite';
import { SkeinError } from '#protocol/errors.ts';

/** The version of the tables below; a higher one found on disk is refused. */
export const LEDGER_FORMAT = 1;

const LEDGER_TABLES = `
  CREATE TABLE IF NOT EXISTS commits (
    position INTEGER PRIMARY KEY,
    chain TEXT NOT NULL,
    seq INTEGER NOT NULL,
    hash TEXT NOT NULL,
    header BLOB NOT NULL,
    signature BLOB NOT NULL,
    UNIQUE (chain, seq)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS events (
    position INTEGER PRIMARY KEY,
    commit_position INTEGER NOT NULL,
    type TEXT,
    mission TEXT,
    salt BLOB,
    body BLOB
  ) STRICT;
  CREATE INDEX IF NOT EXISTS events_by_mission ON events (mission, position)
    WHERE mission IS NOT NULL;
  CREATE TABLE IF NOT EXISTS entities (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    home TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS ids (
    id BLOB PRIMARY KEY,
    position INTEGER NOT NULL,
    count INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
`;

const BLOB_TABLES = `
  CREATE TABLE IF NOT EXISTS blobs (
    hash TEXT PRIMARY KEY,
    bytes INTEGER NOT NULL,
    encoding TEXT NOT NULL,
    content BLOB NOT NULL
  ) STRICT;
`;

/** A power-safe writing connection to `ledger.db` at `path` (':memory:' for simulation). */
export const openLedgerDatabase = (path: string): DatabaseSync =>
  openForWriting(path, LEDGER_TABLES);

/** A power-safe writing connection to `blobs.db`. */
export const openBlobDatabase = (path: string): DatabaseSync => openForWriting(path, BLOB_TABLES);

/** A reading connection; committed data only. */
export function openForReading(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
  database.exec('PRAGMA query_only = 1; PRAGMA cache_size = -16000');
  return database;
}

/** The files of a space, and the tables each must have. */
const TABLES = { ledger: LEDGER_TABLES, blobs: BLOB_TABLES } as const;

/** What is wrong with the tables of an open file: changed, missing, or more than there should be. */
export function tablesProblem(
  database: DatabaseSync,
  file: keyof typeof TABLES,
): string | undefined {
  const found = readPragma(database, 'user_version');
  if (found !== LEDGER_FORMAT) return `its format is ${found}, this Skein reads ${LEDGER_FORMAT}`;
  const expected = new DatabaseSync(':memory:');
  try {
    expected.exec(TABLES[file]);
    if (readTables(expected) === readTables(database)) return undefined;
    return 'its tables, indexes or triggers are not those of the format';
  } finally {
    expected.close();
  }
}

const readTables = (database: DatabaseSync): string =>
  JSON.stringify(
    database.prepare('SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name').all(),
  );

function openForWriting(path: string, tables: string): DatabaseSync {
  assertSqliteVersion();
  const database = new DatabaseSync(path, { timeout: 5_000 });
  // auto_vacuum only takes before the first table exists; FULL makes a commit survive a power cut;
  // a large checkpoint interval halves the cost of growth (the WAL stays near 43 MB).
  database.exec(`
    PRAGMA auto_vacuum = INCREMENTAL;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA wal_autocheckpoint = 10000;
    PRAGMA cache_size = -64000;
    PRAGMA trusted_schema = OFF;
  `);
  refuseNewer(database, path);
  database.exec(`BEGIN IMMEDIATE; ${tables} PRAGMA user_version = ${LEDGER_FORMAT}; COMMIT`);
  assertPragmas(database, path);
  return database;
}

/** Throws `record-too-new`, and closes the connection, when a later Skein wrote the file. */
export function refuseNewer(database: DatabaseSync, path: string): void {
  const found = readPragma(database, 'user_version');
  if (typeof found === 'number' && found > LEDGER_FORMAT) {
    database.close();
    throw new SkeinError('record-too-new', `Cannot open ${path}: its format is ${found}`, {
      fix: 'Use the newer Skein that wrote it.',
    });
  }
}

/** Settings are read back: a silently ignored one would break a promise without a sound. */
function assertPragmas(database: DatabaseSync, path: string): void {
  const wanted = {
    synchronous: 2,
    journal_mode: path === ':memory:' ? 'memory' : 'wal',
    auto_vacuum: 2,
  };
  for (const [name, value] of Object.entries(wanted)) {
    const found = readPragma(database, name);
    if (found !== value) {
      throw new SkeinError(
        'storage-failed',
        `Cannot open ${path}: ${name} is ${found}, not ${value}`,
      );
    }
  }
}

function readPragma(database: DatabaseSync, name: string): unknown {
  const row = database.prepare(`PRAGMA ${name}`).get();
  return row === undefined ? undefined : Object.values(row)[0];
}

/** Below 3.51.3 two connections can corrupt a WAL while it is reset (fixed 2026-03). */
export function assertSqliteVersion(version = process.versions['sqlite'] ?? '0'): void {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  if (major * 1_000_000 + minor * 1_000 + patch < 3_051_003) {
    throw new SkeinError(
      'sqlite-too-old',
      `Cannot open a ledger: SQLite is ${version}, 3.51.3 is needed`,
      {
        fix: 'Run Skein with Node 26 (npm ci brings it).',
      },
    );
  }
}
