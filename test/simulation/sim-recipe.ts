/** The recipe of the simulation: `change <paths>` writes the mission's name into each file. */
import { sha256 } from '#lib/sha256.ts';
import type { Recipe } from '#supervisor/recipe.ts';
import { edited, type WorldState } from './world-state.ts';

/** A goal that it understands. */
export const goalOf = (author: string, paths: readonly string[]): string =>
  `change ${paths.join(' ')} as ${author}`;

const GOAL = /^change (.+) as (\S+)$/;

/** Paths and author of a goal. */
export function parseGoal(goal: string): { readonly author: string; readonly paths: string[] } {
  const [, paths = '', author = ''] = GOAL.exec(goal) ?? [];
  return { author, paths: paths.split(' ') };
}

/** Plans from what stands in the worktree of `world`. */
export const changeRecipe = (world: WorldState): Recipe => ({
  name: 'change',
  usage: 'change <paths> as <author>',
  matches: (goal) => GOAL.test(goal),
  plan: (goal, { root }) => {
    const { author, paths } = parseGoal(goal);
    const edits = paths.map((path) => {
      const before = world.worktrees[root]?.files[path] ?? '';
      const after = Buffer.from(edited(before, author));
      const hashes = { baseHash: sha256(before), afterHash: sha256(after) };
      return { path, ...hashes, after, changes: 1, lines: [1] };
    });
    const change = { title: goal, summary: goal, engine: 'simulated', edits };
    return Promise.resolve({ ...change, listed: [], warnings: [], names: null });
  },
});
