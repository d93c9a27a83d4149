/**
 * The variables of a pattern and of its replacement: `$NAME` is one node, `$$$NAME` any number of
 * them, `$_` and `$$$` something that is not named. Each place gets a name of ours before the parser
 * sees it, so that the parser says for every one of them what it stands for.
 */
import { SkeinError } from '#protocol/errors.ts';

/** A variable at one place of a text; `name` is null where nothing can refer to it. */
export interface Variable {
  readonly start: number;
  readonly end: number;
  readonly name: string | null;
  readonly isMany: boolean;
  /** How many `$` it begins with. */
  readonly sigils: number;
}

// inside a longer name it is part of that name
const IN_PATTERN = /(?<![\w$])(?:\$\$\$([A-Z_][A-Z0-9_]*)?|\$\$?([A-Z_][A-Z0-9_]*))(?![\w$])/gu;
// here it may also complete a name: get$NAME
const IN_REPLACEMENT = /(?<!\$)(?:\$\$\$([A-Z_][A-Z0-9_]*)?|\$([A-Z_][A-Z0-9_]*))(?![\w$])/gu;

/** The variables of a pattern, in order. */
export const patternVariables = (pattern: string): readonly Variable[] => read(pattern, IN_PATTERN);

/** The variables of a replacement, in order. */
export const replacementVariables = (replacement: string): readonly Variable[] =>
  read(replacement, IN_REPLACEMENT);

const read = (text: string, form: RegExp): readonly Variable[] =>
  [...text.matchAll(form)].map((match) => {
    const [whole, many, one] = match;
    const name = many ?? one;
    const isNamed = name !== undefined && !name.startsWith('_');
    return {
      start: match.index,
      end: match.index + whole.length,
      name: isNamed ? name : null,
      isMany: whole.startsWith('$$$'),
      sigils: /^\$+/u.exec(whole)?.[0].length ?? 0,
    };
  });

/**
 * Throws `pattern-invalid` when the replacement uses what the pattern does not bind, or a variable
 * stands for one node here and for many there.
 */
export function assertBound(pattern: string, replacement: string): void {
  const bound = new Map<string, Variable>();
  for (const variable of patternVariables(pattern)) {
    if (variable.name === null) continue;
    const first = bound.get(variable.name) ?? variable;
    bound.set(variable.name, first);
    if (first.isMany !== variable.isMany) throw twoForms(pattern, variable, 'in the pattern');
  }
  for (const variable of replacementVariables(replacement)) {
    const first = bound.get(variable.name ?? '');
    if (first === undefined) throw unbound(replacement, variable, [...bound.values()]);
    if (first.isMany !== variable.isMany) throw twoForms(replacement, variable, 'in the pattern');
  }
}

const written = ({ name, isMany }: Variable): string => `${isMany ? '$$$' : '$'}${name ?? ''}`;

function twoForms(text: string, variable: Variable, where: string): SkeinError {
  const other = written({ ...variable, isMany: !variable.isMany });
  const state = `${written(variable)} is ${other} elsewhere ${where}`;
  return invalid(text, variable.start, state, 'Write it the same way everywhere.');
}

function unbound(text: string, variable: Variable, bound: readonly Variable[]): SkeinError {
  const what = text.slice(variable.start, variable.end);
  const fix =
    bound.length === 0
      ? 'The pattern has no variables: $NAME stands for one node, $$$NAME for any number.'
      : `The pattern has ${bound.map(written).join(', ')}.`;
  return invalid(text, variable.start, `the pattern does not bind ${what}`, fix);
}

/** The error about a place of a pattern or replacement; `offset` counts from 0. */
export function invalid(text: string, offset: number, state: string, fix: string): SkeinError {
  const column = offset + 1;
  return new SkeinError('pattern-invalid', `Cannot use ${text}: ${state} (column ${column})`, {
    fix,
    details: { pattern: text, column },
  });
}

/** A text with some variables under names of ours. */
export interface RenamedText {
  readonly text: string;
  /** The offset in the original text of an offset in this one. */
  readonly originOf: (offset: number) => number;
}

/** Our name of a variable, as the parser reads it in a language whose letter is `letter`. */
export const placeholder = (slot: number, sigils: number, letter: string): string =>
  `${letter.repeat(sigils)}SKEIN${slot}_`;

/** Puts our names in the place of variables; `nameOf` answers undefined for those that stay. */
export function renameVariables(
  text: string,
  variables: readonly Variable[],
  nameOf: (variable: Variable, index: number) => string | undefined,
): RenamedText {
  const shifts: { readonly at: number; readonly by: number }[] = [];
  let renamed = '';
  let from = 0;
  for (const [index, variable] of variables.entries()) {
    const name = nameOf(variable, index);
    if (name === undefined) continue;
    renamed += text.slice(from, variable.start) + name;
    from = variable.end;
    shifts.push({ at: renamed.length, by: variable.end - renamed.length });
  }
  renamed += text.slice(from);
  const originOf = (offset: number): number =>
    offset + (shifts.findLast(({ at }) => at <= offset)?.by ?? 0);
  return { text: renamed, originOf };
}
