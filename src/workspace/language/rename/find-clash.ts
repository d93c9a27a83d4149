/**
 * Whether the new name fits into one rewritten file, as far as its scopes tell: every name that the
 * renamed places are bound to must be bound to by them alone. Pure; the server is not asked, so a
 * file without a clash is still to be verified with all others.
 */
import { analyzeFile } from '#workspace/language/syntax/analyze-file.ts';
import type { FileModel, Site } from '#workspace/language/syntax/file-model.ts';
import { findWords, indexLines } from '#workspace/language/syntax/words.ts';
import { type RewrittenFile, newPlaces } from './rewrite.ts';

/**
 * What is in the way, in words without full stop, with `path:line`. Lines are those of both
 * contents: a rename does not move them.
 */
export type Clash = string;

/** The first clash of a file; undefined when the new name fits there. */
export function findClash(rewritten: RewrittenFile, to: string): Clash | undefined {
  const { path, text } = rewritten.file.source;
  // Most files of a large rename have never heard of the new name, and need no second analysis.
  if (findWords(text, to).length === 0) return undefined;
  const { offsets } = newPlaces(rewritten);
  const model = analyzeFile(path, rewritten.text, [to]);
  const lines = indexLines(rewritten.text);
  const placeOf = (site: Site): string => `${path}:${lines.positionAt(site.start).line + 1}`;
  const clashing = firstClash(model, offsets);
  if (clashing === undefined) return undefined;
  const { renamed, other } = clashing;
  if (other.declares === undefined) return `${placeOf(other)} uses another ${to}`;
  const declared = `${placeOf(other)} declares ${to} already`;
  if (renamed.declares !== undefined) return declared;
  return `${declared}, and the use in ${placeOf(renamed)} would mean that one`;
}

/** A renamed place and what is bound to the same name beside it: a declaration, if there is one. */
function firstClash(
  { sites, bindingOf }: FileModel,
  offsets: ReadonlySet<number>,
): { readonly renamed: Site; readonly other: Site } | undefined {
  const others = new Map<number | undefined, Site>();
  for (const site of sites) {
    const key = bindingOf(site);
    if (key === undefined || offsets.has(site.start)) continue;
    const known = others.get(key);
    if (known === undefined || (known.declares === undefined && site.declares !== undefined)) {
      others.set(key, site);
    }
  }
  for (const site of sites) {
    const other = offsets.has(site.start) ? others.get(bindingOf(site)) : undefined;
    if (other !== undefined) return { renamed: site, other };
  }
  return undefined;
}
