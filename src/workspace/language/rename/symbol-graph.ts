/**
 * All sites of one name over all files, and which of them are one symbol. Scope and module links
 * come from the file models; `ask-server.ts` adds what only the compiler knows. Each module has two
 * more nodes: its export of the name, and its default export.
 */
import type {
  FileModel,
  ImportLink,
  ModuleName,
  Site,
} from '#workspace/language/syntax/file-model.ts';
import type { SourceFile } from './source-files.ts';
import { type UnionFind, createUnionFind } from './union-find.ts';

/** A file with its model and the number of its first node. */
export interface GraphFile {
  readonly source: SourceFile;
  readonly model: FileModel;
  readonly firstNode: number;
  readonly exportNode: number;
  readonly defaultNode: number;
  readonly siteAt: ReadonlyMap<number, Site>;
}

/** The graph of one name. */
export interface SymbolGraph {
  readonly name: string;
  readonly files: ReadonlyMap<string, GraphFile>;
  readonly sets: UnionFind;
  readonly keepExports: boolean;
  /**
   * Links by convention only (a default import that has the name of the default export) join
   * nothing but these nodes. Set when a finished rename is checked, where a name that is now the
   * same by chance must not look like a collision.
   */
  readonly expected: ReadonlySet<number> | undefined;
  /** Nodes that also mean something declared outside the tracked files, with where. */
  readonly external: Map<number, string>;
  /** Nodes the server could not tell anything about. */
  readonly unknown: Set<number>;
  /** Nodes that declare what they name without a keyword (`@typedef`, `Foo.prototype.a =`). */
  readonly documented: Set<number>;
}

/** Finds the tracked file a module name means; undefined when it is outside or unknown. */
export type ResolveModule = (file: string, name: ModuleName) => string | undefined;

/** A graph with every site alone. */
export function createGraph(
  name: string,
  sources: readonly { readonly source: SourceFile; readonly model: FileModel }[],
  keepExports: boolean,
  isExpected?: (path: string, site: Site) => boolean,
): SymbolGraph {
  const expected = isExpected && new Set<number>();
  const files = new Map<string, GraphFile>();
  let next = 0;
  for (const { source, model } of sources) {
    const firstNode = next;
    next += model.sites.length * 2 + 2;
    for (const site of model.sites) {
      if (!isExpected?.(source.path, site)) continue;
      expected?.add(firstNode + site.index * 2).add(firstNode + site.index * 2 + 1);
    }
    files.set(source.path, {
      source,
      model,
      firstNode,
      exportNode: next - 2,
      defaultNode: next - 1,
      siteAt: new Map(model.sites.map((site) => [site.start, site])),
    });
  }
  return {
    name,
    files,
    sets: createUnionFind(next),
    keepExports,
    expected,
    external: new Map(),
    unknown: new Set(),
    documented: new Set(),
  };
}

/** Adds the links of scope and modules. */
export function linkModules(graph: SymbolGraph, resolve: ResolveModule): void {
  const { sets } = graph;
  const provides = providers(graph, resolve);
  for (const file of graph.files.values()) {
    linkDeclarationFile(graph, file);
    for (const link of file.model.links) {
      const [first, second] = [file.firstNode + link.first, file.firstNode + link.second];
      if (link.exports && graph.keepExports) continue;
      if (link.exports && !(mayJoin(graph, first) && mayJoin(graph, second))) continue;
      sets.union(first, second);
    }
    for (const link of file.model.exports) {
      if (link.form === 'ambient') continue;
      const isLocal = link.form === 'declaration' || link.form === 'default';
      if (isLocal && graph.keepExports) continue;
      const target = link.form === 'default' ? file.defaultNode : file.exportNode;
      sets.union(file.firstNode + link.node, target);
    }
    for (const link of file.model.imports) linkImport(graph, file, link, resolve);
    if (ownExport(file)) continue;
    for (const star of file.model.stars) {
      const target = graph.files.get(resolve(file.source.path, star) ?? '');
      if (target && provides.has(target)) sets.union(file.exportNode, target.exportNode);
    }
  }
}

/** `x.d.ts` written by hand beside `x.js` declares the same exports. */
function linkDeclarationFile(graph: SymbolGraph, file: GraphFile): void {
  const match = /^(.*)\.d\.([cm]?)ts$/.exec(file.source.path);
  const source = match && graph.files.get(`${match[1]}.${match[2]}js`);
  if (!source) return;
  graph.sets.union(file.exportNode, source.exportNode);
  graph.sets.union(file.defaultNode, source.defaultNode);
}

const mayJoin = (graph: SymbolGraph, node: number): boolean =>
  graph.expected === undefined || graph.expected.has(node);

const ownExport = (file: GraphFile): boolean =>
  file.model.exports.some((link) => link.form !== 'default' && link.form !== 'ambient');

function linkImport(
  graph: SymbolGraph,
  file: GraphFile,
  link: ImportLink,
  resolve: ResolveModule,
): void {
  const node = file.firstNode + link.node;
  const path = resolve(file.source.path, link.from);
  const target = path === undefined ? undefined : graph.files.get(path);
  if (!target) {
    if (path === undefined && link.name !== 'default') graph.external.set(node, link.from.text);
    return;
  }
  if (link.name !== 'default') graph.sets.union(node, target.exportNode);
  // A default import follows only when the default export itself has the name.
  else if (
    !graph.keepExports &&
    mayJoin(graph, node) &&
    target.model.exports.some((each) => each.form === 'default')
  ) {
    graph.sets.union(node, target.defaultNode);
  }
}

/** The modules that export the name, by themselves or through `export *`. */
function providers(graph: SymbolGraph, resolve: ResolveModule): ReadonlySet<GraphFile> {
  const provides = new Set([...graph.files.values()].filter(ownExport));
  for (let grew = true; grew;) {
    grew = false;
    for (const file of graph.files.values()) {
      if (provides.has(file)) continue;
      const found = file.model.stars.some((star) => {
        const target = graph.files.get(resolve(file.source.path, star) ?? '');
        return target !== undefined && provides.has(target);
      });
      if (found) {
        provides.add(file);
        grew = true;
      }
    }
  }
  return provides;
}

/** A site with its file. */
export interface FoundSite {
  readonly file: GraphFile;
  readonly site: Site;
}

/** All sites of the graph. */
export function* allSites(graph: SymbolGraph): Generator<FoundSite> {
  for (const file of graph.files.values()) {
    for (const site of file.model.sites) yield { file, site };
  }
}

/** The local side of a site as a node of the graph. */
export const innerOf = ({ file, site }: FoundSite): number => file.firstNode + site.index * 2;

/** Whether a word may be two symbols at once. */
export const isTwoSided = (site: Site): boolean =>
  site.role === 'import' ||
  site.role === 'export' ||
  site.role === 'object-shorthand' ||
  site.role === 'pattern-shorthand';

/** The property, imported or exported side as a node of the graph (the same for plain words). */
export const outerOf = (found: FoundSite): number =>
  innerOf(found) + (isTwoSided(found.site) ? 1 : 0);
