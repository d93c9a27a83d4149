/** The files of a mission at a moment, as a diff or as a folder: real bytes or none at all. */
import type { Ledger } from '#ledger/ledger.ts';
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import type { Repository } from '#workspace/git/open-repository.ts';
import { runGit } from '#workspace/git/run-git.ts';
import { writeChangeTree } from '#workspace/git/scratch-tree.ts';
import { showDiff } from '#workspace/git/show-diff.ts';
import { checkOut } from '#workspace/trees/check-out.ts';
import type { MissionTree, TreeFile } from './mission-tree.ts';

/** A file whose content at that moment is not here any more, and why. */
export interface MissingFile {
  readonly path: string;
  readonly hash: string;
  readonly why: string;
}

/** What a mission had changed by then. `missing` files are not in the diff. */
export interface DiffThen {
  readonly diff: string;
  readonly missing: readonly MissingFile[];
}

/** A folder that was written, or (`folder` null) what is missing for it: then nothing was. */
export interface WrittenThen {
  readonly folder: string | null;
  readonly missing: readonly MissingFile[];
  /** Edited files that git checks out otherwise now than then: others may differ as well. */
  readonly differing: readonly string[];
}

/** The unified diff from the base to the moment. */
export async function diffThen(
  blobs: Ledger['blobs'],
  tree: MissionTree,
  repository: Repository,
): Promise<DiffThen> {
  const { base, gitCommit } = tree;
  await assertBase(repository, base);
  const made = gitCommit !== null && (await hasCommit(repository, gitCommit)) ? gitCommit : null;
  const { files, missing } = made === null ? readFiles(blobs, tree.files) : NOTHING;
  const to = made ?? (await writeChangeTree(repository, base, files));
  const diff = await showDiff({ cwd: repository.top, base, to });
  return { diff: diff.toString('utf8'), missing };
}

/**
 * Writes the files into `folder`, an absolute path that is new or an empty folder. Throws what
 * `checkOut` throws.
 */
export async function writeThen(
  blobs: Ledger['blobs'],
  tree: MissionTree,
  { repository, folder }: { readonly repository: Repository; readonly folder: string },
): Promise<WrittenThen> {
  const { base, gitCommit } = tree;
  if (gitCommit !== null && (await hasCommit(repository, gitCommit))) {
    const written = await checkOut(repository, { commit: gitCommit, files: [], folder });
    return { ...written, missing: [] };
  }
  await assertBase(repository, base);
  const { files, missing } = readFiles(blobs, tree.files);
  if (missing.length > 0) return { folder: null, missing, differing: [] };
  if (gitCommit === null) {
    return { ...(await checkOut(repository, { commit: base, files, folder })), missing };
  }
  // Its git commit is gone (a removed branch, then git's clean-up): the record has what it held.
  const commit = await writeChangeTree(repository, base, files);
  if (commit !== tree.gitTree) throw otherTree(gitCommit, commit);
  return { ...(await checkOut(repository, { commit, files: [], folder })), missing };
}

const NOTHING = { files: [], missing: [] } as const;

interface ReadFiles {
  readonly files: readonly { readonly path: string; readonly baseHash: string; bytes: Buffer }[];
  readonly missing: readonly MissingFile[];
}

function readFiles(blobs: Ledger['blobs'], wanted: readonly TreeFile[]): ReadFiles {
  const files = [];
  const missing: MissingFile[] = [];
  for (const { path, baseHash, hash } of wanted) {
    try {
      files.push({ path, baseHash, bytes: blobs.get(hash) });
    } catch (thrown) {
      const { name, message } = toSkeinError(thrown);
      if (name !== 'blob-missing' && name !== 'record-damaged') throw thrown;
      missing.push({ path, hash, why: message });
    }
  }
  return { files, missing };
}

async function hasCommit({ top }: Repository, commit: string): Promise<boolean> {
  const args = ['cat-file', '-e', `${commit}^{commit}`];
  return (await runGit({ cwd: top, args, okCodes: [0, 1, 128] })).code === 0;
}

async function assertBase(repository: Repository, base: string): Promise<void> {
  if (await hasCommit(repository, base)) return;
  throw new SkeinError(
    'not-found',
    `Cannot find the files: git commit ${base}, which the mission started from, is not in ${repository.top}`,
    { fix: 'Bring it back, for example: git fetch' },
  );
}

const otherTree = (gitCommit: string, tree: string): SkeinError =>
  new SkeinError(
    'git-failed',
    `Cannot write the files of git commit ${gitCommit}: it is gone, and what the record holds gives another tree (${tree})`,
    { fix: 'Settings of the repository (line ends, filters) have changed since.' },
  );
