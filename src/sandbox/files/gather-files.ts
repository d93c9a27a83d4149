/**
 * Reads files of a project for a sandbox: those that were asked for and no others. Whoever asks for paths
 * names their content too, so that what runs is what was looked at.
 */
import { realpath } from 'node:fs/promises';
import { inParallel } from '#lib/in-parallel.ts';
import { sha256 } from '#lib/sha256.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { Limits } from '#sandbox/limits.ts';
import type { InputFile } from '#sandbox/sandbox.ts';
import { pathProblem } from './file-path.ts';
import { readAll, withFile } from './safe-read.ts';
import { MAX_ENTRIES, walkFolder } from './walk-folder.ts';

/** A file by its path and content (SHA-256 in hexadecimal digits). */
export interface PinnedFile {
  readonly path: string;
  readonly sha256: string;
}

/** Tells of a path relative to the root whether it is meant; a compiled glob is one. */
export type PathTest = (path: string) => boolean;

/** What to read. `exclude` is asked about files and folders; below a folder it takes nothing is read. */
export interface GatherRequest {
  readonly include: PathTest | readonly PinnedFile[];
  readonly exclude?: PathTest;
  readonly limits: Pick<Limits, 'inFiles' | 'inBytes' | 'fileBytes'>;
}

const WIDTH = 8;

/**
 * The asked files below `root`, by path. Never read is `.git`; links and what is no regular file are
 * passed over by a test, and an error when named. Throws `limit-reached` with the name of the limit,
 * `conflict` for a named file with another content, `not-found`, `path-refused`.
 */
export async function gatherFiles(
  root: string,
  { include, exclude = () => false, limits }: GatherRequest,
): Promise<readonly InputFile[]> {
  const real = await realpath(root);
  const isNamed = typeof include !== 'function';
  const paths = isNamed
    ? include.map(({ path }) => path).filter((path) => !exclude(path))
    : await findPaths(real, include, exclude);
  const hashes = isNamed ? new Map(include.map((file) => [file.path, file.sha256])) : new Map();
  for (const path of paths) assertInputPath(path);
  assertLimit('inFiles', paths.length, limits.inFiles, 'files');
  const files: InputFile[] = [];
  let total = 0;
  await inParallel([...new Set(paths)], WIDTH, async (path) => {
    const file = await readInput(real, path, limits);
    if (file === null) {
      if (isNamed) throw missing(path);
      return;
    }
    assertHash(file, hashes.get(path));
    total += file.content.length;
    assertLimit('inBytes', total, limits.inBytes, 'bytes');
    files.push(file);
  });
  return files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

async function findPaths(root: string, include: PathTest, exclude: PathTest): Promise<string[]> {
  const { entries, isWhole } = await walkFolder(root, { skip: exclude });
  if (!isWhole) {
    const message = `Cannot gather files: there are more than ${MAX_ENTRIES} below ${root}`;
    throw new SkeinError('limit-reached', message, {
      fix: 'Leave folders out, such as those of dependencies.',
    });
  }
  return entries
    .filter(({ type, path }) => type === 'file' && include(path) && !exclude(path))
    .map(({ path }) => path);
}

function assertInputPath(path: string): void {
  const problem = pathProblem(path);
  if (problem !== null) throw refused(path, problem);
}

/** Null when it is not there (any more). */
async function readInput(
  root: string,
  path: string,
  limits: GatherRequest['limits'],
): Promise<InputFile | null> {
  const most = Math.min(limits.fileBytes, limits.inBytes);
  const opened = await withFile(root, path, (file) => readAll(file, most));
  if (opened.type === 'missing') return null;
  if (opened.type === 'refused') throw refused(path, `it is ${opened.reason}`);
  if (opened.value === null) {
    const limit = most === limits.fileBytes ? 'fileBytes' : 'inBytes';
    throw tooMuch(limit, `${JSON.stringify(path)} is larger than ${most} bytes`);
  }
  const executable = (opened.stats.mode & 0o100) !== 0;
  return { path, content: opened.value, ...(executable ? { executable } : {}) };
}

function assertHash({ path, content }: InputFile, expected: string | undefined): void {
  if (expected === undefined || sha256(content) === expected) return;
  throw new SkeinError('conflict', `Cannot give ${JSON.stringify(path)}: its content differs`, {
    fix: 'Read it again, and ask with its present SHA-256.',
    details: { path, expected, found: sha256(content) },
  });
}

function assertLimit(name: keyof Limits, found: number, most: number, unit: string): void {
  if (found > most) throw tooMuch(name, `more than ${most} ${unit} were asked for`);
}

const tooMuch = (limit: keyof Limits, state: string): SkeinError =>
  new SkeinError('limit-reached', `Cannot gather files: ${state} (limit ${limit})`, {
    fix: `Ask for fewer files, or for a higher limit ${limit}.`,
    details: { limit },
  });

const refused = (path: string, reason: string): SkeinError =>
  new SkeinError('path-refused', `Cannot give ${JSON.stringify(path)}: ${reason}`, {
    details: { path, reason },
  });

const missing = (path: string): SkeinError =>
  new SkeinError('not-found', `Cannot give ${JSON.stringify(path)}: there is no such file`, {
    details: { path },
  });
