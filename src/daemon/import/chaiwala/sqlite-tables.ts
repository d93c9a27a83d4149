/** Tables of a foreign SQLite database: their columns, and their rows without any loss. */
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import type { ProblemList } from '../problem-list.ts';
import type { OldRecord } from '../to-messages.ts';

/** A table or view; `order` is the SQL that its rows are sorted by. */
export interface Table {
  readonly name: string;
  readonly columns: readonly string[];
  readonly order: string;
  /** The row's number, where the table has one. */
  readonly rowid: string | null;
}

/** A name as SQL takes it. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** The names of all tables and views, but SQLite's own. */
export const listTables = (database: DatabaseSync): readonly string[] =>
  database
    .prepare("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') ORDER BY name")
    .all()
    .map(({ name }) => String(name))
    .filter((name) => !name.startsWith('sqlite_'));

/** The table of that name, in any case, with or without an s; undefined when there is none. */
export function findTable(
  database: DatabaseSync,
  tables: readonly string[],
  wanted: string,
): Table | undefined {
  const same = (name: string, other: string): boolean => name.toLowerCase() === other.toLowerCase();
  const name =
    tables.find((each) => each === wanted) ??
    tables.find((each) => same(each, wanted)) ??
    tables.find((each) => same(`${each}s`, wanted));
  if (name === undefined) return undefined;
  // table_xinfo also tells of generated columns; hidden ones (1) belong to virtual tables.
  const info = database.prepare('SELECT name, hidden FROM pragma_table_xinfo(?)').all(name);
  const columns = info.filter(({ hidden }) => hidden !== 1).map((row) => String(row['name']));
  const rowid = rowidOf(database, name, columns);
  return { name, columns, rowid, order: rowid ?? '1' };
}

/** A column may have taken one of the names; views and WITHOUT ROWID have none at all. */
function rowidOf(database: DatabaseSync, table: string, columns: readonly string[]): string | null {
  const taken = new Set(columns.map((column) => column.toLowerCase()));
  const free = ['rowid', '_rowid_', 'oid'].find((name) => !taken.has(name));
  if (free === undefined) return null;
  const isTable = database
    .prepare("SELECT 1 FROM pragma_table_list WHERE name = ? AND type = 'table' AND wr = 0")
    .get(table);
  return isTable === undefined ? null : free;
}

/** Whether the database itself keeps two rows from having the same value in `column`. */
export function hasUniqueIds(
  database: DatabaseSync,
  { name, rowid }: Table,
  column: string | undefined,
): boolean {
  if (column === undefined || rowid === null) return false;
  const keys = database
    .prepare('SELECT name FROM pragma_table_info(?) WHERE pk > 0')
    .all(name)
    .map((row) => row['name']);
  if (keys.length === 1 && keys[0] === column) return true;
  const unique = database.prepare(
    `SELECT 1 FROM pragma_index_list(?) AS list
     WHERE list."unique" = 1 AND list.partial = 0
       AND (SELECT count(*) FROM pragma_index_info(list.name)) = 1
       AND EXISTS (SELECT 1 FROM pragma_index_info(list.name) WHERE name = ?)`,
  );
  return unique.get(name, column) !== undefined;
}

/** Every row, the oldest first. Whole numbers come as bigint. Texts that are no UTF-8 come as bytes. */
export function* allRows(
  database: DatabaseSync,
  table: Table,
  problems: ProblemList,
): Generator<OldRecord> {
  const { name, columns, order, rowid } = table;
  // Aliases keep what one row answers apart from names that a column may have.
  const names = columns.map((column, index) => `${quoted(column)} AS c${index}`);
  const all = database.prepare(
    `SELECT ${rowid ?? 'NULL'} AS place, ${names.join(', ')} FROM ${quoted(name)} ORDER BY ${order}`,
  );
  all.setReadBigInts(true);
  const bytes = makeByteReader(database, table);
  for (const row of all.iterate()) {
    const place = row['place'] ?? null;
    const entries = columns.map((column, index): [string, unknown] => {
      const value = row[`c${index}`] ?? null;
      if (typeof value !== 'string' || !value.includes('\uFFFD')) return [column, value];
      const exact = bytes(column, place) ?? value;
      if (exact !== value)
        problems.note(`has a ${column} that is no UTF-8`, `row ${String(place)}`);
      return [column, exact];
    });
    yield Object.fromEntries(entries);
  }
}

/** A replacement character may stand in the text, or for bytes that SQLite could not decode. */
function makeByteReader(
  database: DatabaseSync,
  { name, rowid }: Table,
): (column: string, place: SQLOutputValue) => string | Uint8Array | undefined {
  // In a database of UTF-16 every text is whole, and its bytes are no UTF-8 anyway.
  const isUtf8 = database.prepare('PRAGMA encoding').get()?.['encoding'] === 'UTF-8';
  return (column, place) => {
    if (!isUtf8 || rowid === null || place === null) return undefined;
    const found = database
      .prepare(
        `SELECT CAST(${quoted(column)} AS BLOB) AS bytes FROM ${quoted(name)} WHERE ${rowid} = ?`,
      )
      .get(place)?.['bytes'];
    if (!(found instanceof Uint8Array)) return undefined;
    const text = Buffer.from(found).toString('utf8');
    return Buffer.from(text).equals(found) ? text : found;
  };
}
