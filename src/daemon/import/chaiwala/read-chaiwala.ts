/**
 * Reads the SQLite database of an old bus: from a copy that is made in one step, so that all of it is
 * of one moment and its programs are not held up for longer. Columns are mapped by name.
 */
import type { DatabaseSync } from 'node:sqlite';
import { SkeinError } from '#protocol/errors.ts';
import { asUnreadable, openCopy } from './copy-database.ts';
import { listedAgents } from './listed-agents.ts';
import { mapColumns, MESSAGE_NAMES, readMapChoices, type MapChoice } from '../column-names.ts';
import type { Mapping, OldBus, ReadOptions } from '../old-bus.ts';
import { toText } from '../plain-value.ts';
import { makeProblems, type ProblemList } from '../problem-list.ts';
import { readRecords } from '../read-records.ts';
import { allRows, findTable, hasUniqueIds, listTables, type Table } from './sqlite-tables.ts';
import type { MessageColumns, PlacedRecord } from '../to-messages.ts';

/** How a bus of this kind is named in the ids of its messages. */
const SOURCE = 'chaiwala';

/**
 * Opens a database of messages; it is only read. Throws `import-unreadable` when it is none or lacks
 * the table, and `import-ambiguous` when columns can't be told apart.
 */
export async function openChaiwala(path: string, options: ReadOptions = {}): Promise<OldBus> {
  const choices = readMapChoices(options.map ?? []);
  const database = await openCopy(path);
  try {
    return readBus(database, path, { ...options, choices });
  } catch (thrown) {
    database.close();
    throw asUnreadable(thrown, path);
  }
}

function readBus(
  database: DatabaseSync,
  path: string,
  options: ReadOptions & { readonly choices: readonly MapChoice[] },
): OldBus {
  const tables = listTables(database);
  const table = findTable(database, tables, options.table ?? 'messages');
  if (table === undefined) throw noMessages(path, options.table ?? 'messages', tables);
  const { choices } = options;
  const mapped = mapColumns(MESSAGE_NAMES, table.columns, { table: 'messages', choices });
  assertMapped(table, mapped, choices);
  const problems = makeProblems();
  const listed = listedAgents(database, tables, { ...options, problems });
  const { survey, messages } = readRecords(
    {
      records: (told) => rowsOf(database, table, mapped, told),
      agents: listed.agents,
      repeats: hasUniqueIds(database, table, mapped.columns.id) ? 'never' : 'distinct',
      source: options.source ?? SOURCE,
      problems,
    },
    options,
  );
  const mapping: readonly Mapping[] = [
    { table: table.name, fields: mapped.columns, extra: mapped.extra },
    ...listed.mapping,
  ];
  return { mapping, survey, messages, close: () => database.close() };
}

function noMessages(path: string, wanted: string, tables: readonly string[]): SkeinError {
  const state = `it has no table "${wanted}"`;
  return new SkeinError('import-unreadable', `Cannot read messages of ${path}: ${state}`, {
    fix:
      tables.length === 0
        ? 'It has no tables at all: is it the right file?'
        : `Name the one that holds them with --table; it has ${tables.join(', ')}.`,
  });
}

/** A message without these is none: who it is from and for, and what it says. */
const NEEDED = ['from', 'to', 'text'] as const;

function assertMapped(
  { name, columns }: Table,
  mapped: MessageColumns,
  choices: readonly MapChoice[],
): void {
  const missing = NEEDED.filter(
    (field) =>
      mapped.columns[field] === undefined &&
      !choices.some((choice) => choice.table === 'messages' && choice.field === field),
  );
  if (missing.length === 0) return;
  throw new SkeinError(
    'import-ambiguous',
    `Cannot map ${name}: no column is known for ${missing.join(', ')}`,
    {
      fix: `Say which of ${columns.join(', ')}: ${missing.map((field) => `--map ${field}=<column>`).join(' ')} (nothing after = when there is none).`,
    },
  );
}

function* rowsOf(
  database: DatabaseSync,
  table: Table,
  mapped: MessageColumns,
  problems: ProblemList,
): Generator<PlacedRecord> {
  let number = 0;
  for (const row of allRows(database, table, problems)) {
    number += 1;
    const id = toText(row[mapped.columns.id ?? '']);
    const where = id === '' ? `row ${number}` : `id ${id.slice(0, 60)}`;
    yield { record: row, mapped, where };
  }
}
