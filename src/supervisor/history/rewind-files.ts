/** The files of a mission at a moment, as a diff or as a folder: real bytes or none at all. */
import type { Ledger } from '#ledger/ledger.ts';
import { prunedNotes, type PrunedNote } from '#ledger/prune/pruned-mission.ts';
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import type { Repository } from '#workspace/git/open-repository.ts';
import { runGit } from '#workspace/git/run-git.ts';
import { writeChangeTree } from '#workspace/git/scratch-tree.ts';
import { showDiff } from '#workspace/git/show-diff.ts';
import { checkOut, type EditedFile } from '#workspace/trees/check-out.ts';
import type { Rewound } from './rewind.ts';

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

/** A mission as it was gone back in. */
type Then = Pick<Rewound, 'mission' | 'tree'>;

/** The unified diff from the base to the moment. */
export async function diffThen(
  ledger: Pick<Ledger, 'blobs' | 'read'>,
  then: Then,
  repository: Repository,
): Promise<DiffThen> {
  const { base, gitCommit } = then.tree;
  await assertBase(repository, base);
  const made = gitCommit !== null && (await hasCommit(repository, gitCommit)) ? gitCommit : null;
  const { files, missing } = made === null ? readFiles(ledger, then) : NOTHING;
  const to = made ?? (await writeChangeTree(repository, base, files));
  const diff = await showDiff({ cwd: repository.top, base, to });
  return { diff: diff.toString('utf8'), missing };
}

/**
 * Writes the files into `folder`, an absolute path that is new or an empty folder. Throws what
 * `checkOut` throws.
 */
export async function writeThen(
  ledger: Pick<Ledger, 'blobs' | 'read'>,
  then: Then,
  { repository, folder }: { readonly repository: Repository; readonly folder: string },
): Promise<WrittenThen> {
  const { base, gitCommit, gitTree } = then.tree;
  if (gitCommit !== null && (await hasCommit(repository, gitCommit))) {
    const written = await checkOut(repository, { commit: gitCommit, files: [], folder });
    return { ...written, missing: [] };
  }
  await assertBase(repository, base);
  const { files, missing } = readFiles(ledger, then);
  if (missing.length > 0) return { folder: null, missing, differing: [] };
  if (gitCommit === null) {
    return { ...(await checkOut(repository, { commit: base, files, folder })), missing };
  }
  // Its git commit is gone (a removed branch, then git's clean-up): the record has what it held.
  const commit = await writeChangeTree(repository, base, files);
  if (commit !== gitTree) throw otherTree(gitCommit, commit);
  return { ...(await checkOut(repository, { commit, files: [], folder })), missing };
}

const NOTHING = { files: [], missing: [] } as const;

interface ReadFiles {
  readonly files: readonly EditedFile[];
  readonly missing: readonly MissingFile[];
}

function readFiles({ blobs, read }: Pick<Ledger, 'blobs' | 'read'>, then: Then): ReadFiles {
  const files: EditedFile[] = [];
  const missing: MissingFile[] = [];
  for (const { path, baseHash, hash } of then.tree.files) {
    try {
      files.push({ path, baseHash, bytes: blobs.get(hash) });
    } catch (thrown) {
      const error = toSkeinError(thrown);
      if (!GONE.has(error.name)) throw thrown;
      missing.push({ path, hash, why: whyGone(error, prunedNotes(read, then.mission)[0]) });
    }
  }
  return { files, missing };
}

const GONE = new Set(['blob-missing', 'record-damaged']);

/** What is damaged is not called pruned, though other things of the mission may have been. */
function whyGone({ name, message }: SkeinError, note: PrunedNote | undefined): string {
  if (name !== 'blob-missing' || note === undefined) return message;
  return `it was pruned on ${note.time} (record.pruned ${note.event})`;
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
