/** Reads the lines of a file as a git commit has them, or as they lie on the disk. */
import { lstatSync, readFileSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { SkeinError, type ErrorName } from '#protocol/errors.ts';
import { gitText, runGit } from '#workspace/git/run-git.ts';

/** A line; `commit` null means the file as it lies on the disk. Lines count from 1. */
export interface LinePlace {
  readonly commit: string | null;
  readonly path: string;
  readonly line: number;
}

/** No file is read above this size: git would be at it for minutes. */
const MAX_BYTES = 64 * 1024 * 1024;

/** Git looks that far for a NUL to tell binary files. */
const LOOKED_AT_BYTES = 8_000;

/**
 * The lines of the file at `place`, each without its end. Throws `not-found` when there is no such
 * file or line, `usage` for what is no text file, `limit-reached` above 64 MB.
 */
export async function readLines(top: string, place: LinePlace): Promise<readonly string[]> {
  const content =
    place.commit === null
      ? readFromDisk(top, place)
      : await readFromCommit(top, { ...place, commit: place.commit });
  if (content.subarray(0, LOOKED_AT_BYTES).includes(0)) throw unreadable(place, 'it is binary');
  const lines = linesOf(content.toString('utf8'));
  if (place.line <= lines.length) return lines;
  const state = lines.length === 1 ? 'has only 1 line' : `has only ${lines.length} lines`;
  throw failure('not-found', place, `the file ${state}`);
}

/** As git counts them: what follows the last line end is a line only when it is not empty. */
const linesOf = (text: string): readonly string[] =>
  text === '' ? [] : text.replace(/\r?\n$/u, '').split(/\r?\n/u);

function readFromDisk(top: string, place: LinePlace): Buffer {
  const file = join(top, place.path);
  const stats = lstatSync(file, { throwIfNoEntry: false });
  if (stats === undefined) {
    throw failure('not-found', place, 'there is no such file', {
      fix: 'Name it from the folder you are in. For a file that is gone: --at <git commit>',
    });
  }
  const problem = stats.isFile() ? undefined : kindOf(stats);
  if (problem !== undefined) throw unreadable(place, problem);
  assertSize(place, stats.size);
  return readFileSync(file);
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'it is a folder';
  return stats.isSymbolicLink() ? 'it is a symbolic link' : 'it is no file';
}

type CommittedPlace = LinePlace & { readonly commit: string };

async function readFromCommit(top: string, place: CommittedPlace): Promise<Buffer> {
  const { commit, path } = place;
  const args = ['--literal-pathspecs', 'ls-tree', '-z', '--full-tree', commit, '--', path];
  const entry = await gitText({ cwd: top, args });
  const [, mode = '', type, object = ''] = /^(\d+) (\w+) ([0-9a-f]+)\t/u.exec(entry) ?? [];
  if (type === undefined) {
    throw failure('not-found', place, `git commit ${commit.slice(0, 12)} has no such file`);
  }
  if (type === 'tree') throw unreadable(place, 'it is a folder');
  if (type === 'commit') throw unreadable(place, 'it is a submodule');
  if (mode === '120000') throw unreadable(place, 'it is a symbolic link');
  assertSize(place, Number(await gitText({ cwd: top, args: ['cat-file', '-s', object] })));
  return (await runGit({ cwd: top, args: ['cat-file', 'blob', object] })).stdout;
}

function assertSize(place: LinePlace, bytes: number): void {
  if (bytes <= MAX_BYTES) return;
  throw failure('limit-reached', place, `the file has ${bytes} bytes, ${MAX_BYTES} is the limit`);
}

const failure = (
  name: ErrorName,
  { path, line }: LinePlace,
  state: string,
  options: { readonly fix?: string } = {},
): SkeinError => new SkeinError(name, `Cannot explain ${path}:${line}: ${state}`, options);

const unreadable = (place: LinePlace, state: string): SkeinError =>
  failure('usage', place, `${state}, which has no lines to ask about`);
