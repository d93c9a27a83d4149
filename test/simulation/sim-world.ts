/**
 * The port to the world over plain maps. Like the real one it is not atomic: worktrees are made and
 * removed in parts, a merge writes files before the branch. Nothing may happen to it whose intent
 * is not open on the record: that is asked at every change.
 */
import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { canonicalJson } from '#lib/canonical-json.ts';
import { sha256 } from '#lib/sha256.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { Check, CheckResult } from '#workspace/checks/check.ts';
import type { FastForward } from '#workspace/git/fast-forward.ts';
import type { Repository } from '#workspace/git/open-repository.ts';
import type { WorktreeChange } from '#workspace/git/scratch-tree.ts';
import type { TreeChanges } from '#workspace/trees/changed-hunks.ts';
import type { TaskTreeMove } from '#workspace/trees/task-tree.ts';
import type { EffectState } from '#workspace/workspace.ts';
import type {
  ChecksPort,
  FilesPort,
  GitPort,
  MergePort,
  TreesPort,
  World,
  WorktreesPort,
} from '#workspace/world.ts';
import type { SimDisk } from './sim-disk.ts';
import {
  BASE,
  gitId,
  TOP,
  treeId,
  type SimWorktree,
  type Tree,
  type WorldState,
} from './world-state.ts';

/** What the world is made of in one life. */
export interface SimWorldOptions {
  readonly disk: SimDisk;
  readonly turn: () => Promise<void>;
  /** Whether the effect is intended and has no outcome, on the record as a crash would leave it. */
  readonly isOpen: (effect: string) => boolean;
  /** Told of what must never happen: an error here would only fail the mission. */
  readonly violate: (state: string) => void;
}

interface Hands {
  readonly state: WorldState;
  /** Trees by id. Without a ref they are no change of the world: git itself collects them. */
  readonly objects: Map<string, Tree>;
  readonly turn: () => Promise<void>;
  /** One durable change of the world, in the name of one of `effects`. */
  readonly change: (effects: readonly string[], what: string, make: () => void) => Promise<void>;
}

/** A world whose durable state is that of the disk. */
export function makeSimWorld({ disk, turn, isOpen, violate }: SimWorldOptions): World {
  const state = disk.world;
  const hands: Hands = {
    state,
    objects: new Map(),
    turn,
    change: async (effects, what, make) => {
      await turn();
      if (!effects.some(isOpen)) {
        violate(`${what} happens, and no intent of ${effects.join()} is open`);
      }
      disk.touch();
      make();
      state.happened[what] = (state.happened[what] ?? 0) + 1;
    },
  };
  return {
    openRepository: async () => {
      await turn();
      return repositoryOf(state);
    },
    readSkeinYaml: async () => ({}),
    worktrees: makeWorktrees(hands),
    files: makeFiles(hands),
    git: makeGit(hands),
    trees: makeTrees(hands),
    merge: makeMerge(hands),
    checks: makeChecks(hands),
    dependencies: {
      plan: async () => ({ worktree: '', entries: [], skipped: [], warnings: [] }),
      probe: () => 'done',
      link: () => noLinks,
    },
  };
}

const noLinks = {
  folders: [],
  linked: 0,
  innerLinks: 0,
  packages: [],
  shims: 0,
  skipped: [],
  skippedCount: 0,
  warnings: [],
};

const repositoryOf = (state: WorldState): Repository => ({
  top: TOP,
  gitDir: `${TOP}/.git`,
  commonDir: `${TOP}/.git`,
  head: state.refs['refs/heads/main'] ?? BASE,
  branch: 'main',
  objectFormat: 'sha1',
  dirty: { paths: [], count: 0, trackedCount: 0 },
  shallow: false,
  sparse: false,
  operation: null,
  gitVersion: '2.50.0',
  warnings: [],
});

const worktreeAt = (state: WorldState, path: string): SimWorktree => {
  const found = state.worktrees[path];
  assert.ok(found?.complete, `${path} is used and is not there`);
  return found;
};

