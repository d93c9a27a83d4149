/** Databases of old buses for tests: that of the examples, and others made from SQL. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after } from 'node:test';

const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder that is removed after the tests. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'skein-old-bus-'));
  folders.push(folder);
  return folder;
}

/** The folder of the example. */
export const EXAMPLE = new URL('../../examples/old-bus/', import.meta.url).pathname;

/** A database made of SQL; `change` may go on with values that SQL can't say. */
export function makeDatabase(sql: string, change?: (database: DatabaseSync) => void): string {
  const path = join(tempFolder(), 'message_bus.db');
  const database = new DatabaseSync(path);
  database.exec(sql);
  change?.(database);
  database.close();
  return path;
}

/** The database of the example. */
export const exampleDatabase = (change?: (database: DatabaseSync) => void): string =>
  makeDatabase(readFileSync(join(EXAMPLE, 'message_bus.sql'), 'utf8'), change);
