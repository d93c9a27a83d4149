/** Reads the JSON files of an old bus that is carried by copying files: inbox/, outbox/, archive/. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { SkeinError } from '#protocol/errors.ts';
import { MESSAGE_NAMES, readMapChoices, type MapChoice } from '../column-names.ts';
import { readMessageFile } from './message-file.ts';
import type { Mapping, OldBus, ReadOptions } from '../old-bus.ts';
import { makeProblems, type ProblemList } from '../problem-list.ts';
import { readRecords } from '../read-records.ts';
import type { PlacedRecord } from '../to-messages.ts';

/** How a bus of files is named in the ids of its messages; copies of one file are one message. */
export const OUTBOX_SOURCE = 'outbox';

/** The largest file that is read. */
export const MAX_FILE_BYTES = 64 * 1024 * 1024;

/** Of copies the first counts: what was archived had been read. */
const FOLDERS = ['archive', 'inbox', 'outbox'];
const MOST_FILES = 200_000;
const MOST_DEPTH = 4;

/** Whether a file of this name may hold messages: programs write others under hidden or other names. */
export const isMessageFile = (name: string): boolean =>
  !name.startsWith('.') && /\.(?:json|jsonl|ndjson)$/iu.test(name);

/**
 * Opens a folder with inbox/ and outbox/ (or with JSON files themselves). Files may come and go: those
 * are read that are there now. Throws `import-unreadable` when it is no folder.
 */
export function openOutbox(folder: string, options: ReadOptions = {}): OldBus {
  const choices = readMapChoices(options.map ?? []);
  const found = makeProblems();
  const files = listFiles(folder, found);
  const { survey, messages } = readRecords(
    {
      records: (problems) => recordsOf(folder, files, { choices, problems }),
      agents: [],
      repeats: 'copies',
      source: options.source ?? OUTBOX_SOURCE,
      problems: found,
    },
    options,
  );
  const mapping = [mappingOf(recordsOf(folder, files, { choices, problems: makeProblems() }))];
  return { mapping, survey, messages, close: () => undefined };
}

function listFiles(folder: string, problems: ProblemList): readonly string[] {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new SkeinError('import-unreadable', `Cannot read ${folder}: it is no folder`, {
      fix: 'Name the folder that has inbox/ and outbox/ in it.',
    });
  }
  const parts = FOLDERS.map((name) => join(folder, name)).filter((part) => existsSync(part));
  const files: string[] = [];
  for (const part of parts.length === 0 ? [folder] : parts) addFiles(part, 0, files, problems);
  return files;
}

function addFiles(folder: string, depth: number, files: string[], problems: ProblemList): void {
  const entries = readdirSync(folder, { withFileTypes: true });
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !entry.name.startsWith('.')) {
      if (depth < MOST_DEPTH) addFiles(path, depth + 1, files, problems);
      else problems.note('is a folder too deep inside', path, true);
    } else if (isMessageFile(entry.name)) {
      if (entry.isFile()) files.push(path);
      else problems.note('is no plain file', path, true);
    }
    if (files.length > MOST_FILES) throw tooMany(folder);
  }
}

const tooMany = (folder: string): SkeinError =>
  new SkeinError('limit-reached', `Cannot read ${folder}: it has more than ${MOST_FILES} files`, {
    fix: 'Import its folders one by one.',
  });

function* recordsOf(
  folder: string,
  files: readonly string[],
  { choices, problems }: { readonly choices: readonly MapChoice[]; readonly problems: ProblemList },
): Generator<PlacedRecord> {
  for (const file of files) {
    const name = relative(folder, file);
    const bytes = readWhole(file);
    if (typeof bytes === 'string') {
      problems.note(bytes, name, true);
      continue;
    }
    const contents = readMessageFile(name, bytes, choices);
    if (contents.type === 'unreadable') {
      problems.note(contents.why, name, true);
      continue;
    }
    const status = name.startsWith('archive') ? 'read' : 'unread';
    for (const record of contents.records) yield { status, ...record };
  }
}

function readWhole(file: string): Uint8Array | string {
  try {
    if (statSync(file).size > MAX_FILE_BYTES) return 'is larger than 64 MB';
    return readFileSync(file);
  } catch (thrown) {
    return `can't be read (${(thrown as NodeJS.ErrnoException).code ?? 'unknown'})`;
  }
}

const MOST_EXTRA = 200;

/** Files may name the same thing in different ways: all of them are told. */
function mappingOf(records: Iterable<PlacedRecord>): Mapping {
  const fields = new Map<string, Set<string>>();
  const extra = new Set<string>();
  for (const { mapped } of records) {
    for (const field of Object.keys(MESSAGE_NAMES) as (keyof typeof MESSAGE_NAMES)[]) {
      const column = mapped.columns[field];
      if (column !== undefined) fields.set(field, (fields.get(field) ?? new Set()).add(column));
    }
    for (const name of mapped.extra) if (extra.size < MOST_EXTRA) extra.add(name);
  }
  const told = Array.from(fields, ([field, names]) => [field, [...names].join(' or ')] as const);
  return { table: 'files', fields: Object.fromEntries(told), extra: [...extra] };
}
