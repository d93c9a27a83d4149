/**
 * The type errors that a whole change brings: diagnostics with the change as unsaved files, minus
 * those of the base. Two errors are the same when file, code and message agree (with both names of
 * a rename taken for one); lines may have moved, so they do not count.
 */
import fs from 'node:fs';
import path from 'node:path';
import { inParallel } from '#lib/in-parallel.ts';
import { OPEN_HOST } from '#workspace/programs/open-host.ts';
import type { ProgramHost } from '#workspace/programs/program-host.ts';
import { chooseEngine } from './choose-engine.ts';
import type { LanguageServer, TypeDiagnostic } from './language.ts';
import { findProjectFiles, groupLooseFiles, type ProjectFiles } from './project-files.ts';
import { openServer } from './servers/open-server.ts';
import { isCodePath } from './syntax/parse-source.ts';

/** One file of a change. `before` is its base; absent = it is what the file holds on the disk. */
export interface JudgedEdit {
  readonly path: string;
  readonly after: Uint8Array;
  readonly before?: Uint8Array;
}

/**
 * A change to judge, written to the disk or not. Edits to files that are not code are ignored: what
 * is on the disk of them counts for the base as well.
 */
export interface ChangeToDiagnose {
  readonly root: string;
  /** All tracked files, relative. */
  readonly files: readonly string[];
  readonly edits: readonly JudgedEdit[];
  /** The names of a rename, which are one name when messages are compared. */
  readonly from?: string;
  readonly to?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** What holds the server and the compilers; by default nothing. */
  readonly host?: ProgramHost;
}

const TIMEOUT_MS = 300_000;
const WIDTH = 16;
/** So many files of no project are all opened. */
const LOOSE_LIMIT = 300;
const FILE_LIMIT_BYTES = 2 * 1024 * 1024;

/** New errors, with the places they have after the change, sorted. */
export async function diagnoseChange(change: ChangeToDiagnose): Promise<readonly TypeDiagnostic[]> {
  const edits = change.edits.filter((edit) => isCodePath(edit.path));
  if (edits.length === 0) return [];
  const root = fs.realpathSync(change.root);
  const code = change.files.filter((file) => isCodePath(file) && isRegular(root, file));
  const tracked = new Set(change.files);
  // Asked for the files that change, as the plan does: one old example elsewhere decides nothing.
  const touched = edits.map((edit) => edit.path);
  const { timeoutMs = TIMEOUT_MS, signal, host = OPEN_HOST } = change;
  const { engine } = await chooseEngine({ root, tracked, files: touched, host });
  const server = await openServer(engine, { root, host, timeoutMs, signal });
  try {
    const known = await findProjectFiles({ root, tracked, files: code, host });
    const judged = openCode(server, root, { code, known }, change);
    // The result first: a change that leaves no error at all needs no look at the base.
    for (const edit of edits) {
      server.change(path.join(root, edit.path), decode(edit.after));
    }
    const after = await diagnoseAll(server, root, judged);
    if (after.length === 0) return [];
    for (const edit of edits) {
      const text = baseText(root, edit);
      if (text !== null) server.change(path.join(root, edit.path), text);
    }
    const suspects = [...new Set(after.map((each) => each.path))];
    const before = await diagnoseAll(server, root, suspects);
    return subtract(after, before, change);
  } finally {
    await server.dispose();
  }
}

/**
 * Opens what the change touches, and of the files of no project those that may see it: the ones
 * that hold a name of the rename, or all when they are few. Answers the files to be judged.
 */
