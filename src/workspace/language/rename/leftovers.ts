/**
 * Every whole word equal to the old name that a rename leaves in tracked files, with the reason.
 * `unresolved` means: it may well be a use of the renamed symbol that nobody can see through, so
 * the rename would break it. Any of those refuses the rename.
 */
import type { Occurrence, OccurrenceClass } from '#workspace/language/language.ts';
import type { Site } from '#workspace/language/syntax/file-model.ts';
import { findWords } from '#workspace/language/syntax/words.ts';
import type { RewrittenFile } from './rewrite.ts';
import type { SourceFile } from './source-files.ts';
import { type GraphFile, type SymbolGraph, isTwoSided, outerOf } from './symbol-graph.ts';

/** Files of languages that embed the code of modules and that no engine here reads. */
const EMBEDS_CODE = /\.(?:vue|svelte|astro|mdx)$/;

/** What the renamed symbol is, as far as it decides about words nobody can resolve. */
export interface SymbolNature {
  /** It is a property of something, so any untyped `x.a` may be it. */
  readonly isMember: boolean;
  /** Modules that export it, by path. */
  readonly exportedBy: ReadonlySet<string>;
  /** A namespace object that holds it is passed around as a value. */
  readonly escapes: boolean;
  /** It is a global name, so any undeclared `a` may be it. */
  readonly isGlobal: boolean;
}

interface LeftoverContext {
  readonly graph: SymbolGraph;
  readonly set: number;
  readonly nature: SymbolNature;
  readonly rewritten: ReadonlyMap<string, RewrittenFile>;
  /** Sets that have a declaration in the repository. */
  readonly declaredSets: ReadonlySet<number>;
  /** Whether a module that no tracked file was found for is known to be foreign. */
  readonly isForeign: (moduleText: string) => boolean;
}

/** All leftovers, in the order of files and places. */
export function listLeftovers(
  named: readonly SourceFile[],
  context: LeftoverContext,
): readonly Occurrence[] {
  const listed: Occurrence[] = [];
  for (const source of named) {
    const file = context.graph.files.get(source.path);
    const changed = new Map(
      (context.rewritten.get(source.path)?.replacements ?? []).map((each) => [each.start, each]),
    );
    for (const offset of findWords(source.text, context.graph.name)) {
      const replacement = changed.get(offset);
      if (replacement && replacement.keptOffset === undefined) continue;
      const kind = replacement
        ? keptClass(file, offset)
        : file
          ? classOf(context, file, offset)
          : classOfText(context, source);
      const position = source.lines.positionAt(offset);
      listed.push({
        path: source.path,
        line: position.line + 1,
        column: position.character + 1,
        class: kind,
        preview: source.lines.previewAt(offset),
      });
    }
  }
  return listed;
}

const keptClass = (file: GraphFile | undefined, offset: number): OccurrenceClass =>
  file?.siteAt.get(offset)?.role === 'object-shorthand' ? 'key' : 'other-symbol';

function classOfText(context: LeftoverContext, source: SourceFile): OccurrenceClass {
  const { isMember, exportedBy } = context.nature;
  if (EMBEDS_CODE.test(source.path) && (isMember || exportedBy.size > 0)) return 'unresolved';
  return 'text';
}

function classOf(context: LeftoverContext, file: GraphFile, offset: number): OccurrenceClass {
  const site = file.siteAt.get(offset);
  if (file.model.parseErrors.length > 0) return 'unresolved';
  if (!site) {
    const kind = file.model.wordClass(offset);
    return kind === 'code' ? 'key' : kind;
  }
  if (site.role === 'label') return 'other-symbol';
  if (site.role === 'exact-string') return 'string';
  if (site.role === 'jsdoc') return 'comment';
  return classOfSymbol(context, file, site);
}

function classOfSymbol(context: LeftoverContext, file: GraphFile, site: Site): OccurrenceClass {
  const { graph, nature } = context;
  const found = { file, site };
  const node = outerOf(found);
  const outside = graph.external.get(node);
  if (isTwoSided(site)) {
    const isLost = site.role === 'import' && outside !== undefined && !context.isForeign(outside);
    return isLost && nature.exportedBy.size > 0 ? 'unresolved' : 'other-symbol';
  }
  if (site.role === 'binding') return 'other-symbol';
  const isKnown = outside !== undefined || context.declaredSets.has(graph.sets.find(node));
  const isUnknown = graph.unknown.has(node) && !isKnown;
  if (site.role === 'reference') {
    const isFree = file.model.bindingOf(site) === undefined;
    return isFree && isUnknown && nature.isGlobal ? 'unresolved' : 'other-symbol';
  }
  if (site.declares !== undefined || isQuoted(file, site)) return 'key';
  if (!isUnknown) return 'other-symbol';
  // Nobody knows what `x` of this `x.a` is.
  const mayBeIt = nature.isMember || (nature.exportedBy.size > 0 && nature.escapes);
  return mayBeIt ? 'unresolved' : 'other-symbol';
}

const isQuoted = (file: GraphFile, site: Site): boolean =>
  /["'`]/.test(file.source.text[site.start - 1] ?? '');
