/** Finds the files that hold a text or match a pattern, and how often. Nothing is changed. */
import { inParallel } from '#lib/in-parallel.ts';
import { alignMatch } from '#workspace/rewrite/syntax/align-match.ts';
import { type Language, languageOf, parseCode } from '#workspace/rewrite/syntax/load-parser.ts';
import { findMatches, type Pattern } from '#workspace/rewrite/syntax/pattern.ts';
import { FILES_AT_ONCE } from './plan-rewrite.ts';
import { assertReadable, readPatterns } from './read-patterns.ts';
import type { RewriteRequest } from './rewrite.ts';
import { readSource, type SourceText, toSource } from './source-text.ts';

/** What to look for in `files`, as for a rewrite: code by a pattern, or a text as it is. */
export interface SearchRequest extends Pick<
  RewriteRequest,
  'root' | 'files' | 'contents' | 'signal' | 'mayBeTyped'
> {
  readonly what: { readonly pattern: string } | { readonly text: string };
}

/** A file that holds it, and how often. */
export interface FoundFile {
  readonly path: string;
  readonly places: number;
}

/** The files in the order of `files`. Throws `pattern-invalid`, and the reason of `signal`. */
export async function searchFiles(request: SearchRequest): Promise<readonly FoundFile[]> {
  const { files, root, contents, what } = request;
  const patterns =
    'pattern' in what ? await readPatterns(files, what.pattern) : new Map<Language, Pattern>();
  const count = (path: string, source: SourceText): Promise<number> | number => {
    if ('text' in what) return countText(source.bytes, Buffer.from(what.text));
    const pattern = patterns.get(languageOf(path) as Language);
    return pattern === undefined ? 0 : countMatches(pattern, source);
  };
  const places: number[] = [];
  await inParallel([...files.entries()], FILES_AT_ONCE, async ([index, path]) => {
    request.signal?.throwIfAborted();
    const known = contents?.get(path);
    const source = known === undefined ? await readSource(root, path) : toSource(path, known);
    places[index] = source === undefined ? 0 : await count(path, source);
  });
  const found = files.map((path, index) => ({ path, places: places[index] ?? 0 }));
  const holding = found.filter((file) => file.places > 0);
  if (holding.length === 0 && 'pattern' in what) {
    await assertReadable(what.pattern, [...patterns.values()], request.mayBeTyped);
  }
  return holding;
}

function countText(bytes: Buffer, text: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + text.length)) {
    count += 1;
  }
  return count;
}

async function countMatches(pattern: Pattern, source: SourceText): Promise<number> {
  if (source.type === 'left' || !pattern.isUsable) return 0;
  if (!pattern.words.every((word) => source.bytes.includes(word))) return 0;
  const root = await parseCode(pattern.language, source.text);
  return findMatches(root, pattern.query).filter(
    (match) => alignMatch(match, pattern, source.text) !== undefined,
  ).length;
}
