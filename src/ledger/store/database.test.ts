/** The settings that promises rest on are on, and what is not ours is refused. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, describe, it } from 'node:test';
import {
  assertSqliteVersion,
  openBlobDatabase,
  openForReading,
  openLedgerDatabase,
  tablesProblem,
} from './database.ts';
import { storageError } from './ledger-state.ts';

const folder = mkdtempSync(join(tmpdir(), 'skein-database-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const pragma = (database: DatabaseSync, name: string): unknown =>
  Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0];

describe('a ledger file', () => {
  it('is opened power-safe, and stays so when it is opened again', () => {
    const path = join(folder, 'ledger.db');
    for (const open of [openLedgerDatabase, openLedgerDatabase]) {
      const database = open(path);
      assert.deepEqual(
        ['journal_mode', 'synchronous', 'auto_vacuum', 'trusted_schema', 'user_version'].map(
          (name) => pragma(database, name),
        ),
        ['wal', 2, 2, 0, 1],
      );
      assert.equal(tablesProblem(database, 'ledger'), undefined);
      assert.notEqual(tablesProblem(database, 'blobs'), undefined);
      database.close();
    }
  });

  it('of a newer format is refused, not changed', () => {
    for (const [name, open] of [
      ['l.db', openLedgerDatabase],
      ['b.db', openBlobDatabase],
    ] as const) {
      const path = join(folder, name);
      open(path).close();
      const newer = new DatabaseSync(path);
      newer.exec('PRAGMA user_version = 2');
      newer.close();
      assert.throws(() => open(path), { name: 'record-too-new' });
      const found = new DatabaseSync(path);
      assert.equal(pragma(found, 'user_version'), 2);
      found.close();
    }
  });

  it('that is no database is damage, a missing folder is a failing storage', () => {
    const path = join(folder, 'text.db');
    writeFileSync(path, 'a text file that is not a database at all, whatever its name says');
    const errorOf = (from: string): string => {
      try {
        openLedgerDatabase(from);
        return 'opened';
      } catch (error) {
        return storageError(error).name;
      }
    };
    assert.equal(errorOf(path), 'record-damaged');
    assert.equal(errorOf(join(folder, 'no', 'ledger.db')), 'storage-failed');
  });

  it('opened for reading writes nothing', () => {
    const path = join(folder, 'read.db');
    openLedgerDatabase(path).close();
    const reading = openForReading(path);
    assert.throws(() => reading.exec("INSERT INTO meta VALUES ('a', 'b')"));
    reading.close();
  });
});

describe('a failure of the storage', () => {
  it('is told from a bug in the program', () => {
    assert.equal(storageError(new TypeError('x is undefined')).name, 'internal');
    const full = Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    assert.equal(storageError(full).name, 'storage-failed');
    const sync = Object.assign(new Error('disk I/O error'), { errcode: 1034 });
    assert.equal(storageError(sync).name, 'storage-unsafe');
    const corrupt = Object.assign(new Error('malformed'), { errcode: 267 });
    assert.equal(storageError(corrupt).name, 'record-damaged');
  });
});

describe('SQLite', () => {
  it('below 3.51.3 is refused: it can corrupt a log that is being reset', () => {
    for (const old of ['3.51.2', '3.50.9', '2.99.99', '']) {
      assert.throws(() => assertSqliteVersion(old), { name: 'sqlite-too-old' }, old);
    }
    for (const good of ['3.51.3', '3.52.0', '4.0.0']) assertSqliteVersion(good);
    assertSqliteVersion();
  });
});
