/** What a schema can't say about a recipe: names that must exist, forms that must fit together. */
import type { Complain, YamlFile, YamlPath } from '#workspace/yaml/read-yaml.ts';
import { compileGoal, type GoalForm, valueProblem } from './goal-form.ts';
import { fillIn, forExpression, placeholdersIn, shellProblem } from './placeholders.ts';
import type { RecipeDefinition, RecipeParameter, RecipeStep, StepWork } from './recipe.ts';
import { type RecipeData, STEP_KINDS } from './recipe-form.ts';

type StepData = RecipeData['steps'][number];
type Fail = (path: YamlPath, state: string, fix?: string) => never;

const ROLES: Readonly<Record<StepWork['kind'], string>> = {
  search: 'scout',
  rewrite: 'coder',
  command: 'coder',
  check: 'runner',
};

/** The recipe that `data` says; throws what `complain` makes, with the line of the mistake. */
export function checkRecipe(
  file: string,
  data: RecipeData,
  yaml: YamlFile,
  complain: Complain,
): RecipeDefinition {
  const fail: Fail = (path, state, fix) => {
    throw complain(yaml.lineOf(path), state, fix);
  };
  const { name, description, goal } = data;
  const steps = data.steps.map((step, index) => toStep(step, index, fail));
  const parameters = (data.parameters ?? []).map((parameter): RecipeParameter => ({
    name: parameter.name,
    description: parameter.description,
    default: parameter.default,
    pattern: parameter.pattern,
    enum: parameter.enum,
  }));
  const form = compileGoal(goal);
  if (typeof form === 'string') return fail(['goal'], form);
  checkParameters(parameters, form, fail);
  checkNames(parameters, steps, fail);
  const values = new Set(parameters.map((parameter) => parameter.name));
  const searches = new Set(steps.flatMap(({ kind, id }) => (kind === 'search' ? [id] : [])));
  for (const [index, step] of steps.entries()) {
    checkTexts(step, { values, searches, earlier: steps.slice(0, index) }, at(index, step, fail));
  }
  checkUse(parameters, data.steps, fail);
  if (!steps.some(({ kind }) => kind === 'rewrite' || kind === 'command')) {
    return fail(['steps'], 'no step changes anything', 'Add a step with rewrite or command.');
  }
  return { file, name, description, goal, parameters, steps };
}

/** A complaint about what stands below a step's key. */
const at =
  (index: number, { kind }: StepWork, fail: Fail): Fail =>
  (path, state, fix) =>
    fail(['steps', index, kind, ...path], state, fix);

function toStep(data: StepData, index: number, fail: Fail): RecipeStep {
  const path = ['steps', index];
  const kinds = STEP_KINDS.filter((kind) => data[kind] !== undefined);
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) {
    const state =
      kind === undefined ? 'it says not what to do' : `it is ${kinds.join(' and ')} at once`;
    return fail(path, `step ${index + 1}: ${state}`, `Give it one of ${STEP_KINDS.join(', ')}.`);
  }
  const role = ROLES[kind];
  if (data.role !== undefined && data.role !== role) {
    return fail(
      [...path, 'role'],
      `${kind} is done by a ${role}`,
      `Write ${role}, or leave it out.`,
    );
  }
  const { id = `step-${index + 1}`, title, after = [] } = data;
  return { ...workOf(data, index, fail), id, title, after };
}

function workOf(
  { search, rewrite, command, check }: StepData,
  index: number,
  fail: Fail,
): StepWork {
  if (search !== undefined) {
    const { pattern, text, atLeast = 1, atMost = Number.MAX_SAFE_INTEGER } = search;
    const path = ['steps', index, 'search'];
    if ((pattern === undefined) === (text === undefined)) {
      return fail(path, 'a search has either a pattern or a text');
    }
    if (atMost < atLeast) return fail([...path, 'atMost'], 'it is less than atLeast');
    return { kind: 'search', pattern, text, in: search.in ?? [], atLeast, atMost };
  }
  if (rewrite !== undefined) return { kind: 'rewrite', ...rewrite, in: rewrite.in ?? [] };
  if (command !== undefined) return { kind: 'command', ...command };
  return { kind: 'check', ...(check as NonNullable<typeof check>) };
}

