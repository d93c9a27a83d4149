/** Git trees of a replay: from the base and the blobs of edits, compared with those on the record. */
import type { Blobs } from '#ledger/ledger.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { EventData } from '#protocol/event-types.ts';
import { commitId, type PreparedGitCommit } from '#workspace/git/git-commit.ts';
import type { ComputeTree } from '#workspace/trees/throwaway-tree.ts';
import type { TaskState } from '#tasks/task-reducer.ts';
import { answersForAll } from '../../plan/task-graph.ts';
import { stopAt } from './difference.ts';
import type { FileThen, ReplayState } from './replay-state.ts';

/** What trees are made of; `objectFormat` is the hash that the repository names objects by. */
export interface TreeParts {
  readonly compute: ComputeTree;
  readonly blobs: Pick<Blobs, 'get'>;
  readonly objectFormat: 'sha1' | 'sha256';
}

/** Compares trees, each made once; `compared` counts those that were looked at. */
export class ReplayTrees {
  readonly #parts: TreeParts;
  readonly #known = new Map<string, string>();
  compared = 0;

  constructor(parts: TreeParts) {
    this.#parts = parts;
  }

  /** What a task leaves must be the tree of the files that it answers for; throws `replay-differs`. */
  async compareTask(state: ReplayState, task: string, recorded: string): Promise<void> {
    const { kind, writeSet } = state.body<TaskState>('task', task) ?? { kind: null, writeSet: [] };
    const own = new Set(writeSet);
    const files = [...state.files.values()].filter(
      ({ path }) => own.has(path) || answersForAll(kind),
    );
    await this.#compare(`task ${task}`, files, recorded);
  }

  /** The git commit of a mission: its tree is that of all files, its id that of its content. */
  async compareCommit(
    state: ReplayState,
    base: string,
    intended: EventData<'git-commit.intended'>,
  ): Promise<void> {
    const { effect: _key, gitCommit, ...content } = intended;
    await this.#compare(`git commit ${gitCommit}`, [...state.files.values()], content.tree);
    if (content.parent !== base) {
      throw stopAt(`Cannot make git commit ${gitCommit} again: its parent is not the base`, [
        `parent: ${base}, the record has ${content.parent}`,
      ]);
    }
    const id = commitId(
      this.#parts.objectFormat,
      content satisfies Omit<PreparedGitCommit, 'expectedId'>,
    );
    if (id === gitCommit) return;
    throw stopAt('Cannot make the git commit again: its content has another id', [
      `git commit: ${id}, the record has ${gitCommit}`,
    ]);
  }

  async #compare(what: string, files: readonly FileThen[], recorded: string): Promise<void> {
    this.compared += 1;
    const tree = await this.#treeOf(files);
    if (tree === recorded) return;
    throw stopAt(`Cannot come to the git tree of ${what}: it is another one`, [
      `git tree: ${tree}, the record has ${recorded}`,
      ...files.slice(0, MOST_NAMED).map(({ path, after }) => `made of ${path}: blob ${after.hash}`),
    ]);
  }

  async #treeOf(files: readonly FileThen[]): Promise<string> {
    const key = files
      .map(({ path, after }) => `${after.hash} ${path}`)
      .sort()
      .join('\n');
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const { compute, blobs } = this.#parts;
    const tree = await compute(
      files.map(({ path, after }) => ({ path, bytes: contentOf(blobs, path, after.hash) })),
    );
    this.#known.set(key, tree);
    return tree;
  }
}

const MOST_NAMED = 10;

/** A content that is gone is named by its file, and nothing is put in its place. */
function contentOf(blobs: TreeParts['blobs'], path: string, hash: string): Buffer {
  try {
    return blobs.get(hash);
  } catch (cause) {
    throw new SkeinError('blob-missing', `Cannot read what ${path} was: blob ${hash} is gone`, {
      cause,
    });
  }
}
