/**
 * Plans a rewrite over many files without writing anything: which files there are in which language,
 * which of them hold the words of the pattern, what becomes of each, and what was left alone.
 */
import { inParallel } from '#lib/in-parallel.ts';
import { sha256 } from '#lib/sha256.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { FileEdit, Occurrence } from '#workspace/language/language.ts';
import { indexLines } from '#workspace/language/syntax/words.ts';
import { selectPaths } from './glob.ts';
import { type Language, languageOf } from './load-parser.ts';
import { compilePattern, type Pattern } from './pattern.ts';
import type { RewriteOutcome, RewriteRequest } from './rewrite.ts';
import { type RewrittenText, type Rewriter, rewriteText } from './rewrite-file.ts';
import { readSource, type SourceText, toBytes, toSource } from './source-text.ts';
import { compileTemplate } from './template.ts';
import { assertBound, invalid, patternVariables } from './variables.ts';

const WIDTH = 4;
const MAX_TEXT = 10_000;
const NAMED = 5;

/**
 * Plans a rewrite; `edits` is empty when nothing matches. Throws `pattern-invalid` for globs,
 * patterns and variables that can't be used, and the reason of `signal`.
 */
export async function planRewrite(request: RewriteRequest): Promise<RewriteOutcome> {
  const { pattern, replacement, files, globs = [] } = request;
  for (const text of [pattern, replacement]) assertText(text);
  assertBound(pattern, replacement);
  const paths = selectPaths(files, globs).filter((path) => languageOf(path) !== undefined);
  const languages = new Set(paths.flatMap((path) => languageOf(path) ?? []));
  if (languages.size === 0) throw noLanguage(globs);
  const patterns = await Promise.all(
    [...languages].map((language) => compilePattern(language, pattern)),
  );
  const rewriters = await makeRewriters(patterns, replacement);
  if (rewriters.size === 0) assertVariables(pattern, patterns);
  const results: (FileResult | undefined)[] = [];
  await inParallel([...paths.entries()], WIDTH, async ([index, path]) => {
    request.signal?.throwIfAborted();
    const rewriter = rewriters.get(languageOf(path) as Language);
    if (rewriter !== undefined) results[index] = await rewriteFile(request, rewriter, path);
  });
  const found = results.filter((result) => result !== undefined);
  if (!found.some(({ result }) => result !== undefined)) assertReadable(pattern, patterns);
  return outcomeOf(found, paths.length);
}

function assertText(text: string): void {
  if (text.trim() === '')
    throw invalid(text, 0, 'it is empty', 'Say what to rewrite, and to what.');
  if (text.length > MAX_TEXT) {
    const state = `it is longer than ${MAX_TEXT} characters`;
    throw invalid(text.slice(0, 80), 0, state, 'Rewrite smaller pieces of code.');
  }
}

const noLanguage = (globs: readonly string[]): SkeinError =>
  new SkeinError(
    'language-unsupported',
    `Cannot rewrite: ${globs.length === 0 ? 'the repository' : globs.join(', ')} has no code that patterns can be matched with`,
    {
      fix: 'Patterns are matched in .js, .jsx, .mjs, .cjs, .ts, .tsx, .mts, .cts, .css and .html.',
    },
  );

async function makeRewriters(
  patterns: readonly Pattern[],
  replacement: string,
): Promise<ReadonlyMap<Language, Rewriter>> {
  const rewriters = new Map<Language, Rewriter>();
  for (const pattern of patterns) {
    const template = pattern.isUsable ? await compileTemplate(pattern, replacement) : undefined;
    if (template !== undefined) rewriters.set(pattern.language, { pattern, template });
  }
  return rewriters;
}

