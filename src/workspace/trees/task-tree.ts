/**
 * What a task left, in git before the task may be called done: a tree of its base with exactly the
 * files that it wrote, held by a ref of its own, so that neither git's clean-up nor the end of the
 * worktree takes it away. It is on no branch, and no hook runs.
 */
import { SkeinError } from '#protocol/errors.ts';
import { explainGitFailure } from '#workspace/git/git-failure.ts';
import type { Repository } from '#workspace/git/open-repository.ts';
import { runGit } from '#workspace/git/run-git.ts';
import { storeChange, type WorktreeChange } from '#workspace/git/scratch-tree.ts';
import { isMadeTree } from './known-objects.ts';
import { oneAtTime } from '#workspace/one-at-time.ts';
import type { EffectState } from '#workspace/workspace.ts';

/** The tree that a task left, and the ref that keeps it; plain data, fit for an intent. */
export interface TaskTree {
  readonly tree: string;
  /** As `taskTreeRef` makes it. */
  readonly ref: string;
}

/** What the tree is made of: `files` may be empty, then it is the tree of `base`. */
export interface TaskTreeRequest extends WorktreeChange {
  readonly ref: string;
}

/** A tree to keep; `expectedOld` is what an earlier attempt left there (absent or null: nothing). */
export interface TaskTreeMove extends TaskTree {
  readonly expectedOld?: string | null;
}

const ROOT = 'refs/skein';
const MISSION = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/u;
const REF = /^refs\/skein\/[A-Za-z0-9][A-Za-z0-9_-]{0,63}\/[1-9]\d{0,5}$/u;

/** Others that pack or prune refs are waited for this long, not refused at once. */
const LOCK_SETTINGS: readonly string[] = [
  'core.filesRefLockTimeout=5000',
  'core.packedRefsTimeout=10000',
  'core.fsync=committed,reference',
];

/** The ref of the task `number` (from 1) of a mission; throws `usage` for what names no ref. */
export function taskTreeRef(mission: string, number: number): string {
  const ref = `${ROOT}/${mission}/${number}`;
  assertTaskRef(ref);
  return ref;
}

/**
 * Writes the objects; moves no ref. The same files give the same tree, so it may be done again.
 * Throws `edit-conflict` when a file is no longer what was written, `usage` for a wrong ref.
 */
export async function prepareTaskTree(
  repository: Repository,
  { ref, ...change }: TaskTreeRequest,
): Promise<TaskTree> {
  assertTaskRef(ref);
  const { tree } = await storeChange(repository, change);
  return { tree, ref };
}

/**
 * Points the ref at the tree and returns when that is durable; done twice it is the same. Throws
 * `conflict` when the ref is elsewhere, `workspace-failed` when the tree's objects are gone.
 */
export async function keepTaskTree(repository: Repository, move: TaskTreeMove): Promise<void> {
  const { tree, ref, expectedOld = null } = move;
  assertTaskRef(ref);
  // git itself refuses a ref to what is not there, and what was just made of files is a tree
  if (!isMadeTree(repository, tree)) await assertTree(repository, tree);
  await inTurn(repository, async () => {
    const old = expectedOld ?? '0'.repeat(tree.length);
    // a symbolic ref of that name must not lead to a branch of the person
    const args = ['update-ref', '--no-deref', ref, tree, old];
    const answer = await runGit({
      cwd: repository.top,
      args,
      settings: LOCK_SETTINGS,
      okCodes: [0, 1, 128],
    });
    if (answer.code === 0) return;
    const now = await readTaskRef(repository, ref);
    if (now === tree) return;
    await assertTree(repository, tree);
    if (now === expectedOld) throw explainGitFailure({ args, cwd: repository.top, ...answer });
    throw new SkeinError('conflict', `Cannot keep the tree of a task: ${ref} is at ${now}`, {
      fix: `Look what it is: git cat-file -p ${ref}`,
      details: { ref, tree, expectedOld, now },
    });
  });
}

/** Whether the tree is kept: the ref is at it (done), where it was before (not done), or elsewhere. */
export async function probeTaskTree(
  repository: Repository,
  { tree, ref, expectedOld = null }: TaskTreeMove,
): Promise<EffectState> {
  assertTaskRef(ref);
  const now = await readTaskRef(repository, ref);
  if (now === tree) return 'done';
  return now === expectedOld ? 'not-done' : 'unknown';
}

/** What is kept of a mission, by the number of the task; without a mission: of all of them. */
export async function listTaskTrees(
  repository: Repository,
  mission?: string,
): Promise<readonly TaskTree[]> {
  if (mission !== undefined) assertMission(mission);
  const folder = mission === undefined ? `${ROOT}/` : `${ROOT}/${mission}/`;
  const args = ['for-each-ref', '--sort=version:refname', '--format=%(objectname) %(refname)'];
  const { stdout } = await runGit({ cwd: repository.top, args: [...args, folder] });
  return stdout
    .toString('utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .flatMap(([tree = '', ref = '']) => (REF.test(ref) ? [{ tree, ref }] : []));
}

/** Lets go of all trees of a mission; git collects them in its own time. None is fine. */
export function removeTaskTrees(repository: Repository, mission: string): Promise<void> {
  assertMission(mission);
  return inTurn(repository, async () => {
    const kept = await listTaskTrees(repository, mission);
    if (kept.length === 0) return;
    const lines = kept.map(({ ref, tree }) => `option no-deref\ndelete ${ref} ${tree}\n`);
    await runGit({
      cwd: repository.top,
      args: ['update-ref', '--stdin'],
      input: lines.join(''),
      settings: LOCK_SETTINGS,
    });
  });
}

/** Calls on the refs of one repository wait for each other: git gives up on a lock that is held. */
const inTurn = (repository: Repository, task: () => Promise<void>): Promise<void> =>
  oneAtTime(`${repository.commonDir}/${ROOT}`, task);

function assertTaskRef(ref: string): void {
  if (REF.test(ref)) return;
  throw new SkeinError('usage', `Cannot keep the tree of a task at ${JSON.stringify(ref)}`, {
    fix: `A ref has the form ${ROOT}/<mission>/<number of the task>.`,
  });
}

function assertMission(mission: string): void {
  if (MISSION.test(mission)) return;
  throw new SkeinError('usage', `Cannot name the trees of mission ${JSON.stringify(mission)}`);
}

/** The object that the ref names, or null: no such ref, or its object is gone. */
async function readTaskRef(repository: Repository, ref: string): Promise<string | null> {
  const args = ['show-ref', '--verify', '--hash', ref];
  const { code, stdout } = await runGit({ cwd: repository.top, args, okCodes: [0, 1, 128] });
  return code === 0 ? stdout.toString().trim() : null;
}

async function assertTree(repository: Repository, tree: string): Promise<void> {
  const args = ['cat-file', '-t', tree];
  const { code, stdout } = await runGit({ cwd: repository.top, args, okCodes: [0, 1, 128] });
  if (code === 0 && stdout.toString().trim() === 'tree') return;
  throw new SkeinError('workspace-failed', `Cannot keep the tree of a task: ${tree} is not there`, {
    fix: 'Something removed it before it was held by its ref (such as git gc); resume to store it again.',
  });
}
