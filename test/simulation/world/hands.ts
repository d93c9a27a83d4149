/** What the parts of the simulated world share: its state, how it is changed, how trees are read. */
import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { sha256 } from '#lib/sha256.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { WorktreeChange } from '#workspace/git/scratch-tree.ts';
import { treeId, type SimWorktree, type Tree, type WorldState } from './world-state.ts';

/** One durable change: what it is, and the effects in whose name it may happen. */
export interface WorldChange {
  readonly what: string;
  /** Keys of which one must be open; null = it needs no intent (tidying up). */
  readonly effects: readonly string[] | null;
  readonly make: () => void;
}

/** What works on the world of one life. */
export interface Hands {
  readonly state: WorldState;
  /** Trees by id. Without a ref they are no change of the world: git itself collects them. */
  readonly objects: Map<string, Tree>;
  readonly turn: () => Promise<void>;
  /** Makes the change at once; dies before it when its time has come. */
  readonly change: (change: WorldChange) => void;
  /** Who does `what` never comes back from it, or late, when the story says so. */
  readonly hang: (what: string, task?: string) => Promise<void>;
  readonly violate: (state: string) => void;
}

/** The mission whose worktree lies at `path`, which may be its second one. */
export const missionAt = (path: string): string => basename(path).split('.', 1)[0] ?? '';

/** A worktree that is there and whole. */
export function worktreeAt(state: WorldState, path: string): SimWorktree {
  const found = state.worktrees[path];
  assert.ok(found?.complete, `${path} is used and is not there`);
  return found;
}

/** The tree that a tree or a commit is; as in git one that nobody holds may be gone. */
export function findTree({ state, objects }: Hands, id: string): Tree {
  const ofCommit = (): Tree | undefined =>
    Object.values(state.commits).find(({ tree }) => treeId(tree) === id)?.tree;
  const found =
    objects.get(id) ?? state.trees[id] ?? state.commits[id]?.tree ?? ofCommit() ?? undefined;
  if (found === undefined) throw new SkeinError('git-failed', `Cannot read ${id}: it is not there`);
  return found;
}

/** Puts a tree of `base` with other contents among the objects; answers its id. */
export function storeTree(hands: Hands, base: string, contents: Tree): string {
  const tree = { ...findTree(hands, base), ...contents };
  const id = treeId(tree);
  hands.objects.set(id, tree);
  return id;
}

/** The same with files of a worktree; throws `edit-conflict` when one is not what was written. */
export function storeFiles(hands: Hands, { worktree, base, files }: WorktreeChange): string {
  const { files: present } = worktreeAt(hands.state, worktree);
  const contents = files.map(({ path, afterHash }) => {
    const content = present[path] ?? '';
    if (sha256(content) !== afterHash) {
      throw new SkeinError('edit-conflict', `Cannot store ${path}: it is not what was written`);
    }
    return [path, content] as const;
  });
  return storeTree(hands, base, Object.fromEntries(contents));
}
