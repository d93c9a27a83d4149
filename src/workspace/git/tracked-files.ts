/** What a git commit holds: its files with their kinds, and the bytes of one of them. */
import { isUtf8 } from 'node:buffer';
import { SkeinError } from '#protocol/errors.ts';
import { runGit } from './run-git.ts';

/** The kind of a tracked entry; git knows no others. */
export type TrackedKind = 'file' | 'executable' | 'symlink' | 'submodule';

/** One tracked entry. `path` is relative with `/`; a name that isn't UTF-8 is shown, not usable. */
export interface TrackedFile {
  readonly path: string;
  readonly kind: TrackedKind;
  readonly object: string;
  readonly nameIsUtf8: boolean;
}

const KINDS: Readonly<Record<string, TrackedKind>> = {
  '100644': 'file',
  '100755': 'executable',
  '120000': 'symlink',
  '160000': 'submodule',
};

/** All entries of `commit` (default HEAD) of the repository or worktree at `root`, by path. */
export async function listTrackedFiles(
  root: string,
  commit = 'HEAD',
): Promise<readonly TrackedFile[]> {
  const args = ['ls-tree', '-r', '-z', '--full-tree', commit];
  const { stdout } = await runGit({ cwd: root, args });
  return splitAtZero(stdout).map(parseEntry);
}

/** `bytes` cut at each NUL; what `-z` of git prints, names of any encoding included. */
export function splitAtZero(bytes: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  let start = 0;
  for (let end = bytes.indexOf(0); end !== -1; end = bytes.indexOf(0, start)) {
    parts.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return parts;
}

/** The bytes of the file `path` in `commit`, or null when it is not there (or no file). */
export async function readTrackedFile(
  root: string,
  commit: string,
  path: string,
): Promise<Buffer | null> {
  const found = await findTrackedFile(root, commit, path);
  return found?.kind === 'file' || found?.kind === 'executable' ? readObject(root, found) : null;
}

/** What `commit` has at `path`, undefined when it has nothing there; a folder is `null`. */
export async function findTrackedFile(
  root: string,
  commit: string,
  path: string,
): Promise<TrackedFile | null | undefined> {
  const args = ['ls-tree', '-z', '--full-tree', commit, '--', path];
  const [line] = splitAtZero((await runGit({ cwd: root, args })).stdout);
  if (line === undefined) return undefined;
  return line.subarray(0, 3).toString('latin1') === '040' ? null : parseEntry(line);
}

/** The bytes of a tracked file. */
export const readObject = async (
  root: string,
  { object }: Pick<TrackedFile, 'object'>,
): Promise<Buffer> => (await runGit({ cwd: root, args: ['cat-file', 'blob', object] })).stdout;

function parseEntry(line: Buffer): TrackedFile {
  const tab = line.indexOf(9);
  const [mode = '', , object = ''] = line.subarray(0, tab).toString('latin1').split(' ');
  const name = line.subarray(tab + 1);
  // old repositories hold other file modes, such as 100664
  const kind = KINDS[mode] ?? (mode.startsWith('100') ? 'file' : undefined);
  if (kind === undefined) {
    throw new SkeinError('git-failed', `Cannot read a git tree: unknown mode ${mode}`);
  }
  return { path: name.toString('utf8'), kind, object, nameIsUtf8: isUtf8(name) };
}