/** Variables count where they are a node of their own; inside a string they are text. */
function assertVariables(pattern: string, patterns: readonly Pattern[]): void {
  const usable = patterns.filter(({ isUsable }) => isUsable);
  const [first] = usable;
  if (first === undefined) return;
  const bound = new Set(first.parts.map((part) => (part.type === 'variable' ? part.slot : -1)));
  const text = patternVariables(pattern).find((_, slot) => !bound.has(slot));
  if (text === undefined) return;
  const state = `${pattern.slice(text.start, text.end)} is in the middle of a string or a name there`;
  throw invalid(
    pattern,
    text.start,
    state,
    'A variable stands for a whole node, such as "$A" or $A.',
  );
}

/** A pattern that found nothing and is no correct code of any language was a mistake. */
function assertReadable(pattern: string, patterns: readonly Pattern[]): void {
  const problems = patterns.map(({ problem }) => problem);
  const [first] = problems;
  if (first === undefined || problems.includes(undefined)) return;
  const names = patterns.map(({ language }) => language).join(', ');
  throw invalid(
    pattern,
    first.offset,
    `${first.message} in ${names}`,
    'A pattern is one piece of code that could stand by itself, such as foo($A, $$$REST).',
  );
}

interface FileResult {
  readonly path: string;
  readonly source: SourceText;
  /** Undefined for a file that is left alone as a whole. */
  readonly result: RewrittenText | undefined;
}

async function rewriteFile(
  { root, contents }: RewriteRequest,
  rewriter: Rewriter,
  path: string,
): Promise<FileResult | undefined> {
  const known = contents?.get(path);
  const source = known === undefined ? await readSource(root, path) : toSource(path, known);
  if (source === undefined) return undefined;
  const { words } = rewriter.pattern;
  const isSearched = source.bytes.length > 0;
  if (isSearched && !words.every((word) => source.bytes.includes(word))) return undefined;
  if (source.type === 'left') return { path, source, result: undefined };
  const result = await rewriteText(rewriter, path, source.text);
  const isFound = result.replaced.length + result.left.length > 0;
  return isFound ? { path, source, result } : undefined;
}

function outcomeOf(found: readonly FileResult[], searched: number): RewriteOutcome {
  const edits = found.flatMap(({ path, source, result }): FileEdit[] => {
    if (source.type === 'left' || result === undefined || result.text === source.text) return [];
    const after = toBytes(source.bytes, result.text);
    const lines = indexLines(source.text);
    return [
      {
        path,
        baseHash: sha256(source.bytes),
        afterHash: sha256(after),
        after,
        changes: result.replaced.length,
        lines: [...new Set(result.replaced.map((offset) => lines.positionAt(offset).line + 1))],
      },
    ];
  });
  const listed = found.flatMap(({ path, source, result }) =>
    source.type === 'left' ? [] : listPlaces(path, source.text, result),
  );
  return { edits, listed, warnings: warningsOf(found), searched };
}

function listPlaces(
  path: string,
  text: string,
  result: RewrittenText | undefined,
): readonly Occurrence[] {
  const lines = indexLines(text);
  return (result?.left ?? []).map(({ offset }) => {
    const { line, character } = lines.positionAt(offset);
    const preview = lines.previewAt(offset);
    return { path, line: line + 1, column: character + 1, class: 'unresolved', preview };
  });
}

function warningsOf(found: readonly FileResult[]): readonly string[] {
  const places = new Map<string, string[]>();
  const note = (what: string, place: string): void => {
    places.set(what, [...(places.get(what) ?? []), place]);
  };
  for (const { path, source, result } of found) {
    if (source.type === 'left') {
      note(`left as a whole, because ${source.reason}`, path);
      continue;
    }
    const lines = indexLines(source.text);
    for (const { offset, reason } of result?.left ?? []) {
      const { line } = lines.positionAt(offset);
      note(`left as it is, because ${reason}`, `${path}:${line + 1}`);
    }
    if ((result?.again ?? 0) > 0) note('the new code holds the pattern again', path);
  }
  return [...places].map(([what, where]) => {
    const more = where.length > NAMED ? ` and ${where.length - NAMED} more` : '';
    return `${where.slice(0, NAMED).join(', ')}${more}: ${what}`;
  });
}
