/**
 * Which tracked files a mission may not change, known before anything is planned. Refused is what
 * git would not store as it stands on the disk (filters, LFS), what is no file of this repository
 * (symlinks, submodules), and what can't be told apart on another system (names by case only).
 */
import { SkeinError } from '#protocol/errors.ts';
import { pathProblem } from './edit-path.ts';
import { MAX_EDIT_BYTES } from './file-edit.ts';
import type { Repository } from './git/open-repository.ts';
import { runGit } from './git/run-git.ts';
import { withScratchIndex } from './git/scratch-tree.ts';
import { listTrackedFiles, type TrackedFile } from './git/tracked-files.ts';

const LFS_POINTER = 'version https://git-lfs.github.com/spec/v1';
const MAX_POINTER_BYTES = 1024;
const NAMED = 5;

/** A path that may not be written, and why; the reason completes "Cannot edit <path>: ...". */
export interface RefusedPath {
  readonly path: string;
  readonly reason: string;
}

/** Those of `paths` that may not be changed on top of `commit`, in their order. */
export async function findUnwritable(
  repository: Repository,
  commit: string,
  paths: readonly string[],
): Promise<readonly RefusedPath[]> {
  const tracked = await listTrackedFiles(repository.top, commit);
  const byPath = new Map(tracked.map((file) => [file.path, file]));
  const doubles = findDoubles(tracked);
  const files = paths.flatMap((path) => byPath.get(path) ?? []);
  const filters = await readFilters(
    repository,
    commit,
    paths.filter((path) => byPath.has(path)),
  );
  const contents = await inspectBlobs(repository, files);
  return paths.flatMap((path) => {
    const file = byPath.get(path);
    const reason =
      pathProblem(path) ??
      (file === undefined ? missingReason(path, byPath) : kindReason(file)) ??
      (doubles.has(foldName(path)) ? 'another tracked file differs from it only in case' : null) ??
      filterReason(filters.get(path)) ??
      contents.get(file?.object ?? '') ??
      null;
    return reason === null ? [] : [{ path, reason }];
  });
}

/** Throws `path-refused`, naming the first few, unless every one of `paths` may be changed. */
export async function assertWritable(
  repository: Repository,
  commit: string,
  paths: readonly string[],
): Promise<void> {
  const refused = await findUnwritable(repository, commit, paths);
  const first = refused[0];
  if (first === undefined) return;
  const more = refused.length > 1 ? ` (and ${refused.length - 1} more)` : '';
  const message = `Cannot edit ${JSON.stringify(first.path)}: ${first.reason}${more}`;
  throw new SkeinError('path-refused', message, {
    fix: 'Leave these files out of the change, or change them by hand first.',
    details: { refused: refused.slice(0, NAMED), count: refused.length },
  });
}

function missingReason(path: string, byPath: ReadonlyMap<string, TrackedFile>): string {
  const names = path.split('/');
  for (let end = 1; end < names.length; end += 1) {
    const kind = byPath.get(names.slice(0, end).join('/'))?.kind;
    if (kind === 'submodule') return 'it is in a submodule';
    if (kind === 'symlink') return 'a folder above it is a symlink';
  }
  return 'git does not track it';
}

function kindReason({ kind, nameIsUtf8 }: TrackedFile): string | null {
  if (!nameIsUtf8) return 'its name is not valid UTF-8';
  if (kind === 'symlink') return 'it is a symlink';
  return kind === 'submodule' ? 'it is a submodule' : null;
}

function filterReason(filter: string | undefined): string | null {
  if (filter === undefined) return null;
  return filter === 'lfs' ? 'it is kept in Git LFS' : `git passes it through the filter ${filter}`;
}

// file systems that ignore case also take composed and decomposed letters for the same
const foldName = (path: string): string => path.normalize('NFC').toLowerCase();

function findDoubles(files: readonly TrackedFile[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const doubles = new Set<string>();
  for (const { path } of files) {
    const name = foldName(path);
    if (seen.has(name)) doubles.add(name);
    seen.add(name);
  }
  return doubles;
}

/** The `filter` attribute of each path as the commit says, whatever lies in the working tree. */
async function readFilters(
  repository: Repository,
  commit: string,
  paths: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (paths.length === 0) return new Map();
  const input = paths.map((path) => `${path}\0`).join('');
  const args = ['check-attr', '-z', '--cached', '--stdin', 'filter'];
  const { stdout } = await withScratchIndex(repository, commit, ({ git }) => git(args, { input }));
  const fields = stdout.toString('utf8').split('\0');
  const filters = new Map<string, string>();
  for (let at = 0; at + 2 < fields.length; at += 3) {
    const [path = '', , value = ''] = fields.slice(at, at + 3);
    if (value !== 'unspecified' && value !== 'unset') filters.set(path, value);
  }
  return filters;
}

/** Reasons that lie in the content, by object id. */
async function inspectBlobs(
  { top }: Repository,
  files: readonly TrackedFile[],
): Promise<ReadonlyMap<string, string>> {
  const blobs = files.filter(({ kind }) => kind === 'file' || kind === 'executable');
  const reasons = new Map<string, string>();
  const small: string[] = [];
  const ask = ['cat-file', '--batch-check=%(objectname) %(objectsize)'];
  const input = blobs.map(({ object }) => `${object}\n`).join('');
  for (const line of (await runGit({ cwd: top, args: ask, input })).stdout.toString().split('\n')) {
    const [object = '', size = ''] = line.split(' ');
    if (Number(size) > MAX_EDIT_BYTES) {
      reasons.set(object, `it is larger than ${MAX_EDIT_BYTES} bytes`);
    } else if (size !== '' && Number(size) <= MAX_POINTER_BYTES) small.push(object);
  }
  const pointers = await findPointers(top, small);
  for (const object of pointers) reasons.set(object, 'it is a Git LFS pointer');
  return reasons;
}

async function findPointers(top: string, objects: readonly string[]): Promise<readonly string[]> {
  const input = objects.map((object) => `${object}\n`).join('');
  const { stdout } = await runGit({ cwd: top, args: ['cat-file', '--batch'], input });
  const found: string[] = [];
  let at = 0;
  for (const object of objects) {
    // "<id> blob <size>\n<content>\n"
    const end = stdout.indexOf(10, at);
    const size = Number(stdout.subarray(at, end).toString('latin1').split(' ')[2]);
    if (
      stdout
        .subarray(end + 1, end + 1 + size)
        .toString('latin1')
        .startsWith(LFS_POINTER)
    ) {
      found.push(object);
    }
    at = end + 1 + size + 1;
  }
  return found;
}
