/**
 * Renames one chosen symbol: refuses what can't be done, rewrites, sets aside the files in which the
 * new name does not fit, lists what is left, verifies.
 */
import fs from 'node:fs';
import { isBuiltin } from 'node:module';
import path from 'node:path';
import { SkeinError } from '#protocol/errors.ts';
import type { Occurrence, RenameOutcome } from '#workspace/language/language.ts';
import { type Candidate, describe, findCandidates } from './candidates.ts';
import { checkInherited, checkReserved } from './check-names.ts';
import { brokenStrings, candidateStrings, errorPlaces } from './key-strings.ts';
import { type SymbolNature, listLeftovers } from './leftovers.ts';
import type { GraphContext } from './rename-context.ts';
import { type RewrittenFile, type Rewriting, toFileEdit } from './rewrite.ts';
import { type Division, divideFiles, toOpenFile, verifyDivision } from './set-aside.ts';
import { type FoundSite, type GraphFile, innerOf, isTwoSided } from './symbol-graph.ts';
import type { VerifyContext } from './verify-rename.ts';

const MAX_PLACES = 20;
/** Errors may hide behind each other; more rounds than this never helped. */
const STRING_ROUNDS = 4;

/** Plans the rename of one symbol; `others` is how many more have the name. */
export async function planSymbol(
  context: GraphContext,
  candidate: Candidate,
  others: number,
): Promise<RenameOutcome> {
  const { graph, names, sources, server } = context;
  refuseOutside(context, candidate);
  refuseReserved(context, candidate);
  const list = leftoversOf(context, candidate);
  const planned = divide(context, candidate);
  refuseUneditable(context, renamedFiles(planned));
  refuseLostExports(context, graph.sets.find(candidate.set), planned.changed);
  refuseUnresolved(context, list(renamedFiles(planned)));
  const division = await verifyWithStrings(context, candidate, planned);
  const listed = list(renamedFiles(division));
  return {
    type: 'planned',
    engine: server.engine,
    symbol: describe(graph, candidate),
    edits: division.changed.map(toFileEdit),
    open: division.open.map((each) => toOpenFile(rewritingOf(context, candidate), each)),
    listed,
    warnings: [
      ...sources.warnings,
      ...warningsOf(context, listed, others),
      ...keptWarning(names.from, division.keeping),
    ],
  };
}

/** Asked anew whenever sets may have been joined. */
const rewritingOf = ({ graph, names }: GraphContext, candidate: Candidate): Rewriting => ({
  graph,
  set: graph.sets.find(candidate.set),
  to: names.to,
});

const divide = (context: GraphContext, candidate: Candidate): Division =>
  divideFiles(rewritingOf(context, candidate), candidate, context.request.aliasIn ?? []);

/** What open files hold of the symbol is not left over: agents are to rename it. */
const renamedFiles = ({ changed, open }: Division): readonly RewrittenFile[] => [
  ...changed,
  ...open.map(({ plain }) => plain),
];

type ListFiles = (files: readonly RewrittenFile[]) => readonly Occurrence[];

function leftoversOf(context: GraphContext, candidate: Candidate): ListFiles {
  const { graph, sources } = context;
  const nature = natureOf(context, candidate);
  return (files) =>
    listLeftovers(sources.named, {
      graph,
      set: graph.sets.find(candidate.set),
      nature,
      rewritten: new Map(files.map((each) => [each.file.source.path, each])),
      declaredSets: new Set(findCandidates(graph).map((each) => each.set)),
      isForeign: foreignTest(context),
    });
}

/** Verifies a division, until no string makes a type error that it did not make before. */
async function verifyWithStrings(
  context: GraphContext,
  candidate: Candidate,
  planned: Division,
): Promise<Division> {
  const { graph, root, server } = context;
  const [first] = candidate.declarations;
  if (!first) throw new SkeinError('internal', 'Cannot rename: the symbol has no declaration');
  const strings = isMember(candidate)
    ? candidateStrings(graph, graph.sets.find(candidate.set))
    : [];
  const before = await errorPlaces(server, root, strings);
  let division = planned;
  for (let round = 0; round < STRING_ROUNDS; round += 1) {
    await verifyDivision(division, verifyContext(context, first));
    const after = await errorPlaces(server, root, strings);
    const broken = brokenStrings(strings, division.changed, before, after);
    if (broken.length === 0) break;
    for (const found of broken) graph.sets.union(innerOf(found), candidate.set);
    division = divide(context, candidate);
  }
  return division;
}

const isMember = ({ declarations }: Candidate): boolean =>
  declarations.some(({ site }) => site.level === 'member');

const verifyContext = (context: GraphContext, first: FoundSite): VerifyContext => ({
  root: context.root,
  tracked: context.sources.tracked,
  server: context.server,
  resolve: context.resolve,
  from: context.names.from,
  to: context.names.to,
  keepExports: context.graph.keepExports,
  declaration: { path: first.file.source.path, start: first.site.start },
  others: [...context.sources.named, ...context.sources.related].filter(
    (each) => each.isCode && !each.isForeign,
  ),
});

function warningsOf(
  context: GraphContext,
  listed: readonly Occurrence[],
  others: number,
): readonly string[] {
  const { from } = context.names;
  const count = (kind: string): number => listed.filter((each) => each.class === kind).length;
  const strings = count('string') + count('comment');
  return [
    ...(others > 0
      ? [`${others} other symbols are called ${from} too; they stay as they are`]
      : []),
    ...(strings > 0 ? [`${from} still stands in strings and comments, ${strings} in all`] : []),
  ];
}

