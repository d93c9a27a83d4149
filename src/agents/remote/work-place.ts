/**
 * Where a worker does what another node sent it: a bare repository for each space, and for each task a
 * folder with the files of its edits, which goes when the tree is made. What was made is held by a ref
 * of its own, also when nobody wants it any more.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '#lib/sha256.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { HandedOver, WorkOrder } from '#tasks/requests/work-order.ts';
import type { EditJudge, ProposedEdit } from '#workspace/apply-edit.ts';
import {
  heldTrees,
  holdTree,
  letGoOf,
  openBareRepository,
} from '#workspace/git/bundle/bare-repository.ts';
import {
  gitIn,
  makeBundle,
  storeBundle,
  type BundleRequest,
} from '#workspace/git/bundle/bundle.ts';
import { writePaths } from '#workspace/git/bundle/tree-files.ts';
import type { Repository } from '#workspace/git/open-repository.ts';
import { prepareTaskTree, taskTreeRef } from '#workspace/trees/task-tree.ts';
import type { FilesPort } from '#workspace/world.ts';

/** What a place is made of. `folder` has the bare repositories of all spaces. */
export interface WorkPlaceOptions {
  readonly folder: string;
  readonly space: string;
  readonly reflex: EditJudge;
  readonly files: Pick<FilesPort, 'write'>;
}

/** With what one order is carried out. */
export interface WorkMeans {
  readonly token: number;
  /** The bundle of the order's tree, for who has these. */
  readonly fetchTree: (have: readonly string[]) => Promise<Buffer>;
  readonly fetchBlob: (hash: string) => Promise<Uint8Array>;
  /** Told of each step: a sign of life. */
  readonly step: (what: WorkStep) => Promise<void> | void;
  readonly signal: AbortSignal;
}

/** How far it is. */
export type WorkStep = 'fetched' | 'edited' | 'stored';

/** How many trees of the home are kept, so that the next one is a small bundle. */
const MOST_BASES = 8;

const BASES = 'refs/skein/base/';

/** The place of one space. */
export class WorkPlace {
  readonly #options: WorkPlaceOptions;

  constructor(options: WorkPlaceOptions) {
    this.#options = options;
  }

  /** Makes the edits of an order, and answers what is to be handed over. */
  async carryOut(order: WorkOrder, means: WorkMeans): Promise<HandedOver> {
    const { folder, reflex } = this.#options;
    const { task, mission, tree: base, edits } = order;
    const { token, step } = means;
    const ref = taskTreeRef(mission, numberOf(order));
    const repository = await this.#repository(order.objectFormat);
    await fetchBase(repository, order, means);
    await step('fetched');
    const worktree = await mkdtemp(join(folder, 'work-'));
    try {
      await this.#edit(repository, order, { ...means, worktree });
      await step('edited');
      const files = edits.map(({ path, afterHash }) => ({ path, afterHash }));
      const { tree } = await prepareTaskTree(repository, { worktree, base, files, ref });
      await holdTree(repository, { ref: `${ref}/${token}`, tree });
      await step('stored');
      const said = edits.map(({ path, baseHash: before, afterHash: after }) => {
        return { path, before, after };
      });
      return { task, token, tree, files: said, guardrails: reflex.guardrails };
    } finally {
      await rm(worktree, { recursive: true, force: true });
    }
  }

  /** The bundle of what was made for a task. Throws `not-found` for a tree that was not. */
  async bundle(
    task: Pick<WorkOrder, 'task' | 'mission' | 'objectFormat'>,
    wanted: BundleRequest,
  ): Promise<Buffer> {
    const repository = await this.#repository(task.objectFormat);
    const below = `${taskTreeRef(task.mission, numberOf(task))}/`;
    const held = await heldTrees(repository, below);
    if (held.some(({ tree }) => tree === wanted.tree)) return makeBundle(repository, wanted);
    throw new SkeinError('not-found', `Cannot send the tree of ${task.task}: it was not made here`);
  }

  #repository(format: WorkOrder['objectFormat']): Promise<Repository> {
    const { folder, space } = this.#options;
    return openBareRepository(join(folder, `${space}.git`), format);
  }

  async #edit(
    repository: Repository,
    { tree, edits }: WorkOrder,
    { worktree, fetchBlob, signal }: WorkMeans & { readonly worktree: string },
  ): Promise<void> {
    const { reflex, files } = this.#options;
    const paths = edits.map(({ path }) => path);
    await mkdir(worktree, { recursive: true });
    await writePaths(gitIn(repository), tree, { paths, folder: worktree });
    for (const { after: blob, ...planned } of edits) {
      signal.throwIfAborted();
      const after = Buffer.from(await fetchBlob(blob.hash));
      const edit: ProposedEdit = { ...planned, after };
      if (sha256(after) !== planned.afterHash) throw notAsSaid(planned.path);
      const verdict = await reflex.judge(edit, worktree);
      if (verdict.type === 'refuse') {
        const { guardrail, reason, places } = verdict;
        throw new SkeinError('guardrail-refused', `Cannot edit ${edit.path}: ${reason}`, {
          details: { guardrail, places },
        });
      }
      await files.write({ root: worktree, ...edit });
    }
  }
}

const notAsSaid = (path: string): SkeinError =>
  new SkeinError('edit-conflict', `Cannot edit ${path}: its new content is not what was ordered`);

/** The tree that the order begins with; what was there before makes the bundle small. */
async function fetchBase(
  repository: Repository,
  { tree }: WorkOrder,
  { token, fetchTree }: WorkMeans,
): Promise<void> {
  const held = await heldTrees(repository, BASES);
  if (!held.some((each) => each.tree === tree)) {
    const have = [...new Set(held.map((each) => each.tree))];
    await storeBundle(repository, await fetchTree(have), { tree, have });
  }
  // Names rise with the tokens of the space, so the oldest come first.
  await holdTree(repository, { ref: `${BASES}${String(token).padStart(15, '0')}`, tree });
  const old = (await heldTrees(repository, BASES)).slice(0, -MOST_BASES);
  await letGoOf(
    repository,
    old.map(({ ref }) => ref),
  );
}

/** The number of a task in its mission; its id is `<mission>.<number>`. */
function numberOf({ task, mission }: Pick<WorkOrder, 'task' | 'mission'>): number {
  if (task.startsWith(`${mission}.`)) return Number(task.slice(mission.length + 1));
  throw new SkeinError('message-invalid', `Cannot work on ${task}: it is no task of ${mission}`);
}