function checkParameters(
  parameters: readonly RecipeParameter[],
  { names, optional }: GoalForm,
  fail: Fail,
): void {
  const unknown = names.find((name) => !parameters.some((each) => each.name === name));
  if (unknown !== undefined) fail(['goal'], `{${unknown}} is not among the parameters`);
  for (const [index, parameter] of parameters.entries()) {
    const path = ['parameters', index];
    const { name, pattern } = parameter;
    if (pattern !== undefined) checkExpression(pattern, [...path, 'pattern'], fail);
    if (parameter.default === undefined) {
      const isGiven = names.includes(name) && !optional.has(name);
      if (!isGiven) fail(path, `${name} needs a default: a goal may leave it out`);
    } else {
      const problem = valueProblem(parameter, parameter.default);
      if (problem !== undefined) fail([...path, 'default'], `the default of ${name}: ${problem}`);
    }
  }
}

/** Parameters and steps share one set of names, since both may stand in braces. */
function checkNames(
  parameters: readonly RecipeParameter[],
  steps: readonly RecipeStep[],
  fail: Fail,
): void {
  const seen = new Set<string>();
  for (const [index, { name }] of parameters.entries()) {
    if (seen.has(name)) fail(['parameters', index, 'name'], `the name ${name} is there twice`);
    seen.add(name);
  }
  const before = new Set<string>();
  for (const [index, { id, after }] of steps.entries()) {
    if (seen.has(id)) fail(['steps', index, 'id'], `the name ${id} is there twice`);
    const missing = after.find((each) => !before.has(each));
    if (missing !== undefined) {
      fail(['steps', index, 'after'], `no step before this one has the id ${missing}`);
    }
    seen.add(id);
    before.add(id);
  }
}

interface Known {
  readonly values: ReadonlySet<string>;
  readonly searches: ReadonlySet<string>;
  readonly earlier: readonly RecipeStep[];
}

function checkTexts(step: RecipeStep, known: Known, fail: Fail): void {
  if (step.kind === 'search' || step.kind === 'rewrite') checkGlobs(step.in, 'in', known, fail);
  if (step.kind === 'command') {
    checkGlobs(step.writes, 'writes', known, fail);
    const examples = new Map([...known.values].map((name) => [name, 'x']));
    checkExpression(fillIn(step.lines, examples, forExpression), ['lines'], fail);
  }
  if (step.kind === 'command' || step.kind === 'check') {
    const names = new Set([...known.values, ...known.searches]);
    const problem = shellProblem(step.run, names);
    if (problem !== undefined) fail(['run'], problem);
    for (const { name } of placeholdersIn(step.run, known.searches)) {
      if (!known.earlier.some(({ id }) => id === name)) fail(['run'], `{${name}} is a later step`);
    }
  }
}

/** In a glob every name must be known, and that of a search stands alone. */
function checkGlobs(globs: readonly string[], key: string, known: Known, fail: Fail): void {
  for (const glob of globs) {
    for (const [whole, name = ''] of glob.matchAll(/\{([^{},]*)\}/gu)) {
      const isSearch = known.earlier.some(({ kind, id }) => kind === 'search' && id === name);
      if (!known.values.has(name) && !isSearch) {
        fail([key], `${whole} is neither a parameter nor a search before this step`);
      }
      if (isSearch && glob !== whole)
        fail([key], `${whole} stands for files, and must stand alone`);
    }
  }
}

function checkExpression(expression: string, path: YamlPath, fail: Fail): void {
  try {
    RegExp(expression, 'u');
  } catch {
    fail(path, `${expression} is no regular expression`);
  }
}

/** A parameter that no step uses is mistyped somewhere. */
function checkUse(
  parameters: readonly RecipeParameter[],
  steps: RecipeData['steps'],
  fail: Fail,
): void {
  const used = placeholdersIn(JSON.stringify(steps), new Set(parameters.map(({ name }) => name)));
  for (const [index, { name }] of parameters.entries()) {
    if (!used.some((each) => each.name === name)) {
      fail(['parameters', index], `no step uses {${name}}`);
    }
  }
}