function makeWorktrees({ state, turn, change }: Hands): WorktreesPort {
  const effectsOf = (path: string): string[] => [
    `${basename(path)}/worktree`,
    `${basename(path)}/cleanup`,
  ];
  return {
    prepare: (_repository, plan) => plan,
    add: async (_repository, { path, commit }) => {
      const effects = [`${basename(path)}/worktree`];
      await change(effects, `half ${path}`, () => {
        assert.equal(state.worktrees[path], undefined, `${path} is made over another one`);
        state.worktrees[path] = { commit, complete: false, files: {} };
      });
      await change(effects, `worktree ${path}`, () => {
        const files = { ...state.commits[commit]?.tree };
        state.worktrees[path] = { commit, complete: true, files };
      });
    },
    probe: async (_repository, { path, commit }) => {
      await turn();
      const found = state.worktrees[path];
      if (found === undefined) return 'not-done';
      return found.complete && found.commit === commit ? 'done' : 'unknown';
    },
    remove: async (_repository, path) => {
      await turn();
      if (state.worktrees[path] === undefined) return;
      await change(effectsOf(path), `removal ${path}`, () => void delete state.worktrees[path]);
    },
    exists: (path) => state.worktrees[path] !== undefined,
    listTracked: async (root) =>
      Object.keys(worktreeAt(state, root).files).map((path) => ({
        path,
        kind: 'file',
        object: gitId(path),
        nameIsUtf8: true,
      })),
    listChanged: async ({ cwd, base }) => {
      await turn();
      const { files } = worktreeAt(state, cwd);
      const before = state.commits[base]?.tree ?? {};
      const changed = Object.keys(files).filter((path) => files[path] !== before[path]);
      return { count: changed.length, files: changed.map((path) => ({ path, status: 'M' })) };
    },
  };
}

function makeFiles({ state, turn, change }: Hands): FilesPort {
  const hashOf = (root: string, path: string): string | undefined => {
    const content = state.worktrees[root]?.files[path];
    return content === undefined ? undefined : sha256(content);
  };
  return {
    write: async ({ root, path, baseHash, after }) => {
      await turn();
      if (hashOf(root, path) !== baseHash) {
        throw new SkeinError('edit-conflict', `Cannot edit ${path}: the file has changed`);
      }
      const mission = basename(root);
      await change([`${mission}/edit/${path}`], `edit ${mission} ${path}`, () => {
        worktreeAt(state, root).files[path] = Buffer.from(after).toString('utf8');
      });
    },
    probe: async ({ root, path, baseHash, afterHash }) => {
      await turn();
      const actual = hashOf(root, path);
      if (actual === afterHash) return 'done';
      return actual === baseHash ? 'not-done' : 'unknown';
    },
    assertWritable: async () => undefined,
  };
}

/** The mission that a git commit is of: its trailer says. */
const missionOf = (message: string): string => /Skein-Mission: (\S+)/.exec(message)?.[1] ?? '';

const person = { name: 'Person', email: 'person@example.com' };

/** The tree that a tree or a commit is; as in git one that nobody holds may be gone. */
function findTree({ state, objects }: Hands, id: string): Tree {
  const found = objects.get(id) ?? state.trees[id] ?? state.commits[id]?.tree;
  if (found === undefined) throw new SkeinError('git-failed', `Cannot read ${id}: it is not there`);
  return found;
}

/** Puts a tree of `base` with other contents among the objects; answers its id. */
function storeTree(hands: Hands, base: string, contents: Tree): string {
  const tree = { ...findTree(hands, base), ...contents };
  const id = treeId(tree);
  hands.objects.set(id, tree);
  return id;
}

/** The same with files of a worktree, which must be what was written. */
function storeFiles(hands: Hands, { worktree, base, files }: WorktreeChange): string {
  const { files: present } = worktreeAt(hands.state, worktree);
  const contents = files.map(({ path, afterHash }) => {
    const content = present[path] ?? '';
    assert.equal(sha256(content), afterHash, `${path} is not what was written`);
    return [path, content] as const;
  });
  return storeTree(hands, base, Object.fromEntries(contents));
}

function makeGit(hands: Hands): GitPort {
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
      const tree = objects.get(id) ?? worktreeAt(state, `/worktrees/${mission}`).files;
      assert.equal(treeId(tree), id, 'the tree of the git commit is there');
      await change([`${mission}/git-commit`], `git-commit ${mission}`, () => {
        state.commits[expectedId] = { tree: { ...tree }, parent, message };
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
      await change([`${mission}/branch`], `branch ${mission}`, () => void (state.refs[ref] = to));
    },
    probeBranch: async (_repository, { branch, expectedOld, to }) => {
      await turn();
      const now = state.refs[`refs/heads/${branch}`] ?? null;
      if (now === to) return 'done';
      return now === expectedOld ? 'not-done' : 'unknown';
    },
  };
}