function openCode(
  server: LanguageServer,
  root: string,
  { code, known }: { readonly code: readonly string[]; readonly known: ProjectFiles },
  change: ChangeToDiagnose,
): readonly string[] {
  const touched = new Map(change.edits.map((edit) => [edit.path, edit]));
  const names = plainNames(change);
  const loose = code.filter((file) => !known.grouped.has(file));
  const opened: { path: string; text: string }[] = [];
  for (const file of code) {
    const isLoose = !known.grouped.has(file);
    if (!isLoose && !touched.has(file) && opened.length > 0) continue;
    const edit = touched.get(file);
    const text = (edit && baseText(root, edit)) ?? readText(path.join(root, file));
    const matters = loose.length <= LOOSE_LIMIT || names.some((name) => text.includes(name));
    if (!isLoose || touched.has(file) || matters) opened.push({ path: file, text });
  }
  groupLooseFiles(server, root, opened, known);
  for (const file of opened) server.open(path.join(root, file.path), file.text);
  const isOpen = new Set(opened.map((file) => file.path));
  return code.filter((file) => known.grouped.has(file) || isOpen.has(file));
}

async function diagnoseAll(
  server: LanguageServer,
  root: string,
  files: readonly string[],
): Promise<readonly TypeDiagnostic[]> {
  const all: TypeDiagnostic[] = [];
  await inParallel(files, WIDTH, async (file) => {
    for (const found of await server.diagnostics(path.join(root, file))) {
      all.push({ ...found, path: file });
    }
  });
  return all.sort((a, b) => compareText(a.path, b.path) || a.line - b.line || a.column - b.column);
}

const compareText = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

/**
 * Multiset difference: first by file, code and message; what is left by the message without long
 * types, because a compiler writes the parts of a union in the order in which it came across them.
 */
export function subtract(
  after: readonly TypeDiagnostic[],
  before: readonly TypeDiagnostic[],
  names: { readonly from?: string; readonly to?: string },
): readonly TypeDiagnostic[] {
  const keyOf = ({ path: file, code }: TypeDiagnostic, message: string): string =>
    `${file}\0${code}\0${message}`;
  const byMessage = (each: TypeDiagnostic): string => keyOf(each, normalise(each.message, names));
  const byGist = (each: TypeDiagnostic): string =>
    keyOf(each, withoutTypes(normalise(each.message, names)));
  const reworded = withoutPairs(before, after, byMessage);
  return withoutPairs(withoutPairs(after, before, byMessage), reworded, byGist);
}

/** The first line of a message; what is quoted at length in it is a type. */
const withoutTypes = (message: string): string =>
  (message.split('\n', 1)[0] ?? '').replaceAll(/'[^']{60,}(?:'|$)/gu, "'...'");

/** The items of `list` that have no partner with the same key in `others`, each used once. */
function withoutPairs<T>(
  list: readonly T[],
  others: readonly T[],
  keyOf: (item: T) => string,
): T[] {
  const partners = new Map<string, number>();
  for (const each of others) partners.set(keyOf(each), (partners.get(keyOf(each)) ?? 0) + 1);
  return list.filter((each) => {
    const left = partners.get(keyOf(each)) ?? 0;
    partners.set(keyOf(each), left - 1);
    return left <= 0;
  });
}

const plainNames = (names: { readonly from?: string; readonly to?: string }): readonly string[] =>
  [names.from, names.to].flatMap((name) => name?.split(/[.#]/).at(-1) ?? []);

function normalise(
  message: string,
  names: { readonly from?: string; readonly to?: string },
): string {
  return plainNames(names).reduce((text, name) => {
    const literal = name.replace(/[$\\^.*+?()[\]{}|]/g, '\\$&');
    return text.replace(new RegExp(`(?<![\\w$])${literal}(?![\\w$])`, 'g'), '\0');
  }, message);
}

function isRegular(root: string, file: string): boolean {
  const stat = fs.lstatSync(path.join(root, file), { throwIfNoEntry: false });
  return Boolean(stat?.isFile() && stat.size <= FILE_LIMIT_BYTES);
}

const readText = (file: string): string => decode(fs.readFileSync(file));

/** What an edit was made from, null when that is neither given nor a file on the disk. */
function baseText(root: string, { path: file, before }: JudgedEdit): string | null {
  if (before !== undefined) return decode(before);
  return isRegular(root, file) ? readText(path.join(root, file)) : null;
}

const decode = (bytes: Uint8Array): string =>
  Buffer.from(bytes)
    .toString('utf8')
    .replace(/^\uFEFF/, '');
