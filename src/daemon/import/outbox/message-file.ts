/** Reads one JSON file of an outbox: an object, a list of them, or one a line. */
import { basename } from 'node:path';
import { toSkeinError } from '#protocol/errors.ts';
import { mapColumns, MESSAGE_NAMES, type FoundColumns, type MapChoice } from '../column-names.ts';
import { parseExact } from '../plain-value.ts';
import type { OldRecord, PlacedRecord } from '../to-messages.ts';

/** What a file holds, or why nothing can be read from it. */
export type FileContents =
  | { readonly type: 'records'; readonly records: readonly PlacedRecord[] }
  | { readonly type: 'unreadable'; readonly why: string };

const isObject = (value: unknown): value is OldRecord =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * The records of a file that is called `name` (told to people, and the id of what has none). What is
 * not JSON may be a file that is only half written.
 */
export function readMessageFile(
  name: string,
  bytes: Uint8Array,
  choices: readonly MapChoice[],
): FileContents {
  let records: readonly unknown[];
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    records = /\.(?:jsonl|ndjson)$/iu.test(name) ? readLines(text) : listed(parseExact(text));
  } catch {
    return { type: 'unreadable', why: 'is no JSON in UTF-8, or not whole yet' };
  }
  const placed: PlacedRecord[] = [];
  for (const [index, record] of records.entries()) {
    const where = records.length === 1 ? name : `${name}[${index}]`;
    const found = isObject(record) ? place(record, where, choices) : 'holds no object';
    if (typeof found === 'string') return { type: 'unreadable', why: found };
    placed.push(found);
  }
  return { type: 'records', records: placed };
}

const readLines = (text: string): readonly unknown[] =>
  text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(parseExact);

function listed(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value as readonly unknown[];
  const inside = isObject(value) ? value['messages'] : undefined;
  return Array.isArray(inside) ? (inside as readonly unknown[]) : [value];
}

function place(
  record: OldRecord,
  where: string,
  choices: readonly MapChoice[],
): PlacedRecord | string {
  let mapped: FoundColumns<typeof MESSAGE_NAMES>;
  try {
    const options = { table: 'messages', choices, lenient: true };
    mapped = mapColumns(MESSAGE_NAMES, Object.keys(record), options);
  } catch (thrown) {
    return `is ambiguous: ${toSkeinError(thrown).message.replace(/^[^:]*: /u, '')}`;
  }
  const { from, to } = mapped.columns;
  if (from === undefined && to === undefined) return 'is no message: it names nobody';
  return { record, mapped, where, sourceId: basename(where) };
}
