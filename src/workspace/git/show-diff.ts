/** Diffs as text, the same on every machine whatever the user's diff settings, without programs. */
import { WORKTREE_SETTINGS } from './git-environment.ts';
import { runGit } from './run-git.ts';

const FLAGS = [
  '--no-ext-diff',
  '--no-textconv',
  '--no-color',
  '--no-renames',
  '--inter-hunk-context=0',
  '--src-prefix=a/',
  '--dst-prefix=b/',
  '--submodule=short',
  // Whether a submodule is dirty is asked of a git within it: with settings of the submodule's own, which
  // a check may have written and which name programs. An option wins over what .gitmodules says.
  '--ignore-submodules=dirty',
];
const MAX_NAMED = 200;

/** What to compare. Without `to` it is the files of the worktree at `cwd`. */
export interface DiffRequest {
  /** A folder of the repository, or the worktree. */
  readonly cwd: string;
  readonly base: string;
  readonly to?: string;
  /** Only these paths, taken literally; none means all. */
  readonly paths?: readonly string[];
}

/** The unified diff, as bytes: files may hold any encoding. Empty when nothing differs. */
export async function showDiff(request: DiffRequest): Promise<Buffer> {
  return (await diff(request, ['--unified=3'])).stdout;
}

/** Each entry that differs with modes and object ids, as `--raw -z` prints it. */
export async function showRawDiff(request: DiffRequest): Promise<Buffer> {
  return (await diff(request, ['--raw', '-z', '--no-abbrev'])).stdout;
}

/** A tracked file that differs; `status` is git's letter (M, A, D, T). */
export interface ChangedFile {
  readonly path: string;
  readonly status: string;
}

/** What to compare, and paths that may differ: they are neither counted nor named. */
export interface ChangedRequest extends DiffRequest {
  readonly besides?: readonly string[];
}

/** The tracked files that differ, all of them counted and the first 200 named. */
export async function listChangedFiles({
  besides = [],
  ...request
}: ChangedRequest): Promise<{ readonly count: number; readonly files: readonly ChangedFile[] }> {
  const { stdout } = await diff(request, ['--name-status', '-z']);
  const fields = stdout.toString('utf8').split('\0').slice(0, -1);
  const expected = new Set(besides);
  const files: ChangedFile[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const [status = '', path = ''] = fields.slice(at, at + 2);
    if (!expected.has(path)) files.push({ status, path });
  }
  return { count: files.length, files: files.slice(0, MAX_NAMED) };
}

function diff({ cwd, base, to, paths }: DiffRequest, more: readonly string[]) {
  const commits = to === undefined ? [base] : [base, to];
  return runGit({
    cwd,
    args: ['--literal-pathspecs', 'diff', ...FLAGS, ...more, ...commits, '--', ...(paths ?? [])],
    settings: [...WORKTREE_SETTINGS, 'diff.orderFile=/dev/null'],
  });
}
