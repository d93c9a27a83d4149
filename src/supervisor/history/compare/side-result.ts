/** What a mission made of the files, or would make while it waits: by path, with lines counted by git. */
import type { BlobReference, Ledger } from '#ledger/ledger.ts';
import { toSkeinError } from '#protocol/errors.ts';
import { findCommit } from '#workspace/blame/commit-facts.ts';
import type { Repository } from '#workspace/git/open-repository.ts';
import { writeChangeTree } from '#workspace/git/scratch-tree.ts';
import { countLines } from '#workspace/trees/line-counts.ts';
import type { MissionState, PlanState } from '../../mission-reducer.ts';
import { readContents } from '../../plan-contents.ts';
import { editsOf, recordedCommit } from '../mission-facts.ts';
import { inOrder } from '../mission-tree.ts';

/** The files of a mission. */
export interface SideResult {
  /** Whether they were written, or are only planned. */
  readonly state: 'written' | 'planned' | 'none';
  readonly files: readonly SideFile[];
  /** The git tree or commit of the result; null when it can't be made. */
  readonly tree: string | null;
  /** Why something can't be told, in whole sentences. */
  readonly notes: readonly string[];
}

/** A changed file: SHA-256 of its content, lines against the base (null = they can't be counted). */
export interface SideFile {
  readonly path: string;
  readonly hash: string;
  readonly added: number | null;
  readonly removed: number | null;
}

type ChangedFile = Pick<SideFile, 'path' | 'hash'>;

/** A mission and its state. */
interface ReadMission {
  readonly mission: string;
  readonly state: MissionState;
}

/** Reads what there is; what is missing of it is said in `notes`. */
export async function readResult(
  ledger: Pick<Ledger, 'read' | 'blobs'>,
  mission: ReadMission,
  repository: Repository | undefined,
): Promise<SideResult> {
  const found = filesOf(ledger, mission);
  const { state, files, base, gitCommit, notes } = found;
  if (files.length === 0) return { state, files: [], tree: gitCommit ?? base, notes };
  if (repository === undefined) {
    const why = 'The repository is not here: lines are not counted.';
    return { state, files: uncounted(files), tree: null, notes: [...notes, why] };
  }
  const made = await treeOf(ledger, repository, found);
  if (made.tree === null) {
    return { state, files: uncounted(files), tree: null, notes: [...notes, made.why] };
  }
  const counts = await countLines({ cwd: repository.top, from: base, to: made.tree });
  const counted = files.map(({ path, hash }): SideFile => {
    const { added = null, removed = null } = counts.get(path) ?? {};
    return { path, hash, added, removed };
  });
  return { state, files: counted, tree: made.tree, notes };
}

const uncounted = (files: readonly ChangedFile[]): readonly SideFile[] =>
  files.map(({ path, hash }) => ({ path, hash, added: null, removed: null }));

interface FoundFiles {
  readonly state: SideResult['state'];
  readonly files: readonly ChangedFile[];
  readonly base: string;
  readonly gitCommit: string | null;
  readonly notes: readonly string[];
}

/** By the record: what edits wrote; before there are any, what the plan says. */
function filesOf(
  { read, blobs }: Pick<Ledger, 'read' | 'blobs'>,
  { mission, state: { base, plan: planId } }: ReadMission,
): FoundFiles {
  const gitCommit = recordedCommit(read, mission);
  const written = new Map(
    inOrder(read, editsOf(read, mission)).map(({ intent }) => {
      const { path, after } = intent as unknown as EditIntent;
      return [path, { path, hash: after.hash }];
    }),
  );
  if (written.size > 0) {
    const files = [...written.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
    return { state: 'written', files, base, gitCommit, notes: [] };
  }
  const plan = read.entity('plan', planId ?? '')?.body;
  const none = { state: 'none', files: [], base, gitCommit } as const;
  if (plan === undefined) return { ...none, notes: [] };
  try {
    const { edits } = readContents(blobs, (plan as PlanState).contents);
    const files = edits.map(({ path, after }) => ({ path, hash: after.hash }));
    return { state: 'planned', files, base, gitCommit, notes: [] };
  } catch (thrown) {
    return { ...none, notes: [`What was planned is not here: ${toSkeinError(thrown).message}.`] };
  }
}

interface EditIntent {
  readonly path: string;
  readonly after: BlobReference;
}

type MadeTree = { readonly tree: string } | { readonly tree: null; readonly why: string };

/** Of its git commit; else of the base with the contents that the record has. */
async function treeOf(
  { blobs }: Pick<Ledger, 'blobs'>,
  repository: Repository,
  { files, base, gitCommit }: FoundFiles,
): Promise<MadeTree> {
  const has = async (commit: string): Promise<boolean> =>
    (await findCommit(repository.top, commit)) !== undefined;
  if (!(await has(base))) {
    return { tree: null, why: `Its base, git commit ${base}, is not in the repository any more.` };
  }
  if (gitCommit !== null && (await has(gitCommit))) return { tree: gitCommit };
  try {
    const contents = files.map(({ path, hash }) => ({ path, bytes: blobs.get(hash) }));
    return { tree: await writeChangeTree(repository, base, contents) };
  } catch (thrown) {
    const { name, message } = toSkeinError(thrown);
    if (name !== 'blob-missing' && name !== 'record-damaged') throw thrown;
    return { tree: null, why: `Lines are not counted: ${message}.` };
  }
}
