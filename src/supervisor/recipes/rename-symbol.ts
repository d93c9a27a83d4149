/** The recipe `rename a to b`: a symbol and all its uses, by the language server. */
import { SkeinError } from '#protocol/errors.ts';
import type { RenameRequest, SymbolChoice } from '#workspace/language/language.ts';
import { planRename } from '#workspace/language/plan-rename.ts';
import type { PlannedChange, PlanRequest, Recipe } from '../recipe.ts';

/** The longest a plan may take, in milliseconds. */
const PLAN_TIMEOUT_MS = 300_000;

const GOAL =
  /^\s*rename\s+(\S+)\s+to\s+(\S+)(?:\s+(?:at|in)\s+(\S+?)(?::(\d+))?(?::(\d+))?)?\s*$/iu;

/** What a goal asks for. */
export type RenameGoal = Pick<RenameRequest, 'from' | 'to' | 'at'>;

/** Reads `rename a to b [at path:line[:column]]`; undefined when the goal has another form. */
export function parseRenameGoal(goal: string): RenameGoal | undefined {
  const [, from, to, path, line, column] = GOAL.exec(goal) ?? [];
  if (from === undefined || to === undefined) return undefined;
  const names = { from: unquote(from), to: unquote(to) };
  if (path === undefined) return names;
  if (line === undefined) return undefined;
  const at = {
    path,
    line: Number(line),
    ...(column === undefined ? {} : { column: Number(column) }),
  };
  return { ...names, at };
}

const unquote = (word: string): string => word.replace(/^(["'`])(.*)\1$/u, '$2');

/** Renames a symbol across the repository. */
export const renameSymbol: Recipe = {
  name: 'rename',
  usage: 'rename <symbol> to <name> [at <path>:<line>]',
  matches: (goal) => parseRenameGoal(goal) !== undefined,
  plan: async (goal, request) => planGoal(parseRenameGoal(goal) as RenameGoal, request),
};

/** `Type.member` names a member. */
const lastPart = (name: string): string => name.slice(name.lastIndexOf('.') + 1);

async function planGoal(goal: RenameGoal, request: PlanRequest): Promise<PlannedChange> {
  const { root, files, options, signal } = request;
  const outcome = await planRename({
    ...goal,
    root,
    files,
    keepExports: options.keepExports,
    timeoutMs: PLAN_TIMEOUT_MS,
    signal,
  });
  if (outcome.type === 'ambiguous') throw ambiguous(goal, outcome.choices);
  const { symbol, engine, edits, listed, warnings } = outcome;
  const place = `${symbol.path}:${symbol.line}`;
  const title = `Rename ${goal.from} to ${goal.to}`;
  const summary = `${title} (${symbol.kind}, ${place})`;
  const names = { from: lastPart(goal.from), to: lastPart(goal.to) };
  return { title, summary, engine, edits, listed, warnings, names };
}

function ambiguous({ from, to }: RenameGoal, choices: readonly SymbolChoice[]): SkeinError {
  const lines = choices.map(
    ({ kind, container, path, line, preview }) =>
      `  ${path}:${line}  ${kind}${container === undefined ? '' : ` in ${container}`}  ${preview}`,
  );
  const [first] = choices;
  return new SkeinError(
    'symbol-ambiguous',
    `Cannot rename ${from}: ${choices.length} symbols have that name\n${lines.join('\n')}`,
    {
      fix: `Say which one, for example: rename ${from} to ${to} at ${first?.path}:${first?.line}`,
      details: { choices },
    },
  );
}
