/**
 * Shares what a recipe does out among agents: edits by the step that had the last word on a file and
 * then by folders, so that several can work at once; a command comes after everything that writes to
 * its files. Pure.
 */
import type { RecipeDefinition, RecipeStep } from '#workspace/recipe/recipe.ts';
import type { PlannedPart } from '../recipe.ts';
import { commonFolder, groupPaths } from '../plan/share-out.ts';
import type { Play, PlayedCommand, PlayedEdit } from './play-steps.ts';

const MAX_TITLE = 100;

/** A part, and the step that had the last word on its files. */
interface SharedPart extends PlannedPart {
  readonly last: number;
}

/** The parts, an earlier one before those that come after it. */
export function shareParts(recipe: RecipeDefinition, play: Play): readonly PlannedPart[] {
  const { steps } = recipe;
  const before = predecessorsOf(steps);
  const parts: SharedPart[] = [];
  for (const index of steps.keys()) {
    const after = parts.filter(({ last }) => before[index]?.has(last));
    for (const part of partsOfEdits(recipe, play, index)) {
      parts.push({ ...part, last: index, after: keysOf(after) });
    }
    for (const played of play.commands.filter(({ step }) => step === index)) {
      const own = new Set(played.paths);
      const shared = parts.filter((part) => part.paths.some((path) => own.has(path)));
      const part = partOfCommand(steps[index] as RecipeStep, played);
      // a task is known by its title and paths
      const isTaken = parts.some(({ title }) => title === part.title);
      parts.push({
        ...part,
        title: isTaken ? `${part.title} (${part.key})` : part.title,
        last: index,
        after: keysOf([...new Set([...after, ...shared])]),
      });
    }
  }
  return parts.map(({ last: _, ...part }) => part);
}

const keysOf = (parts: readonly PlannedPart[]): readonly string[] => parts.map(({ key }) => key);

/** For each step the indexes of those before it, directly or not; ids name earlier steps only. */
function predecessorsOf(steps: readonly RecipeStep[]): readonly ReadonlySet<number>[] {
  const all: Set<number>[] = [];
  for (const { after } of steps) {
    const direct = after.map((id) => steps.findIndex((step) => step.id === id));
    all.push(new Set(direct.flatMap((index) => [index, ...(all[index] ?? [])])));
  }
  return all;
}

type LoosePart = Omit<PlannedPart, 'after'>;

function partsOfEdits({ steps }: RecipeDefinition, play: Play, index: number): LoosePart[] {
  const edits = [...play.edits.values()].filter((played) => played.steps.at(-1) === index);
  const byPath = new Map(edits.map((played) => [played.edit.path, played]));
  const groups = edits.length === 0 ? [] : groupPaths([...byPath.keys()]);
  return groups.map((paths, group) => {
    const played = paths.flatMap((path) => byPath.get(path) ?? []);
    const places = played.reduce((sum, { edit }) => sum + edit.changes, 0);
    const names = stepsOf(played).map((at) => rewriteName(steps[at]));
    const where = groups.length === 1 ? '' : `${commonFolder(paths)}: `;
    return {
      key: `${steps[index]?.id}-${group + 1}`,
      title: where + shorten(names.join('; '), MAX_TITLE),
      paths,
      expects: `${places} ${places === 1 ? 'place' : 'places'} in ${count(paths)} change as planned (${names.join('; ')}), and nothing else`,
    };
  });
}

const stepsOf = (played: readonly PlayedEdit[]): readonly number[] =>
  [...new Set(played.flatMap(({ steps }) => steps))].sort((a, b) => a - b);

function rewriteName(step: RecipeStep | undefined): string {
  if (step?.kind !== 'rewrite') return step?.id ?? '';
  return step.title ?? shorten(`${step.pattern} to ${step.to}`.replaceAll(/\s+/gu, ' '), MAX_TITLE);
}

const partOfCommand = (step: RecipeStep, { paths, command }: PlayedCommand): LoosePart => ({
  key: step.id,
  title: step.title ?? shorten(`Run ${command.command.replaceAll(/\s+/gu, ' ')}`, MAX_TITLE),
  paths,
  expects: `at most lines that match ${command.lines} change in ${count(paths)}`,
  command,
});

const count = (paths: readonly string[]): string =>
  `${paths.length} ${paths.length === 1 ? 'file' : 'files'}`;

/** A text cut to so many characters. */
export const shorten = (text: string, most: number): string =>
  text.length > most ? `${text.slice(0, most - 3)}...` : text;
