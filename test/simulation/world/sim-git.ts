/** Git commits, their branches and the person's own branch, over plain maps. */
import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { canonicalJson } from '#lib/canonical-json.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { FastForward } from '#workspace/git/fast-forward.ts';
import type { GitPort, MergePort } from '#workspace/world.ts';
import { findTree, storeFiles, worktreeAt, type Hands } from './hands.ts';
import { gitId, treeId, type Tree } from './world-state.ts';

const person = { name: 'Person', email: 'person@example.com' };

/** The mission that a git commit is of: its trailer says. */
const missionOf = (message: string): string => /Skein-Mission: (\S+)/.exec(message)?.[1] ?? '';

/** Git commits: prepared, made, put on a branch. */
export function makeGit(hands: Hands): GitPort {
  const { state, objects, turn, change } = hands;
  return {
    readIdentity: async () => ({ author: person, committer: person }),
    prepareCommit: async (_repository, { worktree, base: parent, files, message, date }) => {
      await turn();
      const id = storeFiles(hands, { worktree, base: parent, files });
      const content = { tree: id, parent, message, author: person, committer: person, date };
      return { ...content, expectedId: gitId(canonicalJson(content)) };
    },
    createCommit: async (_repository, { tree: id, parent, message, expectedId, date }) => {
      const content = { tree: id, parent, message, author: person, committer: person, date };
      assert.equal(gitId(canonicalJson(content)), expectedId);
      const mission = missionOf(message);
      await turn();
      const tree = objects.get(id) ?? worktreeAt(state, `/worktrees/${mission}`).files;
      assert.equal(treeId(tree), id, 'the tree of the git commit is there');
      change({
        what: `git-commit ${mission}`,
        effects: [`${mission}/git-commit`],
        make: () => (state.commits[expectedId] = { tree: { ...tree }, parent, message }),
      });
      return expectedId;
    },
    probeCommit: async (_repository, { expectedId }) => {
      await turn();
      return state.commits[expectedId] === undefined ? 'not-done' : 'done';
    },
    assertBranchFree: async (_repository, branch) => {
      assert.equal(state.refs[`refs/heads/${branch}`], undefined);
    },
    updateBranch: async (_repository, { branch, expectedOld, to }) => {
      await turn();
      const ref = `refs/heads/${branch}`;
      if ((state.refs[ref] ?? null) !== expectedOld) {
        throw new SkeinError('base-moved', `Cannot set the branch ${branch}: it moved`);
      }
      const mission = basename(branch);
      const effects = [`${mission}/branch`];
      change({ what: `branch ${mission}`, effects, make: () => (state.refs[ref] = to) });
    },
    probeBranch: async (_repository, { branch, expectedOld, to }) => {
      await turn();
      const now = state.refs[`refs/heads/${branch}`] ?? null;
      if (now === to) return 'done';
      return now === expectedOld ? 'not-done' : 'unknown';
    },
  };
}

/** The person's branch: its files are written before it moves. */
export function makeMerge(hands: Hands): MergePort {
  const { state, turn, change } = hands;
  const treeOf = (commit: string): Tree => findTree(hands, commit);
  const holds = (commit: string): boolean => treeId(state.files) === treeId(treeOf(commit));
  // As in the real world one process merges one after the other.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = (task: () => Promise<void>): Promise<void> => {
    const mine = last.then(task);
    last = mine.catch(() => undefined);
    return mine;
  };
  const forward = async ({ branch, expectedOld, to }: FastForward): Promise<void> => {
    await turn();
    const ref = `refs/heads/${branch}`;
    const moved = state.refs[ref] !== expectedOld;
    if (moved || !(holds(expectedOld) || holds(to))) {
      throw new SkeinError('merge-blocked', `Cannot merge into ${branch}: it moved`);
    }
    const mission = missionOf(state.commits[to]?.message ?? '');
    const effects = [`${mission}/merge`];
    if (!holds(to)) {
      await turn();
      const make = (): void => void (state.files = { ...treeOf(to) });
      change({ what: `files ${mission}`, effects, make });
    }
    await turn();
    const make = (): void => {
      assert.equal(state.refs[ref], expectedOld, 'git moves a branch only from where it was');
      state.refs[ref] = to;
    };
    change({ what: `merge ${mission}`, effects, make });
  };
  return {
    fastForward: (move) => inTurn(() => forward(move)),
    probe: async ({ branch, expectedOld, to }) => {
      await turn();
      const now = state.refs[`refs/heads/${branch}`];
      if (now === to) return 'done';
      if (now === expectedOld && (holds(expectedOld) || holds(to))) return 'not-done';
      return now !== undefined && holds(now) ? 'not-done' : 'unknown';
    },
  };
}
