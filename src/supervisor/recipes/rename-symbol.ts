/** The recipe `rename a to b`: a symbol and all its uses, by the language server. */
import type { Diagnosis, Failure } from '#agents/scout.ts';
import { SkeinError } from '#protocol/errors.ts';
import { diagnoseRefusal, IMPORT_ALIAS } from '#workspace/language/diagnose-edit.ts';
import { findUnexplained } from '#workspace/language/find-unexplained.ts';
import type { OpenFile, RenameRequest, SymbolChoice } from '#workspace/language/language.ts';
import { planRename } from '#workspace/language/plan-rename.ts';
import { checkNames } from '#workspace/language/rename/check-names.ts';
import type { ChangedNames, PlannedChange, PlanRequest, Recipe } from '../recipe.ts';

/** The longest a plan may take, in milliseconds. */
const PLAN_TIMEOUT_MS = 300_000;
/** So many files are named in warnings and findings. */
const MAX_NAMED = 20;

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
  look: async (goal, { root, files, planned, listed, signal }) =>
    findUnexplained({
      root,
      files,
      name: namesOf(goal).from,
      explained: { edited: planned, listed },
      signal,
    }),
  diagnose: async (goal, failure, { root }) => diagnoseFailure(namesOf(goal), failure, root),
};

/** The names alone, without a container or `#`. */
function namesOf(goal: string | RenameGoal): ChangedNames {
  const asked = typeof goal === 'string' ? (parseRenameGoal(goal) as RenameGoal) : goal;
  const { from, to } = checkNames(asked.from, asked.to);
  return { from, to };
}

/** Looks whether something in the files of a failure leaves no room for the new name. */
async function diagnoseFailure(
  names: ChangedNames,
  { what, paths }: Failure,
  root: string,
): Promise<Diagnosis> {
  const findings: string[] = [];
  const solved: string[] = [];
  for (const path of paths) {
    const { finding, strategy } = await diagnoseRefusal({ root, path, ...names });
    if (strategy === null) continue;
    findings.push(finding);
    solved.push(path);
  }
  if (solved.length === 0) return { finding: what.split('\n', 1)[0] ?? '', strategy: null, paths };
  return {
    finding: findings.slice(0, MAX_NAMED).join('; '),
    strategy: IMPORT_ALIAS,
    paths: solved,
  };
}

async function planGoal(goal: RenameGoal, request: PlanRequest): Promise<PlannedChange> {
  const { root, files, options, strategies, signal, host } = request;
  const outcome = await planRename({
    ...goal,
    root,
    files,
    keepExports: options.keepExports,
    aliasIn: strategies.filter(({ name }) => name === IMPORT_ALIAS).flatMap(({ paths }) => paths),
    timeoutMs: PLAN_TIMEOUT_MS,
    signal,
    host,
  });
  if (outcome.type === 'ambiguous') throw ambiguous(goal, outcome.choices);
  const { symbol, engine, edits, listed } = outcome;
  const place = `${symbol.path}:${symbol.line}`;
  const title = `Rename ${goal.from} to ${goal.to}`;
  const summary = `${title} (${symbol.kind}, ${place})`;
  const names = namesOf(goal);
  const open = outcome.open.flatMap(({ places }) => places);
  const plain = outcome.open.flatMap((file) => file.plain ?? []);
  const warnings = [...outcome.warnings, ...openWarnings(outcome.open)];
  return { title, summary, engine, edits, listed, warnings, names, open, plain };
}

function openWarnings(open: readonly OpenFile[]): readonly string[] {
  const named = open
    .slice(0, MAX_NAMED)
    .map(
      ({ path, places }) =>
        `${path}:${places[0]?.line} uses it too; the plain rename does not fit there: the agents will look into it on the way, and the plan may change`,
    );
  const more = open.length - named.length;
  return more > 0 ? [...named, `The same goes for ${more} more files`] : named;
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
