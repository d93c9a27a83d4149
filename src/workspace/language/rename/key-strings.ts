/**
 * Strings that name a renamed property to the type system, as in `Pick<T, 'a'>` or `get(x, 'a')`.
 * No server counts them as references. But where such a string alone makes a type error once the
 * property has its new name, it has to follow; every other string stays.
 */
import path from 'node:path';
import type { LanguageServer } from '#workspace/language/language.ts';
import type { RewrittenFile } from './rewrite.ts';
import { type FoundSite, type SymbolGraph, allSites, innerOf } from './symbol-graph.ts';

/** The errors of some files as `path:line:column`, counted from 1. */
export type ErrorPlaces = ReadonlySet<string>;

/** Strings that are exactly the name and not part of the symbol yet. */
export function candidateStrings(graph: SymbolGraph, set: number): readonly FoundSite[] {
  return [...allSites(graph)].filter(
    (found) => found.site.role === 'exact-string' && graph.sets.find(innerOf(found)) !== set,
  );
}

/** Where the server sees errors in the files of the strings, as they are now. */
export async function errorPlaces(
  server: LanguageServer,
  root: string,
  strings: readonly FoundSite[],
): Promise<ErrorPlaces> {
  const files = new Set(strings.map((found) => found.file.source.path));
  const places = new Set<string>();
  for (const file of files) {
    for (const error of await server.diagnostics(path.join(root, file))) {
      places.add(`${file}:${error.line}:${error.column}`);
    }
  }
  return places;
}

/** The strings at which there is an error now that was not there before. */
export function brokenStrings(
  strings: readonly FoundSite[],
  rewritten: readonly RewrittenFile[],
  before: ErrorPlaces,
  after: ErrorPlaces,
): readonly FoundSite[] {
  const changed = new Map(rewritten.map((each) => [each.file.source.path, each]));
  return strings.filter(({ file, site }) => {
    const { path: name, lines } = file.source;
    const quote = lines.positionAt(site.start - 1);
    const shift = shiftOnLine(changed.get(name), quote.line, site.start);
    const old = `${name}:${quote.line + 1}:${quote.character + 1}`;
    return (
      after.has(`${name}:${quote.line + 1}:${quote.character + 1 + shift}`) && !before.has(old)
    );
  });
}

/** By how many columns earlier replacements on its line move a place; lines never move. */
function shiftOnLine(file: RewrittenFile | undefined, line: number, start: number): number {
  if (!file) return 0;
  const earlier = file.replacements.filter(
    (each) => each.start < start && file.file.source.lines.positionAt(each.start).line === line,
  );
  return earlier.reduce((sum, each) => sum + each.text.length - each.length, 0);
}