function makeTrees(hands: Hands): TreesPort {
  const { state, objects, turn, change } = hands;
  const probe = ({ tree, ref, expectedOld = null }: TaskTreeMove): EffectState => {
    const now = state.refs[ref] ?? null;
    if (now === tree) return 'done';
    return now === expectedOld ? 'not-done' : 'unknown';
  };
  const refsOf = (mission: string): string[] =>
    Object.keys(state.refs).filter((ref) => ref.startsWith(`refs/skein/${mission}/`));
  return {
    prepare: async (_repository, { ref, ...written }) => {
      await turn();
      return { tree: storeFiles(hands, written), ref };
    },
    keep: async (_repository, move) => {
      await turn();
      const { tree, ref } = move;
      const object = objects.get(tree) ?? state.trees[tree];
      if (object === undefined) {
        throw new SkeinError('workspace-failed', `Cannot keep ${tree}: it is not there`);
      }
      const standing = probe(move);
      if (standing === 'done') return;
      if (standing === 'unknown') throw new SkeinError('conflict', `Cannot keep ${tree} at ${ref}`);
      const [mission = '', number = ''] = ref.split('/').slice(2);
      const task = `${mission}.${number}`;
      const key = `${mission}/task-tree/${task}`;
      await change([key, `${key}/${tree}`], `task-tree ${task} ${tree}`, () => {
        state.trees[tree] = object;
        state.refs[ref] = tree;
      });
    },
    probe: async (_repository, move) => {
      await turn();
      return probe(move);
    },
    remove: async (_repository, mission) => {
      await turn();
      if (refsOf(mission).length === 0) return;
      await change([`${mission}/cleanup`], `removal of trees ${mission}`, () => {
        for (const ref of refsOf(mission)) delete state.refs[ref];
      });
    },
    expected: async (_repository, base, files) => {
      await turn();
      const contents = files.map(({ path, bytes }) => [path, Buffer.from(bytes).toString('utf8')]);
      return storeTree(hands, base, Object.fromEntries(contents));
    },
    hunks: async (_repository, from, to) => {
      await turn();
      return compareSimTrees(findTree(hands, from), findTree(hands, to));
    },
    findStray: async ({ worktree, base, explained }) => {
      await turn();
      const wanted = new Map(explained.map(({ path, afterHash }) => [path, afterHash]));
      const before = findTree(hands, base);
      const files = Object.entries(worktreeAt(state, worktree).files)
        .filter(
          ([path, content]) => sha256(content) !== (wanted.get(path) ?? sha256(before[path] ?? '')),
        )
        .map(([path]) => ({ path, what: 'changed' as const }));
      return { count: files.length, files };
    },
  };
}

/** Whole files: what differs is one hunk from the first line to the last. */
function compareSimTrees(from: Tree, to: Tree): TreeChanges {
  const paths = [...new Set([...Object.keys(from), ...Object.keys(to)])].sort();
  const lines = (text: string): string[] => text.split(/(?<=\n)/).filter((line) => line !== '');
  const hunks = paths
    .filter((path) => from[path] !== to[path])
    .map((path) => ({
      path,
      oldStart: 1,
      oldLines: lines(from[path] ?? ''),
      newStart: 1,
      newLines: lines(to[path] ?? ''),
    }));
  return { hunks, others: [] };
}

function makeMerge({ state, turn, change }: Hands): MergePort {
  const treeOf = (commit: string): Readonly<Record<string, string>> =>
    state.commits[commit]?.tree ?? {};
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
      await change(effects, `files ${mission}`, () => void (state.files = { ...treeOf(to) }));
    }
    await change(effects, `merge ${mission}`, () => {
      assert.equal(state.refs[ref], expectedOld, 'git moves a branch only from where it was');
      state.refs[ref] = to;
    });
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

/** A check named `breaks-<path>` passes until somebody has edited that path. */
function exitCodeOf(name: string, { commit, files }: SimWorktree, state: WorldState): number {
  const path = /^breaks-(.*)$/.exec(name)?.[1];
  return path !== undefined && files[path] !== state.commits[commit]?.tree[path] ? 1 : 0;
}

function makeChecks({ state, change }: Hands): ChecksPort {
  return {
    discover: ({ flags }) => flags.map((name): Check => ({ name, command: name, source: 'flag' })),
    mergeHooks: async () => [],
    run: async ({ cwd, check: { name, command }, startedAt, signal }): Promise<CheckResult> => {
      const mission = basename(cwd);
      const effects = ['base', 'change'].map((phase) => `${mission}/check/${phase}/${name}`);
      await change(effects, `check ${mission} ${name}`, () => undefined);
      return {
        name,
        command,
        exitCode: exitCodeOf(name, worktreeAt(state, cwd), state),
        signal: null,
        timedOut: false,
        cancelled: signal?.aborted === true,
        startedAt,
        durationMs: 5,
        output: `ran ${name}`,
        outputBytes: 4 + name.length,
      };
    },
  };
}
