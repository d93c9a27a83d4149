/**
 * Plans a rewrite over many files without writing anything: which files there are in which language,
 * which of them hold the words of the pattern, what becomes of each, and what was left alone.
 */
import { inParallel } from '#lib/in-parallel.ts';
import { SkeinError } from '#protocol/errors.ts';
import { type Language, languageOf } from '#workspace/rewrite/syntax/load-parser.ts';
import type { Pattern } from '#workspace/rewrite/syntax/pattern.ts';
import { compileTemplate } from '#workspace/rewrite/syntax/template.ts';
import { assertBound } from '#workspace/rewrite/syntax/variables.ts';
import { selectPaths } from './glob.ts';
import { assertReadable, assertText, assertVariables, readPatterns } from './read-patterns.ts';
import { type FileResult, outcomeOf } from './report-places.ts';
import type { RewriteOutcome, RewriteRequest } from './rewrite.ts';
import { type Rewriter, rewriteText } from './rewrite-file.ts';
import { readSource, toSource } from './source-text.ts';

/** How many files are at the parser at once. */
export const FILES_AT_ONCE = 4;

/**
 * Plans a rewrite; `edits` is empty when nothing matches. Throws `pattern-invalid` for globs,
 * patterns and variables that can't be used, `language-unsupported` when no file is in a language
 * of the parser, and the reason of `signal`.
 */
export async function planRewrite(request: RewriteRequest): Promise<RewriteOutcome> {
  const { pattern, replacement, files, globs = [] } = request;
  assertText(replacement);
  assertBound(pattern, replacement);
  const selected = selectPaths(files, globs);
  const paths = selected.filter((path) => languageOf(path) !== undefined);
  if (paths.length === 0) throw noLanguage(selected.length);
  const patterns = await readPatterns(paths, pattern);
  const all = [...patterns.values()];
  const rewriters = await makeRewriters(all, replacement);
  if (rewriters.size === 0) assertVariables(pattern, all);
  const results: (FileResult | undefined)[] = [];
  await inParallel([...paths.entries()], FILES_AT_ONCE, async ([index, path]) => {
    request.signal?.throwIfAborted();
    const rewriter = rewriters.get(languageOf(path) as Language);
    if (rewriter !== undefined) results[index] = await rewriteFile(request, rewriter, path);
  });
  const found = results.filter((result) => result !== undefined);
  if (!found.some(({ result }) => result !== undefined)) {
    await assertReadable(pattern, all, request.mayBeTyped);
  }
  return outcomeOf(found, paths.length);
}

const noLanguage = (files: number): SkeinError =>
  new SkeinError(
    'language-unsupported',
    `Cannot rewrite: none of ${files} files is in a language that patterns are for`,
    { fix: 'Patterns are for .js, .jsx, .mjs, .cjs, .ts, .tsx, .mts, .cts, .css and .html files.' },
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
