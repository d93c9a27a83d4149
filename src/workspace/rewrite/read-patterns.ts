/** A pattern made ready for every language of some files, and the mistakes that can be in it. */
import { type Language, languageOf } from '#workspace/rewrite/syntax/load-parser.ts';
import { compilePattern, type Pattern } from '#workspace/rewrite/syntax/pattern.ts';
import { invalid, patternVariables } from '#workspace/rewrite/syntax/variables.ts';

const MAX_TEXT = 10_000;

/** By language; only those that some of `paths` are in. Throws `pattern-invalid` for its length. */
export async function readPatterns(
  paths: readonly string[],
  pattern: string,
): Promise<ReadonlyMap<Language, Pattern>> {
  assertText(pattern);
  const languages = new Set(paths.flatMap((path) => languageOf(path) ?? []));
  const patterns = new Map<Language, Pattern>();
  for (const language of languages) {
    patterns.set(language, await compilePattern(language, pattern));
  }
  return patterns;
}

/** Throws `pattern-invalid` for a pattern or replacement that is empty or too long. */
export function assertText(text: string): void {
  if (text.trim() === '') {
    throw invalid(text, 0, 'it is empty', 'Say what to look for, and what comes in its place.');
  }
  if (text.length > MAX_TEXT) {
    const state = `it is longer than ${MAX_TEXT} characters`;
    throw invalid(text.slice(0, 80), 0, state, 'Use smaller pieces of code.');
  }
}

/**
 * Throws when no language takes the pattern for correct code: call it when nothing was found. With
 * `mayBeTyped`, code of TypeScript is no mistake where all files are JavaScript.
 */
export async function assertReadable(
  pattern: string,
  patterns: readonly Pattern[],
  mayBeTyped = false,
): Promise<void> {
  const problems = patterns.map(({ problem }) => problem);
  const [first] = problems;
  if (first === undefined || problems.includes(undefined)) return;
  const isUntyped = patterns.every(({ language }) => language === 'JavaScript');
  if (mayBeTyped && isUntyped) {
    const { problem } = await compilePattern('TypeScript', pattern);
    if (problem === undefined) return;
  }
  const names = patterns.map(({ language }) => language).join(', ');
  const fix = 'A pattern is one piece of code that could stand alone, such as foo($A, $$$REST).';
  throw invalid(pattern, first.offset, `${first.message} in ${names}`, fix);
}

/** Throws for a variable that is none: inside a string or a longer name it is text. */
export function assertVariables(pattern: string, patterns: readonly Pattern[]): void {
  const usable = patterns.find(({ isUsable }) => isUsable);
  if (usable === undefined) return;
  const bound = new Set(usable.parts.map((part) => (part.type === 'variable' ? part.slot : -1)));
  const text = patternVariables(pattern).find((_, slot) => !bound.has(slot));
  if (text === undefined) return;
  const state = `${pattern.slice(text.start, text.end)} is in the middle of a string or a name`;
  throw invalid(pattern, text.start, state, 'A variable stands for a whole node: "$A", $A.');
}
