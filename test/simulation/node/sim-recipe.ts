/**
 * The recipe of the simulation: writes its mission's author into each file. A goal may hold two
 * surprises: a file outside the plan that agents come across, and one that can't be written the
 * plain way, which the reflex refuses.
 */
import { sha256 } from '#lib/sha256.ts';
import type { OpenPlace, PlannedChange, PlannedPart, Recipe } from '#supervisor/recipe.ts';
import type { EditJudge } from '#workspace/apply-edit.ts';
import type { FileEdit } from '#workspace/language/language.ts';
import { writeCommand } from '../world/sim-copies.ts';
import { edited, type WorldState } from '../world/world-state.ts';

/** What is to be done, as a goal says it. */
export interface Intent {
  readonly author: string;
  readonly paths: readonly string[];
  /** How many edit tasks the paths are shared out into, and whether each comes after the last. */
  readonly parts: number;
  readonly chained: boolean;
  /** A file that has to change as well and is not in the first plan. */
  readonly hidden: string | null;
  /** A file whose plain edit is refused. */
  readonly stubborn: string | null;
  /** A file that a command changes, as it should or sloppily. */
  readonly commanded: string | null;
  readonly sloppy: boolean;
}

const GOAL = /^change (\{.*\})$/;

/** A goal that the recipe understands. */
export function goalOf(intent: Intent): string {
  const { author, paths, parts, chained, hidden, stubborn, commanded, sloppy } = intent;
  const surprises = { hidden, stubborn, commanded, sloppy };
  return `change ${JSON.stringify({ author, paths, parts, chained, ...surprises })}`;
}

const parseGoal = (goal: string): Intent => JSON.parse(GOAL.exec(goal)?.[1] ?? '{}') as Intent;

/** How the plain edit of a stubborn file reads; nothing of this kind is let in. */
const RASH = 'rashly ';

/** Strategies that a diagnosis may find: reach a file too, write one another way. */
const REACH = 'reach';
const GENTLY = 'gently';

/** Refuses what is written rashly. */
export const makeSimReflex = (turn: () => Promise<void>): EditJudge => ({
  guardrails: ['simulated'],
  judge: async ({ path, after }) => {
    await turn();
    if (!after.includes(RASH)) return { type: 'accept' };
    const places = [`${path}:2`];
    return { type: 'refuse', guardrail: 'simulated', reason: `${path} is written rashly`, places };
  },
});

/** What a recipe of one life needs. */
export interface RecipeParts {
  readonly world: WorldState;
  readonly turn: () => Promise<void>;
}

/** Plans from what stands in the worktree that it is shown. */
export const changeRecipe = ({ world, turn }: RecipeParts): Recipe => ({
  name: 'change',
  usage: 'change <JSON>',
  matches: (goal) => GOAL.test(goal),
  plan: async (goal, { root, strategies }) => {
    await turn();
    const intent = parseGoal(goal);
    const ways = new Set(strategies.map(({ name }) => name));
    const before = (path: string): string => world.worktrees[root]?.files[path] ?? '';
    const edit = (path: string): FileEdit => {
      const isRash = path === intent.stubborn && !ways.has(GENTLY);
      return fileEdit(path, before(path), isRash ? RASH + intent.author : intent.author);
    };
    return planned(goal, intent, { ways, edit, before });
  },
  look: async (goal, lookout) => {
    await turn();
    const { hidden, author } = parseGoal(goal);
    if (hidden === null || lookout.planned.has(hidden)) return [];
    return [placeOf(hidden, author)];
  },
  diagnose: async (goal, { paths, what }) => {
    await turn();
    const { hidden, stubborn } = parseGoal(goal);
    if (hidden !== null && paths.includes(hidden)) {
      return { finding: `${hidden} is to change too`, strategy: REACH, paths: [hidden] };
    }
    if (stubborn !== null && what.includes('rashly')) {
      return { finding: `${stubborn} is stubborn`, strategy: GENTLY, paths: [stubborn] };
    }
    return { finding: 'nobody knows why', strategy: null, paths };
  },
});

const placeOf = (path: string, author: string): OpenPlace => ({
  path,
  line: 1,
  preview: `needs ${author}`,
});

function fileEdit(path: string, before: string, author: string): FileEdit {
  const after = Buffer.from(edited(before, author));
  const hashes = { baseHash: sha256(before), afterHash: sha256(after) };
  return { path, ...hashes, after, changes: 1, lines: [1] };
}

interface Ways {
  readonly ways: ReadonlySet<string>;
  readonly edit: (path: string) => FileEdit;
  readonly before: (path: string) => string;
}

function planned(goal: string, intent: Intent, { ways, edit, before }: Ways): PlannedChange {
  const { author, paths, hidden, stubborn } = intent;
  const reached = hidden !== null && ways.has(REACH) ? [hidden] : [];
  const open = hidden === null || reached.length > 0 ? [] : [hidden];
  return {
    title: `Change of ${author}`,
    summary: goal,
    engine: 'simulated',
    edits: [...paths, ...reached].map(edit),
    parts: [
      ...partsOf(intent),
      ...commandOf(intent),
      ...reached.map((path) => partOf(intent, 'reach', [path])),
    ],
    open: open.map((path) => placeOf(path, author)),
    // What is proposed for a file outside the plan is refused where plain edits are.
    plain: open.map((path) =>
      fileEdit(path, before(path), stubborn === null ? author : RASH + author),
    ),
    listed: [],
    warnings: [],
    names: { from: 'content', to: author },
  };
}

function partsOf(intent: Intent): PlannedPart[] {
  const { paths, parts, chained } = intent;
  const size = Math.ceil(paths.length / parts);
  const groups = Array.from({ length: parts }, (_, at) => paths.slice(at * size, (at + 1) * size));
  return groups
    .filter((group) => group.length > 0)
    .map((group, at) => {
      const part = partOf(intent, `part-${at + 1}`, group);
      return chained && at > 0 ? { ...part, after: [`part-${at}`] } : part;
    });
}

function commandOf(intent: Intent): PlannedPart[] {
  const { author, commanded, sloppy } = intent;
  if (commanded === null) return [];
  const command = writeCommand(author, sloppy);
  const lines = `^by ${author}$`;
  return [
    { ...partOf(intent, 'command', [commanded]), command: { name: 'write', command, lines } },
  ];
}

const partOf = ({ author }: Intent, key: string, paths: readonly string[]): PlannedPart => ({
  key,
  title: `${key} of ${author}`,
  paths,
  after: [],
  expects: `${author} stands in ${paths.join(' ')}`,
});
