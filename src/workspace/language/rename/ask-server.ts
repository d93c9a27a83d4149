/**
 * Adds to the graph what only the compiler knows: whose property a member is, what a global name
 * means, which members belong together by inheritance. Each deferred site is asked for its
 * definition, and inherited or implementing members for their references.
 */
import path from 'node:path';
import type { LanguageServer, ServerLocation } from '#workspace/language/language.ts';
import { isJavaScriptPath } from '#workspace/language/syntax/parse-source.ts';
import {
  type FoundSite,
  type GraphFile,
  type SymbolGraph,
  allSites,
  innerOf,
  outerOf,
} from './symbol-graph.ts';
import { trackedPath } from '#workspace/language/modules/resolve-modules.ts';

interface AskContext {
  readonly root: string;
  readonly tracked: ReadonlySet<string>;
  readonly server: LanguageServer;
}

/** Asks about all deferred sites and links what comes back. */
export async function linkByServer(graph: SymbolGraph, context: AskContext): Promise<void> {
  const paths = new Map<string, string | undefined>();
  const locate = (location: ServerLocation): string | undefined => {
    if (!paths.has(location.path)) {
      paths.set(location.path, trackedPath(context.root, location.path, context.tracked));
    }
    return paths.get(location.path);
  };
  const jobs: Promise<void>[] = [];
  for (const found of allSites(graph)) {
    const { file, site } = found;
    if (!site.deferred) continue;
    const absolute = path.join(context.root, file.source.path);
    const position = file.source.lines.positionAt(site.start);
    jobs.push(
      context.server.definition(absolute, position).then((locations) => {
        linkDefinitions(graph, found, locations, locate);
      }),
    );
    if (!site.inherits || !site.declares) continue;
    jobs.push(
      context.server.references(absolute, position).then((locations) => {
        linkReferences(graph, found, locations, locate);
      }),
    );
  }
  await Promise.all(jobs);
}

/**
 * Asks for the references of every declaration in a set, until that finds no new declaration. It
 * finds what definitions don't tell: keys of assignments, members that only inherit.
 */
export async function growByReferences(
  graph: SymbolGraph,
  seed: number,
  context: AskContext,
): Promise<void> {
  const locate: Locate = (location) => trackedPath(context.root, location.path, context.tracked);
  const asked = new Set<number>();
  for (;;) {
    const set = graph.sets.find(seed);
    const open = [...allSites(graph)].filter((found) => {
      const node = outerOf(found);
      const isDeclared = found.site.declares !== undefined || graph.documented.has(node);
      return isDeclared && !asked.has(node) && graph.sets.find(node) === set;
    });
    if (open.length === 0) return;
    const answers = open.map(async (found) => {
      asked.add(outerOf(found));
      const absolute = path.join(context.root, found.file.source.path);
      const position = found.file.source.lines.positionAt(found.site.start);
      // An alias has the references of what it stands for: the real declaration is asked.
      if (found.site.level !== 'member' && /^(?:import|alias)$/.test(found.site.declares ?? ''))
        return;
      const locations = await context.server.references(absolute, position);
      linkReferences(graph, found, locations, locate);
    });
    await Promise.all(answers);
  }
}

type Locate = (location: ServerLocation) => string | undefined;

function siteOf(
  graph: SymbolGraph,
  location: ServerLocation,
  locate: Locate,
): FoundSite | undefined {
  const file = graph.files.get(locate(location) ?? '');
  if (!file) return undefined;
  const offset = file.source.lines.offsetAt(location.start);
  // A quoted or private name is reported with its quote or number sign.
  const site = file.siteAt.get(offset) ?? file.siteAt.get(offset + 1);
  return site && { file, site };
}

function linkDefinitions(
  graph: SymbolGraph,
  from: FoundSite,
  locations: readonly ServerLocation[],
  locate: Locate,
): void {
  const node = from.site.role === 'export' ? innerOf(from) : outerOf(from);
  if (locations.length === 0) graph.unknown.add(node);
  if (locations.length === 0 && from.site.isAssigned && isJavaScriptPath(from.file.source.path)) {
    graph.documented.add(node);
  }
  for (const location of locations) {
    const target = siteOf(graph, location, locate);
    if (!target) {
      // What has another name here, e.g. the source of an alias, is no tie; the outside is.
      if (locate(location) === undefined) graph.external.set(node, location.path);
      continue;
    }
    if (isOtherSide(from, target)) continue;
    if (from.site === target.site && from.site.declares === undefined) noteSelf(graph, from);
    graph.sets.union(node, targetNode(graph, from.file, target));
  }
}

/** A use that is its own definition says nothing, but where JavaScript declares by it. */
function noteSelf(graph: SymbolGraph, found: FoundSite): void {
  if (found.site.role === 'jsdoc' || found.site.isAssigned) graph.documented.add(innerOf(found));
  else graph.unknown.add(innerOf(found));
}

/** For `{ a }` the server also answers with the variable; only the property is wanted here. */
function isOtherSide(from: FoundSite, target: FoundSite): boolean {
  const { role } = from.site;
  if (role !== 'object-shorthand' && role !== 'pattern-shorthand') return false;
  if (from.file === target.file) {
    if (from.site === target.site) return true;
    const binding = from.file.model.bindingOf(from.site);
    if (binding !== undefined && binding === target.file.model.bindingOf(target.site)) return true;
  }
  return role === 'object-shorthand' && target.site.level !== 'member';
}

function targetNode(graph: SymbolGraph, from: GraphFile, target: FoundSite): number {
  const { file, site } = target;
  if (graph.keepExports && from !== file && isExportedHere(target)) return file.exportNode;
  if (site.role === 'object-shorthand' || site.role === 'export') return outerOf(target);
  return innerOf(target);
}

const isExportedHere = ({ file, site }: FoundSite): boolean =>
  file.model.exports.some((link) => link.form === 'declaration' && link.node === site.index * 2);

function linkReferences(
  graph: SymbolGraph,
  from: FoundSite,
  locations: readonly ServerLocation[],
  locate: Locate,
): void {
  for (const location of locations) {
    const target = siteOf(graph, location, locate);
    if (!target) {
      if (locate(location) === undefined) graph.external.set(innerOf(from), location.path);
      continue;
    }
    // References of a property include variables taken out of it; those are symbols of their own.
    const { role, level } = target.site;
    if (level !== 'member' && role !== 'pattern-shorthand') continue;
    if (role === 'private' || isOtherSide(from, target)) continue;
    // The references of a variable include the words `{ a }` that read it.
    if (role === 'object-shorthand' && from.site.level !== 'member') continue;
    graph.sets.union(outerOf(from), outerOf(target));
  }
}
