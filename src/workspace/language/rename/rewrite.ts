/**
 * The text of a rename. Plain words become the new name; a word that is two symbols of which only
 * one is renamed is written out: `{ a }` becomes `{ a: b }` or `{ b: a }`, `import { a }` becomes
 * `import { b as a }`. That is also how a file goes on using the old name: by an alias. Pure.
 */
import { sha256 } from '#lib/sha256.ts';
import type { FileEdit } from '#workspace/language/language.ts';
import type { Site } from '#workspace/language/syntax/file-model.ts';
import { type GraphFile, type SymbolGraph, innerOf, isTwoSided, outerOf } from './symbol-graph.ts';

/** One replaced word of a file; offsets into the old text. */
export interface Replacement {
  readonly start: number;
  readonly length: number;
  readonly text: string;
  /** Where the new name starts inside `text`. */
  readonly nameOffset: number;
  /** Where the old name is kept inside `text`, when it is. */
  readonly keptOffset: number | undefined;
}

/** The new text of a file, with what changed. */
export interface RewrittenFile {
  readonly file: GraphFile;
  readonly replacements: readonly Replacement[];
  /** Added after the last line (`export { b as a };`). */
  readonly appended: string;
  readonly text: string;
}

/** What is rewritten to what. */
export interface Rewriting {
  readonly graph: SymbolGraph;
  readonly set: number;
  readonly to: string;
}

/**
 * Rewrites one file; undefined when it has nothing to rename. With `isAliased` the local names of
 * what it imports stay.
 */
export function rewriteFile(
  rewriting: Rewriting,
  file: GraphFile,
  isAliased = false,
): RewrittenFile | undefined {
  const replacements = replacementsOf(rewriting, file, isAliased);
  if (replacements.length === 0) return undefined;
  const appended = keptExport(rewriting, file);
  let text = '';
  let from = 0;
  for (const each of replacements) {
    text += file.source.text.slice(from, each.start) + each.text;
    from = each.start + each.length;
  }
  text += file.source.text.slice(from) + appended;
  return { file, replacements, appended, text };
}

/** The local names by which a file imports the symbol. */
export const importedHere = ({ graph, set }: Rewriting, file: GraphFile): readonly Site[] =>
  file.model.sites.filter(
    (site) => site.declares === 'import' && graph.sets.find(innerOf({ file, site })) === set,
  );

/** Whether a place names the symbol by a local name that an import has made. */
function localTest(rewriting: Rewriting, file: GraphFile): (site: Site) => boolean {
  const { bindingOf } = file.model;
  const bindings = new Set(importedHere(rewriting, file).map(bindingOf));
  bindings.delete(undefined);
  // `{a}` of JSDoc goes by the names of the file, the `a` of `{import('./x').a}` does not.
  const isMember = (site: Site): boolean =>
    file.source.text.slice(0, site.start).trimEnd().endsWith('.');
  return (site) =>
    site.role === 'jsdoc' ? bindings.size > 0 && !isMember(site) : bindings.has(bindingOf(site));
}

function replacementsOf(
  rewriting: Rewriting,
  file: GraphFile,
  isAliased: boolean,
): readonly Replacement[] {
  const { graph, set, to } = rewriting;
  const from = graph.name;
  const stays = isAliased ? localTest(rewriting, file) : () => false;
  const found: Replacement[] = [];
  for (const site of file.model.sites) {
    if (site.role === 'label') continue;
    const isKept = stays(site);
    const inner = !isKept && graph.sets.find(innerOf({ file, site })) === set;
    // What a kept name is exported as stays as well: nothing outside this file may depend on it.
    const isOneThing = !isTwoSided(site) || site.role === 'export';
    const outer = !(isKept && isOneThing) && graph.sets.find(outerOf({ file, site })) === set;
    if (!inner && !outer) continue;
    const plain = { start: site.start, length: from.length };
    if (!isTwoSided(site) || inner === outer) {
      found.push({ ...plain, text: to, nameOffset: 0, keptOffset: undefined });
      continue;
    }
    // Which of the two names comes first: in specifiers that of where the value comes from.
    const between = site.role === 'import' || site.role === 'export' ? ' as ' : ': ';
    const newFirst = site.role === 'export' ? inner : outer;
    const [first, second] = newFirst ? [to, from] : [from, to];
    const later = first.length + between.length;
    found.push({
      ...plain,
      text: first + between + second,
      nameOffset: newFirst ? 0 : later,
      keptOffset: newFirst ? later : 0,
    });
  }
  return found.sort((a, b) => a.start - b.start);
}

/** With `keepExports`, the old name goes on as an alias of the module. */
function keptExport({ graph, set, to }: Rewriting, file: GraphFile): string {
  if (!graph.keepExports) return '';
  const declared = file.model.exports.filter(
    (link) => link.form === 'declaration' && graph.sets.find(file.firstNode + link.node) === set,
  );
  if (declared.length === 0) return '';
  const { text } = file.source;
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const keyword = declared.every((link) => link.isTypeOnly) ? 'export type' : 'export';
  const start = text === '' || /[\r\n]$/.test(text) ? '' : newline;
  return `${start}${keyword} { ${to} as ${graph.name} };${newline}`;
}

/** Where the new name stands in a rewritten file. */
export interface NewPlaces {
  /** Offsets of the new name in the new text. */
  readonly offsets: ReadonlySet<number>;
  /** The same by the offset of the old name in the old text. */
  readonly byOld: ReadonlyMap<number, number>;
}

/** The places of the new name, by their offsets. */
export function newPlaces(file: RewrittenFile): NewPlaces {
  const byOld = new Map<number, number>();
  let shift = 0;
  for (const each of file.replacements) {
    byOld.set(each.start, each.start + shift + each.nameOffset);
    shift += each.text.length - each.length;
  }
  const offsets = new Set(byOld.values());
  const brace = file.appended.indexOf('{');
  if (brace !== -1) offsets.add(file.text.length - file.appended.length + brace + 2);
  return { offsets, byOld };
}

/** A rewritten file as an edit of bytes: byte order mark and line ends are as before. */
export function toFileEdit(rewritten: RewrittenFile): FileEdit {
  const { source } = rewritten.file;
  const body = Buffer.from(rewritten.text, 'utf8');
  const after = source.hasMark ? Buffer.concat([source.bytes.subarray(0, 3), body]) : body;
  const lines = new Set(
    rewritten.replacements.map((each) => source.lines.positionAt(each.start).line + 1),
  );
  return {
    path: source.path,
    baseHash: sha256(source.bytes),
    afterHash: sha256(after),
    after,
    changes: rewritten.replacements.length + (rewritten.appended === '' ? 0 : 1),
    lines: [...lines].sort((a, b) => a - b),
  };
}
