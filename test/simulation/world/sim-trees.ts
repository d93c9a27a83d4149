/** What tasks left, as trees that refs hold, and what changed between trees, over plain maps. */
import { sha256 } from '#lib/sha256.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { TreeChanges } from '#workspace/trees/changed-hunks.ts';
import type { TaskTreeMove } from '#workspace/trees/task-tree.ts';
import type { EffectState } from '#workspace/workspace.ts';
import type { TreesPort } from '#workspace/world.ts';
import { findTree, storeFiles, storeTree, worktreeAt, type Hands } from './hands.ts';
import type { Tree } from './world-state.ts';

/** Trees of tasks: stored, kept, compared. */
export function makeTrees(hands: Hands): TreesPort {
  const { state, turn } = hands;
  return {
    ...makeKeeping(hands),
    prepare: async (_repository, { ref, ...written }) => {
      await turn();
      return { tree: storeFiles(hands, written), ref };
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
      const hashOf = (path: string): string => wanted.get(path) ?? sha256(before[path] ?? '');
      const files = Object.entries(worktreeAt(state, worktree).files)
        .filter(([path, content]) => sha256(content) !== hashOf(path))
        .map(([path]) => ({ path, what: 'changed' as const }));
      return { count: files.length, files };
    },
  };
}

function makeKeeping(hands: Hands): Pick<TreesPort, 'keep' | 'probe' | 'remove'> {
  const { state, turn, change } = hands;
  const probe = ({ tree, ref, expectedOld = null }: TaskTreeMove): EffectState => {
    const now = state.refs[ref] ?? null;
    if (now === tree) return 'done';
    return now === expectedOld ? 'not-done' : 'unknown';
  };
  const refsOf = (mission: string): string[] =>
    Object.keys(state.refs).filter((ref) => ref.startsWith(`refs/skein/${mission}/`));
  return {
    keep: async (_repository, move) => {
      await turn();
      const { tree, ref } = move;
      const object = findTree(hands, tree);
      const standing = probe(move);
      if (standing === 'done') return;
      if (standing === 'unknown') throw new SkeinError('conflict', `Cannot keep ${tree} at ${ref}`);
      const [mission = '', number = ''] = ref.split('/').slice(2);
      const task = `${mission}.${number}`;
      change({
        what: `task-tree ${task} ${tree}`,
        effects: [`${mission}/task-tree/${task}`],
        make: () => {
          state.trees[tree] = object;
          state.refs[ref] = tree;
        },
      });
    },
    probe: async (_repository, move) => {
      await turn();
      return probe(move);
    },
    remove: async (_repository, mission) => {
      await turn();
      if (refsOf(mission).length === 0) return;
      const make = (): void => {
        for (const ref of refsOf(mission)) delete state.refs[ref];
      };
      change({ what: `removal of trees ${mission}`, effects: [`${mission}/cleanup`], make });
    },
  };
}

const linesOf = (text = ''): string[] => text.split(/(?<=\n)/).filter((line) => line !== '');

/** What differs in a file is one hunk, from its first line that differs to its end. */
function compareSimTrees(from: Tree, to: Tree): TreeChanges {
  const paths = [...new Set([...Object.keys(from), ...Object.keys(to)])].sort();
  const hunks = paths
    .filter((path) => from[path] !== to[path])
    .map((path) => {
      const [before, after] = [linesOf(from[path]), linesOf(to[path])];
      const differs = before.findIndex((line, at) => line !== after[at]);
      const same = differs === -1 ? before.length : differs;
      const place = { oldStart: same + 1, newStart: same + 1 };
      return { path, ...place, oldLines: before.slice(same), newLines: after.slice(same) };
    });
  return { hunks, others: [] };
}
