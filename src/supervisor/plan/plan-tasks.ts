/**
 * The tasks of a plan: checks on the untouched base, the parts of the change side by side, a
 * review of all of them, the proof with the git commit. A changed plan keeps what it can. Pure.
 */
import { SkeinError } from '#protocol/errors.ts';
import type { PlannedChange, PlannedPart } from '../recipe.ts';
import { shareOut } from './share-out.ts';
import { graphProblem, splitTask, type PlannedTask } from './task-graph.ts';

/** A task of the plan before: what became of it, and whether its edits are the same now. */
export type KnownTask = PlannedTask & { readonly status: string; readonly isUnchanged: boolean };

/** What tasks are made from. `known` are the tasks of the plan before. */
export interface TaskRequest {
  readonly mission: string;
  readonly change: PlannedChange;
  readonly checks: readonly string[];
  readonly known: readonly KnownTask[];
  /** The highest number that a task of this mission has. */
  readonly highest: number;
}

/** All parts of a plan are one change set: their types are judged together. */
const CHANGE_SET = 'change';

type Rest = Omit<PlannedTask, 'id'>;

/** The tasks, in the order of the plan; throws `recipe-invalid` when they are no graph that ends. */
export function planTasks(request: TaskRequest): readonly PlannedTask[] {
  const { change, checks, mission } = request;
  const name = numberer(request);
  const base = checks.length === 0 ? [] : [name(baseChecks(checks))];
  const first = base.map(({ id }) => id);
  const byKey = new Map<string, string>();
  const parts = inOrder(shareOut(change)).map((part) => {
    const after = [...first, ...part.after.map((key) => byKey.get(key) ?? key)];
    const task = name(partTask(part, after));
    byKey.set(part.key, task.id);
    return task;
  });
  const review = name(reviewTask(parts.map(({ id }) => id)));
  const tasks = [...base, ...parts, review, name(proveTask([review.id], checks))];
  const problem = partsProblem(change) ?? graphProblem(tasks);
  if (problem === undefined) return tasks;
  throw new SkeinError('recipe-invalid', `Cannot plan mission ${mission}: ${problem}`, {
    fix: 'Correct the steps of the recipe: what comes after what, and which files each writes.',
  });
}

/** A step that could not be told from another, or an edit that no step makes; else undefined. */
function partsProblem({ edits, parts }: PlannedChange): string | undefined {
  if (parts === undefined) return undefined;
  const keys = new Set<string>();
  for (const { key } of parts) {
    if (keys.has(key)) return `two steps are called ${key}`;
    keys.add(key);
  }
  const written = new Set(parts.flatMap(({ paths }) => paths));
  const left = edits.find(({ path }) => !written.has(path));
  return left === undefined ? undefined : `no step writes ${left.path}`;
}

/** Gives a task the id it had in the plan before when it is the same, else a fresh number. */
function numberer({ mission, known, highest }: TaskRequest): (task: Rest) => PlannedTask {
  let last = highest;
  const used = new Set<string>();
  return (task) => {
    const same = known.find((each) => !used.has(each.id) && isSame(each, task));
    const id = same?.id ?? `${mission}.${(last += 1)}`;
    used.add(id);
    return { id, ...task };
  };
}

/** What judges a change is done again when the change has grown after it. */
function isSame(known: KnownTask, task: Rest): boolean {
  if (known.kind !== task.kind) return false;
  if (known.kind === 'review' || known.kind === 'prove') return known.status !== 'done';
  const isEqual = known.writeSet.join('\n') === task.writeSet.join('\n');
  return isEqual && known.isUnchanged && known.title === task.title;
}

/** Parts after those they come after; what is left over in a circle comes last and is refused. */
function inOrder(parts: readonly PlannedPart[]): readonly PlannedPart[] {
  const ordered: PlannedPart[] = [];
  const placed = new Set<string>();
  let rest = [...parts];
  for (let moved = true; moved && rest.length > 0;) {
    const free = rest.filter(({ after }) => after.every((key) => placed.has(key)));
    for (const part of free) placed.add(part.key);
    ordered.push(...free);
    rest = rest.filter((part) => !free.includes(part));
    moved = free.length > 0;
  }
  if (rest.length === 0) return ordered;
  const named = rest.map(({ key, after }) => `${key} after ${after.join(', ')}`).join('; ');
  throw new SkeinError('recipe-invalid', `Cannot plan: steps wait for each other: ${named}`, {
    fix: 'Remove one "after", or correct the name of the step that it names.',
  });
}

const baseChecks = (checks: readonly string[]): Rest => ({
  title: 'Run the checks on the untouched base',
  role: 'runner',
  kind: 'base-checks',
  writeSet: [],
  after: [],
  expects: 'what the checks say before the change is known',
  checks: [...checks],
});

const partTask = ({ title, paths, expects, command }: PlannedPart, after: string[]): Rest => ({
  title,
  role: 'coder',
  kind: command === undefined ? 'edit' : 'command',
  writeSet: [...paths],
  after,
  changeSet: CHANGE_SET,
  expects,
});

const reviewTask = (after: string[]): Rest => ({
  title: 'Review every changed line against the plan',
  role: 'critic',
  kind: 'review',
  writeSet: [],
  after,
  expects: 'every changed line is explained by the plan',
});

const proveTask = (after: string[], checks: readonly string[]): Rest => ({
  title: checks.length === 0 ? 'Make the git commit' : 'Run the checks and make the git commit',
  role: 'runner',
  kind: 'prove',
  writeSet: [],
  after,
  expects: checks.length === 0 ? 'one git commit' : 'no check fails that passed before',
  checks: [...checks],
});

/** The highest number of tasks with these ids. */
export const highestNumber = (ids: readonly string[]): number =>
  ids.reduce((highest, id) => Math.max(highest, splitTask(id)[1]), 0);
