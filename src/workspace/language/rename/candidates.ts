/**
 * Which symbol a name means. Every set of the graph that has a declaration in the repository is a
 * candidate. A single one is taken; else the only one at module level, because a person who names
 * no place means that; else the choices are given back.
 */
import { SkeinError } from '#protocol/errors.ts';
import type { RenameRequest, SymbolChoice } from '#workspace/language/language.ts';
import type { RenameNames } from './check-names.ts';
import {
  type FoundSite,
  type SymbolGraph,
  allSites,
  innerOf,
  isTwoSided,
  outerOf,
} from './symbol-graph.ts';

/** One set of sites that are one symbol. */
export interface Candidate {
  readonly set: number;
  readonly declarations: readonly FoundSite[];
}

/** What the name turned out to mean. */
export type Choice =
  | { readonly type: 'one'; readonly candidate: Candidate; readonly others: number }
  | { readonly type: 'several'; readonly candidates: readonly Candidate[] };

/** Chooses the symbol; throws `symbol-not-found` when there is none. */
export function chooseSymbol(
  graph: SymbolGraph,
  names: RenameNames,
  at: RenameRequest['at'],
): Choice {
  const all = findCandidates(graph);
  if (at) return { type: 'one', candidate: candidateAt(graph, all, at), others: all.length - 1 };
  const wanted = all.filter((each) => matchesNames(each, names));
  if (wanted.length === 0) throw notFound(graph, names);
  const [first] = wanted;
  if (first && wanted.length === 1) return { type: 'one', candidate: first, others: 0 };
  const top = wanted.filter((each) => each.declarations.some(isTopLevel));
  if (top[0] && top.length === 1 && names.container === undefined) {
    return { type: 'one', candidate: top[0], others: wanted.length - 1 };
  }
  return {
    type: 'several',
    candidates: top.length > 1 ? [...new Set([...top, ...wanted])] : wanted,
  };
}

const isTopLevel = ({ site }: FoundSite): boolean => site.level === 'top';

function matchesNames(candidate: Candidate, names: RenameNames): boolean {
  return candidate.declarations.some(({ site }) => {
    if ((site.role === 'private') !== names.isPrivate) return false;
    if (names.container === undefined) return true;
    return site.container === names.container.split('.').at(-1);
  });
}

/** A local name made by an import is only a declaration for whoever points at it. */
const isAlias = ({ site }: FoundSite): boolean =>
  site.declares === 'import' || site.declares === 'alias';

/** Every symbol with a declaration in the repository. */
export function findCandidates(graph: SymbolGraph): readonly Candidate[] {
  const sets = new Map<number, FoundSite[]>();
  for (const found of allSites(graph)) {
    if (found.site.role === 'label' || found.site.role === 'exact-string') continue;
    for (const node of new Set(declaredNodes(graph, found))) {
      const set = graph.sets.find(node);
      sets.set(set, [...(sets.get(set) ?? []), found]);
    }
  }
  return [...sets].flatMap(([set, found]) => {
    const declarations = found.filter((each) => !isAlias(each));
    return declarations.length > 0 ? [{ set, declarations: inOrder(declarations) }] : [];
  });
}

function declaredNodes(graph: SymbolGraph, found: FoundSite): readonly number[] {
  const { site } = found;
  if (graph.documented.has(innerOf(found))) return [innerOf(found)];
  if (site.role === 'object-shorthand') return [outerOf(found)];
  return site.declares === undefined ? [] : [innerOf(found)];
}

/** Real declarations before exports of them, then by place. */
function inOrder(sites: readonly FoundSite[]): readonly FoundSite[] {
  const rank = ({ site }: FoundSite): number =>
    site.declares === 'export' || site.role === 'object-shorthand' ? 1 : 0;
  return [...sites].sort(
    (a, b) =>
      rank(a) - rank(b) ||
      (a.file.source.path < b.file.source.path ? -1 : Number(a.file !== b.file)) ||
      a.site.start - b.site.start,
  );
}