function keptWarning(from: string, paths: readonly string[]): readonly string[] {
  if (paths.length === 0) return [];
  const more = paths.length > MAX_PLACES ? ` and ${paths.length - MAX_PLACES} more` : '';
  return [`Goes on being called ${from} in ${paths.slice(0, MAX_PLACES).join(', ')}${more}`];
}

function refuseOutside(context: GraphContext, candidate: Candidate): void {
  const { graph, names } = context;
  const set = graph.sets.find(candidate.set);
  for (const [node, where] of graph.external) {
    if (graph.sets.find(node) !== set) continue;
    const place = where.replace(/^.*\/node_modules\//, '').replace(`${context.root}/`, '');
    throw new SkeinError(
      'rename-refused',
      `Cannot rename ${names.from}: it is declared outside the tracked files too (${place})`,
      { fix: 'Only symbols that the repository alone declares can be renamed', details: { where } },
    );
  }
}

function refuseReserved({ graph, names }: GraphContext, candidate: Candidate): void {
  const { declarations } = candidate;
  const set = graph.sets.find(candidate.set);
  const kinds = declarations.map(({ site }) => site.declares ?? 'property');
  let isByScope = false;
  for (const file of graph.files.values()) {
    for (const site of file.model.sites) {
      const isLexical = site.role === 'binding' || site.role === 'reference' || isTwoSided(site);
      if (isLexical && graph.sets.find(file.firstNode + site.index * 2) === set) isByScope = true;
    }
  }
  checkReserved(names.to, kinds, isByScope);
  if (!isByScope && !names.isPrivate) checkInherited(names.to);
}

/**
 * `--keep-exports` adds an alias to an export that is on its declaration. When there is none, the old
 * name would silently be gone for those outside.
 */
function refuseLostExports(
  { graph, names }: GraphContext,
  set: number,
  rewritten: readonly RewrittenFile[],
): void {
  if (!graph.keepExports || rewritten.some(({ appended }) => appended !== '')) return;
  for (const { file } of rewritten) {
    const lost = file.model.exports.find(
      ({ form, node }) =>
        (form === 'specifier' || form === 'commonjs') &&
        graph.sets.find(file.firstNode + node) === set,
    );
    if (lost === undefined) continue;
    throw new SkeinError(
      'rename-refused',
      `Cannot rename ${names.from} and keep its export: in ${file.source.path} it is not exported where it is declared`,
      { fix: 'Rename without --keep-exports, or export it on its declaration first' },
    );
  }
}

function refuseUneditable(context: GraphContext, rewritten: readonly RewrittenFile[]): void {
  const { from } = context.names;
  for (const { file } of rewritten) {
    const [error] = file.model.parseErrors;
    if (error === undefined) continue;
    const { path: name } = file.source;
    throw new SkeinError(
      'rename-refused',
      `Cannot rename ${from}: ${name} does not parse: ${error}`,
      {
        fix: `Make ${name} valid first`,
        details: { path: name },
      },
    );
  }
  const foreign = context.sources.named.find((source) => source.isCode && source.isForeign);
  if (foreign) {
    throw new SkeinError('rename-refused', `Cannot rename ${from}: ${foreign.path} is not UTF-8`, {
      fix: `Convert ${foreign.path} to UTF-8, or remove the name from it`,
      details: { path: foreign.path },
    });
  }
}

function refuseUnresolved(context: GraphContext, listed: readonly Occurrence[]): void {
  const lost = listed.filter((each) => each.class === 'unresolved');
  if (lost.length === 0) return;
  const places = lost.map((each) => `${each.path}:${each.line}:${each.column}`);
  const list = lost
    .slice(0, MAX_PLACES)
    .map((each, index) => `  ${places[index]}  ${each.preview}`)
    .join('\n');
  throw new SkeinError(
    'rename-refused',
    `Cannot rename ${context.names.from}: ${lost.length} use${lost.length === 1 ? '' : 's'} can't be resolved\n${list}`,
    {
      fix: 'Give these places a type (or build what they import), or rename them by hand first',
      details: { places: places.slice(0, MAX_PLACES) },
    },
  );
}

function natureOf(context: GraphContext, candidate: Candidate): SymbolNature {
  const { graph, resolve } = context;
  const { declarations } = candidate;
  const set = graph.sets.find(candidate.set);
  const files = [...graph.files.values()];
  const exporters = files.filter((file) => graph.sets.find(file.exportNode) === set);
  const exportedBy = new Set(exporters.map((file) => file.source.path));
  const leaks = (file: GraphFile): boolean =>
    file.model.hasComputedModule ||
    file.model.escapes.some((name) => exportedBy.has(resolve(file.source.path, name) ?? ''));
  return {
    isMember: isMember(candidate),
    exportedBy,
    escapes: files.some(leaks),
    isGlobal: declarations.some(({ site }) => site.level === 'top' && site.deferred),
  };
}

/** Whether a module nobody could find is a foreign package rather than a part of the repository. */
function foreignTest(context: GraphContext): (moduleText: string) => boolean {
  const { packages, root } = context;
  const wanted = new Set<string>();
  for (const { manifest } of packages) {
    for (const field of ['dependencies', 'devDependencies', 'peerDependencies']) {
      for (const name of Object.keys((manifest[field] ?? {}) as object)) wanted.add(name);
    }
  }
  const own = new Set(packages.map((each) => each.name));
  return (text) => {
    if (/^\.{0,2}\//.test(text) || isBuiltin(text)) return true;
    const name = text
      .split('/')
      .slice(0, text.startsWith('@') ? 2 : 1)
      .join('/');
    if (own.has(name)) return false;
    return wanted.has(name) || fs.existsSync(path.join(root, 'node_modules', name));
  };
}
