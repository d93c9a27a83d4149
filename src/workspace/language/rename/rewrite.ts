/**
 * The text of a rename. Plain words become the new name; a word that is two symbols of which only
 * one is renamed is written out: `{ a }` becomes `{ a: b }` or `{ b: a }`, `import { a }` becomes
 * `import { b as a }`. Pure.
 */
import { sha256 } from '#lib/sha256.ts';
import type { FileEdit } from '#workspace/language/language.ts';
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

/** Rewrites every file that has a site of the set; files without one are left out. */
export function rewriteFiles(
  graph: SymbolGraph,
  set: number,
  to: string,
): readonly RewrittenFile[] {
  const rewritten: RewrittenFile[] = [];
  for (const file of graph.files.values()) {
    const replacements = replacementsOf(graph, file, set, to);
    if (replacements.length === 0) continue;
    const appended = keptExport(graph, file, set, to);
    let text = '';
    let from = 0;
    for (const each of replacements) {
      text += file.source.text.slice(from, each.start) + each.text;
      from = each.start + each.length;
    }
    text += file.source.text.slice(from) + appended;
    rewritten.push({ file, replacements, appended, text });
  }
  return rewritten;
}

function replacementsOf(
  graph: SymbolGraph,
  file: GraphFile,
  set: number,
  to: string,
): readonly Replacement[] {
  const from = graph.name;
  const found: Replacement[] = [];
  for (const site of file.model.sites) {
    if (site.role === 'label') continue;
    const inner = graph.sets.find(innerOf({ file, site })) === set;
    const outer = graph.sets.find(outerOf({ file, site })) === set;
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
function keptExport(graph: SymbolGraph, file: GraphFile, set: number, to: string): string {
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
