/**
 * Checks a finished rename before anybody sees it: the new contents are put into the server as
 * unsaved files, the graph of the *new* name is built the same way, and the renamed symbol must
 * consist of exactly the renamed places. Less means that something else of that name captures a
 * use; more means that the new name was taken already.
 */
import { SkeinError } from '#protocol/errors.ts';
import type { LanguageServer } from '#workspace/language/language.ts';
import path from 'node:path';
import { analyzeFile } from '#workspace/language/syntax/analyze-file.ts';
import { parseSource } from '#workspace/language/syntax/parse-source.ts';
import { indexLines } from '#workspace/language/syntax/words.ts';
import { growByReferences, linkByServer } from './ask-server.ts';
import { type NewPlaces, type RewrittenFile, newPlaces } from './rewrite.ts';
import type { SourceFile } from './source-files.ts';
import {
  type FoundSite,
  type ResolveModule,
  type SymbolGraph,
  allSites,
  createGraph,
  innerOf,
  linkModules,
  outerOf,
} from './symbol-graph.ts';

/** What a verification needs of the rename. */
export interface VerifyContext {
  readonly root: string;
  readonly tracked: ReadonlySet<string>;
  readonly server: LanguageServer;
  readonly resolve: ResolveModule;
  readonly from: string;
  readonly to: string;
  readonly keepExports: boolean;
  /** The declaration, as a place of the old content. */
  readonly declaration: { readonly path: string; readonly start: number };
  /** Code files that may hold the new name, besides the rewritten ones. */
  readonly others: readonly SourceFile[];
}

const MAX_PLACES = 20;

/** Throws `rename-refused` unless the new symbol is exactly the renamed places. */
export async function verifyRename(
  rewritten: readonly RewrittenFile[],
  context: VerifyContext,
): Promise<void> {
  for (const file of rewritten) {
    const said = newError(file);
    const { path: name } = file.file.source;
    if (said !== undefined) throw refusal(context, `${name} would not be valid: ${said}`, [name]);
  }
  const expected = new Map(rewritten.map((file) => [file.file.source.path, newPlaces(file)]));
  const graph = await graphOfNewName(rewritten, expected, context);
  const { declaration } = context;
  const start = rewritten
    .find((file) => file.file.source.path === declaration.path)
    ?.replacements.find((each) => each.start === declaration.start);
  const at = start && expected.get(declaration.path)?.byOld.get(start.start);
  const site = graph.files.get(declaration.path)?.siteAt.get(at ?? -1);
  const file = graph.files.get(declaration.path);
  if (!site || !file) throw refusal(context, 'its declaration is lost', []);
  const node = site.declares === undefined ? outerOf({ file, site }) : innerOf({ file, site });
  await growByReferences(graph, node, context);
  compare(graph, graph.sets.find(node), expected, context);
}

async function graphOfNewName(
  rewritten: readonly RewrittenFile[],
  expected: ReadonlyMap<string, NewPlaces>,
  context: VerifyContext,
): Promise<SymbolGraph> {
  const { root, server, to } = context;
  const sources = rewritten.map((file): SourceFile => {
    const { source } = file.file;
    server.change(path.join(root, source.path), file.text);
    return { ...source, text: file.text, lines: indexLines(file.text) };
  });
  const all = [...sources, ...context.others.filter((each) => !expected.has(each.path))];
  const analyzed = all.map((source) => ({
    source,
    model: analyzeFile(source.path, source.text, [to]),
  }));
  const graph = createGraph(to, analyzed, context.keepExports, (file, site) =>
    Boolean(expected.get(file)?.offsets.has(site.start)),
  );
  linkModules(graph, context.resolve);
  await linkByServer(graph, context);
  return graph;
}

function compare(
  graph: SymbolGraph,
  set: number,
  expected: ReadonlyMap<string, NewPlaces>,
  context: VerifyContext,
): void {
  const missing = new Map([...expected].map(([file, places]) => [file, new Set(places.offsets)]));
  const extra: string[] = [];
  for (const found of allSites(graph)) {
    const { file, site } = found;
    const isPart =
      graph.sets.find(innerOf(found)) === set || graph.sets.find(outerOf(found)) === set;
    const isExpected = missing.get(file.source.path)?.delete(site.start) === true;
    if (site.role === 'jsdoc' || site.role === 'exact-string') continue;
    if (isPart === isExpected) continue;
    if (isExpected) missing.get(file.source.path)?.add(site.start);
    else extra.push(placeOf(found));
  }
  if (extra.length > 0) {
    throw refusal(context, `${context.to} is taken already, or would be captured`, extra);
  }
  const lost = [...missing].flatMap(([file, offsets]) =>
    [...offsets].map((offset) => placeIn(graph, file, offset)),
  );
  if (lost.length > 0) {
    throw refusal(context, `another ${context.to} would be meant instead`, lost);
  }
  for (const [node, where] of graph.external) {
    if (graph.sets.find(node) === set) {
      throw refusal(context, `${context.to} is declared outside the repository too`, [where]);
    }
  }
}

function placeIn(graph: SymbolGraph, file: string, offset: number): string {
  const position = graph.files.get(file)?.source.lines.positionAt(offset);
  return position ? `${file}:${position.line + 1}:${position.character + 1}` : file;
}

const placeOf = ({ file, site }: FoundSite): string => {
  const position = file.source.lines.positionAt(site.start);
  return `${file.source.path}:${position.line + 1}:${position.character + 1}`;
};

/** A redeclaration or another early error that the old content does not have; else undefined. */
export function newError(file: RewrittenFile): string | undefined {
  const { path: name, text } = file.file.source;
  const before = parseSource(name, text, true).errors.length;
  const after = parseSource(name, file.text, true).errors;
  if (after.length <= before) return undefined;
  return after[after.length - 1]?.message ?? 'a syntax error';
}

function refusal(context: VerifyContext, state: string, places: readonly string[]): SkeinError {
  const shown = places.slice(0, MAX_PLACES);
  const list = shown.length === 0 ? '' : `\n${shown.map((place) => `  ${place}`).join('\n')}`;
  return new SkeinError(
    'rename-refused',
    `Cannot rename ${context.from} to ${context.to}: ${state}${list}`,
    { fix: 'Choose another name, or rename the other one first', details: { places: shown } },
  );
}
