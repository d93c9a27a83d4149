/**
 * Looks at the repository a person named and says what it is: where its top and its git folders
 * are, which commit is the base, what is unusual about it. What can't be worked with is refused
 * here, before anything is planned. Nothing is written, not even git's index.
 */
import { existsSync, lstatSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SkeinError } from '#protocol/errors.ts';
import { explainGitFailure } from './git-failure.ts';
import { gitText, runGit } from './run-git.ts';
import {
  assertGitVersion,
  findOperation,
  isSparse,
  listDirty,
  type DirtyState,
  type GitOperation,
} from './repository-state.ts';

const MAX_ATTRIBUTES_BYTES = 1024 * 1024;

/** A repository as it was when it was opened. All paths are absolute and without symlinks. */
export interface Repository {
  /** The folder of the working tree. */
  readonly top: string;
  /** The git folder of this working tree (differs from `commonDir` in a linked worktree). */
  readonly gitDir: string;
  /** The git folder that all worktrees share: the identity of the repository on this disk. */
  readonly commonDir: string;
  /** The commit of HEAD: the base of the work. */
  readonly head: string;
  /** The short name of the branch that HEAD is on, or null when it is detached. */
  readonly branch: string | null;
  readonly objectFormat: 'sha1' | 'sha256';
  readonly dirty: DirtyState;
  readonly shallow: boolean;
  readonly sparse: boolean;
  readonly operation: GitOperation | null;
  readonly gitVersion: string;
  /** Whole sentences for the person, such as what is not included. */
  readonly warnings: readonly string[];
}

/**
 * Opens the repository that holds `path` (a folder in it will do). Throws `git-missing`,
 * `repository-not-found`, or `repository-unsupported` (bare, no commits, another owner).
 */
export async function openRepository(path: string): Promise<Repository> {
  const folder = existingFolder(path);
  const gitVersion = await assertGitVersion(folder);
  const top = await findTop(folder);
  const { gitDir, commonDir, format, shallow } = await findFolders(top);
  const head = await findHead(top);
  const [branch, sparse, dirty] = await Promise.all([
    findBranch(top),
    isSparse(top),
    listDirty(top).catch(unlisted),
  ]);
  const facts = {
    top,
    gitDir,
    commonDir,
    head,
    branch,
    dirty,
    sparse,
    gitVersion,
    objectFormat: format === 'sha256' ? ('sha256' as const) : ('sha1' as const),
    shallow: shallow === 'true',
    operation: findOperation(gitDir),
  };
  return { ...facts, warnings: warningsOf(facts) };
}

function existingFolder(path: string): string {
  try {
    const folder = realpathSync(path);
    if (statSync(folder).isDirectory()) return folder;
  } catch (cause) {
    const message = `Cannot open a repository at ${path}: there is no such folder`;
    throw new SkeinError('repository-not-found', message, { cause });
  }
  throw new SkeinError(
    'repository-not-found',
    `Cannot open a repository at ${path}: it is a file`,
    {
      fix: 'Name a folder inside a git repository.',
    },
  );
}

async function findTop(folder: string): Promise<string> {
  const asked = ['rev-parse', '--is-bare-repository', '--is-inside-work-tree', '--show-toplevel'];
  const answer = await runGit({ cwd: folder, args: asked, okCodes: [0, 128] });
  // where there is no working tree the first two are answered, and the third fails
  const [bare, inside, ...top] = answer.stdout.toString('utf8').split('\n');
  if (inside === undefined) throw notFound(folder, answer.stderr);
  if (inside !== 'true' || answer.code !== 0) {
    const state = bare === 'true' ? 'it is bare (it has no working tree)' : 'it is a git folder';
    throw new SkeinError('repository-unsupported', `Cannot work in ${folder}: ${state}`, {
      fix: 'Name a folder of a working tree: clone it, or use git worktree add.',
    });
  }
  return realpathSync(top.join('\n').replace(/\n$/u, ''));
}

interface Folders {
  readonly gitDir: string;
  readonly commonDir: string;
  readonly format: string;
  readonly shallow: string;
}

/** What git says of the repository at `top`, in one call: each call of git costs some milliseconds. */
async function findFolders(top: string): Promise<Folders> {
  const asked = [
    '--git-dir',
    '--git-common-dir',
    '--show-object-format',
    '--is-shallow-repository',
  ];
  const lines = (await gitText({ cwd: top, args: ['rev-parse', ...asked] })).split('\n');
  const [gitDir = '', commonDir = '', format = '', shallow = ''] = lines;
  const real = (folder: string): string => realpathSync(resolve(top, folder));
  return { gitDir: real(gitDir), commonDir: real(commonDir), format, shallow };
}

function notFound(folder: string, stderr: string): SkeinError {
  if (/not a git repository/u.test(stderr)) {
    const message = `Cannot open a repository at ${folder}: it is not in a git repository`;
    return new SkeinError('repository-not-found', message, {
      fix: 'Name a folder inside a git repository, or make one: git init, git add, git commit.',
    });
  }
  return explainGitFailure({ args: ['rev-parse'], cwd: folder, code: 128, stderr });
}

const UNLISTED: DirtyState = { paths: [], count: 0, trackedCount: 0 };

/** A broken filter of the person's stops git status; the base commit can be used all the same. */
function unlisted(error: unknown): DirtyState {
  if (error instanceof SkeinError && error.name === 'git-failed') return UNLISTED;
  throw error;
}

async function findHead(top: string): Promise<string> {
  const args = ['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'];
  const { code, stdout } = await runGit({ cwd: top, args, okCodes: [0, 1, 128] });
  if (code === 0) return stdout.toString().trim();
  throw new SkeinError('repository-unsupported', `Cannot work in ${top}: it has no commits yet`, {
    fix: 'Make the first one: git add . && git commit -m "Start".',
  });
}

async function findBranch(top: string): Promise<string | null> {
  const args = ['symbolic-ref', '--quiet', 'HEAD'];
  const { code, stdout } = await runGit({ cwd: top, args, okCodes: [0, 1] });
  if (code !== 0) return null;
  return stdout
    .toString()
    .trim()
    .replace(/^refs\/heads\//u, '');
}

function usesLfs(top: string): boolean {
  const file = join(top, '.gitattributes');
  const stats = lstatSync(file, { throwIfNoEntry: false });
  if (stats?.isFile() !== true || stats.size > MAX_ATTRIBUTES_BYTES) return false;
  return /\bfilter=lfs\b/u.test(readFileSync(file, 'utf8'));
}

function warningsOf(facts: Omit<Repository, 'warnings'>): readonly string[] {
  const { dirty } = facts;
  return [
    dirty === UNLISTED
      ? 'Uncommitted changes could not be listed (git status fails); they are not included.'
      : null,
    dirty.count === 0
      ? null
      : `${dirty.count} uncommitted change(s) are not included: ` +
        `the work starts from the git commit ${facts.head.slice(0, 12)}.`,
    facts.branch === null ? 'HEAD is detached: there is no branch to merge into.' : null,
    facts.operation === null
      ? null
      : `A ${facts.operation} is in progress: the work starts from HEAD, and --merge will refuse.`,
    existsSync(join(facts.top, '.gitmodules'))
      ? 'Submodules are not checked out in the worktree, and files in them are not changed.'
      : null,
    usesLfs(facts.top) ? 'Files in Git LFS are pointers in the worktree, and not changed.' : null,
    facts.sparse ? 'The checkout is sparse: the work is done on the whole tree.' : null,
  ].filter((warning) => warning !== null);
}
