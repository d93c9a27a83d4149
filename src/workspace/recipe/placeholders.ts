/**
 * `{name}` in the texts of a recipe: a parameter, or the files that a search found. Only names that
 * the recipe knows count: other braces are code. In a command a value is one quoted word, or one for
 * each file, so nothing in it can become a command of its own.
 */

/** What names stand for: one text, or several paths. */
export type Values = ReadonlyMap<string, string | readonly string[]>;

/** A known name in a text. */
export interface Placeholder {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** The known names in a text, in order. */
export const placeholdersIn = (text: string, names: ReadonlySet<string>): readonly Placeholder[] =>
  [...text.matchAll(/\{([a-z][A-Za-z0-9-]*)\}/gu)].flatMap(({ 0: whole, 1: name = '', index }) =>
    names.has(name) ? [{ name, start: index, end: index + whole.length }] : [],
  );

/** Puts values in the place of names; `write` says how a value is written. */
export function fillIn(
  text: string,
  values: Values,
  write: (value: string | readonly string[]) => string,
): string {
  let filled = '';
  let from = 0;
  for (const { name, start, end } of placeholdersIn(text, new Set(values.keys()))) {
    filled += text.slice(from, start) + write(values.get(name) ?? '');
    from = end;
  }
  return filled + text.slice(from);
}

/** Values as they are; a list is joined by blanks. */
export const plainly = (value: string | readonly string[]): string => [value].flat().join(' ');

/** Values as words of a shell; a path that begins with - is no option. */
export const forShell = (value: string | readonly string[]): string =>
  [value]
    .flat()
    .map((word) => (word.startsWith('-') ? `./${word}` : word))
    .map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`)
    .join(' ');

/** Values as they are looked for in a regular expression. */
export const forExpression = (value: string | readonly string[]): string =>
  RegExp.escape(plainly(value));

/** Why a name in a command could end up as something else than a word; undefined when all are safe. */
export function shellProblem(command: string, names: ReadonlySet<string>): string | undefined {
  const found = placeholdersIn(command, names);
  if (found.length > 0 && command.includes('<<')) {
    return `{${found[0]?.name}} can't be used in a command with <<`;
  }
  const unsafe = found.find(({ start }) => isQuoted(command, start));
  return unsafe && `{${unsafe.name}} is in quotes, or after $ or \\: it is quoted by itself`;
}

/** Whether a shell that reads up to `offset` is inside quotes or about to escape something. */
function isQuoted(command: string, offset: number): boolean {
  let quote = '';
  let isEscaped = false;
  for (const character of command.slice(0, offset)) {
    if (isEscaped) isEscaped = false;
    else if (character === '\\' && quote !== "'") isEscaped = true;
    else if (quote !== '') quote = character === quote ? '' : quote;
    else if (character === '"' || character === "'" || character === '`') quote = character;
  }
  // after $ a shell reads the quotes in another way
  return quote !== '' || isEscaped || command[offset - 1] === '$';
}
