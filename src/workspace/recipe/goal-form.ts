/** The goals that a recipe is for: `use logger [in {folder}]`, with {parameters} and optional parts. */
import { runInNewContext } from 'node:vm';
import { SkeinError } from '#protocol/errors.ts';
import type { RecipeParameter } from './recipe.ts';

const MAX_VALUE = 500;
/** A longer goal has no form: finding one takes time that grows faster than the goal. */
const MAX_GOAL = 1_000;
const MATCH_TIMEOUT_MS = 500;
/** A word, or several in quotes. */
const VALUE = '("[^"]*"|\'[^\']*\'|`[^`]*`|\\S+)';

/** A form made ready; `names` are its parameters in order, `optional` those in brackets. */
export interface GoalForm {
  readonly expression: RegExp;
  readonly names: readonly string[];
  readonly optional: ReadonlySet<string>;
}

/** Reads a form; answers what is wrong with it as a text. */
export function compileGoal(form: string): GoalForm | string {
  const names: string[] = [];
  const optional = new Set<string>();
  let source = '';
  let isOpen = false;
  for (const [token, name] of form.trim().matchAll(/\{([^{}]*)\}|\s*\[|\]|\s+|[^\s[\]{}]+|./gu)) {
    const mark = token.trim();
    if (name !== undefined) {
      if (!/^[a-z][A-Za-z0-9]*$/u.test(name)) return `{${name}} is no name of a parameter`;
      if (names.includes(name)) return `{${name}} is there twice`;
      if (source.endsWith(VALUE))
        return `something must stand between {${names.at(-1)}} and {${name}}`;
      names.push(name);
      if (isOpen) optional.add(name);
      source += VALUE;
    } else if (mark === '[' || mark === ']') {
      if (isOpen === (mark === '[')) return 'its brackets do not match';
      isOpen = mark === '[';
      source += isOpen ? `(?:${token === '[' ? '' : '\\s+'}` : ')?';
    } else source += mark === '' ? '\\s+' : RegExp.escape(token);
  }
  if (isOpen) return 'its brackets do not match';
  if (!/^[^\s{[]/u.test(form.trim())) return 'it must begin with a word';
  return { expression: new RegExp(`^\\s*${source}\\s*$`, 'iu'), names, optional };
}

/** The values that a goal gives, by name; undefined when the goal has another form. */
export function readGoal(
  { expression, names }: GoalForm,
  goal: string,
): ReadonlyMap<string, string> | undefined {
  const found = goal.length > MAX_GOAL ? null : expression.exec(goal);
  if (found === null) return undefined;
  return new Map(
    names.flatMap((name, index) => {
      const value = found[index + 1];
      return value === undefined ? [] : [[name, value.replace(/^(["'`])(.*)\1$/su, '$2')]];
    }),
  );
}

/** The values of all parameters: given, else their defaults. Throws `usage` for one that won't do. */
export function completeValues(
  parameters: readonly RecipeParameter[],
  given: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  return new Map(
    parameters.map((parameter) => {
      const value = given.get(parameter.name) ?? parameter.default ?? '';
      const problem = valueProblem(parameter, value);
      if (problem !== undefined) throw refused(parameter, value, problem);
      return [parameter.name, value];
    }),
  );
}

/** Why a parameter can't have a value, or undefined when it can. */
export function valueProblem(parameter: RecipeParameter, value: string): string | undefined {
  if (value === '') return 'it is empty';
  if (value.length > MAX_VALUE) return `it is longer than ${MAX_VALUE} characters`;
  if (/\p{Cc}/u.test(value)) return 'it has control characters';
  if (value.startsWith('-')) return 'it begins with -, like an option of a command';
  if (parameter.enum !== undefined && !parameter.enum.includes(value)) {
    return `it is none of ${parameter.enum.join(', ')}`;
  }
  if (parameter.pattern === undefined || matches(parameter.pattern, value)) return undefined;
  return `it does not match ${parameter.pattern}`;
}

/** Somebody else wrote the expression: it may need for ever, so it is given little time. */
function matches(pattern: string, value: string): boolean {
  const expression = new RegExp(`^(?:${pattern})$`, 'u');
  try {
    return Boolean(
      runInNewContext(
        'test()',
        { test: () => expression.test(value) },
        { timeout: MATCH_TIMEOUT_MS },
      ),
    );
  } catch {
    return false;
  }
}

const refused = (
  { name, description }: RecipeParameter,
  value: string,
  problem: string,
): SkeinError =>
  new SkeinError('usage', `Cannot use ${JSON.stringify(value)} for ${name}: ${problem}`, {
    fix: description === undefined ? `Give another ${name}.` : `${name}: ${description}`,
    details: { parameter: name, value },
  });