function candidateAt(
  graph: SymbolGraph,
  all: readonly Candidate[],
  at: NonNullable<RenameRequest['at']>,
): Candidate {
  const file = graph.files.get(at.path);
  const on = (file?.model.sites ?? []).filter((site) => {
    const position = file?.source.lines.positionAt(site.start);
    if (position?.line !== at.line - 1) return false;
    if (at.column === undefined) return true;
    const column = position.character + 1;
    return column <= at.column && at.column <= column + graph.name.length;
  });
  const usable = on.filter((site) => site.role !== 'label' && site.role !== 'exact-string');
  const nodes = usable.flatMap((site) => {
    const found = { file: file as NonNullable<typeof file>, site };
    // Who points at `{ a }` without a better word means the variable it reads.
    return isTwoSided(site) && site.role !== 'pattern-shorthand'
      ? [innerOf(found)]
      : [site.declares === undefined ? outerOf(found) : innerOf(found)];
  });
  const sets = [...new Set(nodes.map((node) => graph.sets.find(node)))];
  const declared = sets.filter((set) =>
    usable.some((site) => site.declares !== undefined && setOf(graph, at.path, site.index) === set),
  );
  const chosen = sets.length > 1 && declared.length === 1 ? declared : sets;
  const [set] = chosen;
  const place = `${at.path}:${at.line}${at.column === undefined ? '' : `:${at.column}`}`;
  if (set === undefined) {
    throw new SkeinError('symbol-not-found', `Cannot rename ${graph.name}: it is not at ${place}`, {
      fix: 'Give the line (and column) on which the name stands in code',
    });
  }
  if (chosen.length > 1) {
    throw new SkeinError(
      'symbol-ambiguous',
      `Cannot rename ${graph.name}: ${place} has ${chosen.length} symbols of that name`,
      { fix: `Add the column: ${at.path}:${at.line}:<column>` },
    );
  }
  const known = all.find((each) => each.set === set);
  if (known) return known;
  return { set, declarations: localDeclarations(graph, set) };
}

const setOf = (graph: SymbolGraph, path: string, index: number): number =>
  graph.sets.find((graph.files.get(path)?.firstNode ?? 0) + index * 2);

/** An import of something outside may be renamed locally when it is pointed at. */
function localDeclarations(graph: SymbolGraph, set: number): readonly FoundSite[] {
  const found: FoundSite[] = [];
  for (const each of allSites(graph)) {
    if (isAlias(each) && graph.sets.find(innerOf(each)) === set) found.push(each);
  }
  return found;
}

function notFound(graph: SymbolGraph, names: RenameNames): SkeinError {
  const whole = names.container === undefined ? names.from : `${names.container}.${names.from}`;
  let outside: string | undefined;
  for (const [node, where] of graph.external) outside ??= node >= 0 ? where : undefined;
  const isUsed = graph.files.size > 0 && outside !== undefined;
  return new SkeinError(
    'symbol-not-found',
    isUsed
      ? `Cannot rename ${whole}: it is declared outside the repository (${shorten(outside)})`
      : `Cannot rename ${whole}: no code of the repository declares it`,
    { fix: 'Check the spelling, or say where: rename a to b at path:line' },
  );
}

const shorten = (where: string | undefined): string =>
  (where ?? '').replace(/^.*\/node_modules\//, '').replace(/^.*\/(lib\.[^/]*)$/, '$1');

/** A candidate for people. */
export function describe(graph: SymbolGraph, candidate: Candidate): SymbolChoice {
  const found = candidate.declarations[0];
  if (!found) {
    return { name: graph.name, kind: 'symbol', path: '', line: 1, column: 1, preview: '' };
  }
  const { file, site } = found;
  const position = file.source.lines.positionAt(site.start);
  return {
    name: graph.name,
    kind: site.declares ?? (site.role === 'jsdoc' ? 'type' : 'property'),
    ...(site.container === undefined || site.level === 'top' ? {} : { container: site.container }),
    path: file.source.path,
    line: position.line + 1,
    column: position.character + 1,
    preview: file.source.lines.previewAt(site.start),
  };
}
