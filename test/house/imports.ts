/** The law of layers as data, and the imports of the project's files measured against it. */
import path from 'node:path';
import { childOf, lineOf, walk } from './source-files.ts';
import type { SourceFile, SyntaxNode } from './source-files.ts';

/** The layers from the lowest up; folders of one row may use each other's types only. */
export const LAYERS: readonly (readonly string[])[] = [
  ['lib', 'protocol', 'telemetry'],
  ['ledger', 'identity'],
  ['bus', 'registry', 'sync', 'tenants'],
  ['tasks', 'workspace', 'sandbox', 'memory', 'llm'],
  ['supervisor', 'agents', 'guardrails'],
  ['api'],
  ['daemon'],
  ['cli'],
];

/** One import, re-export or dynamic import of a file of the project. */
export interface Import {
  readonly from: SourceFile;
  readonly line: number;
  readonly specifier: string;
  /** The project's file it names, or undefined for packages and Node's own modules. */
  readonly target: string | undefined;
  readonly typeOnly: boolean;
}

const IMPORTING: Readonly<Record<string, 'importKind' | 'exportKind' | undefined>> = {
  ImportDeclaration: 'importKind',
  ExportNamedDeclaration: 'exportKind',
  ExportAllDeclaration: 'exportKind',
  ImportExpression: undefined,
  TSImportType: undefined,
};

/** Every import of a file, static and dynamic. `import { type T }` counts as a value import: it runs. */
export function importsOf(file: SourceFile): Import[] {
  const found: Import[] = [];
  walk(file, (node) => {
    if (!(node.type in IMPORTING)) return;
    const specifier = childOf(node, 'source')?.['value'];
    if (typeof specifier !== 'string') return;
    const target = resolveImport(file.path, specifier);
    const line = lineOf(file, node.start);
    found.push({ from: file, line, specifier, target, typeOnly: isTypeOnly(node) });
  });
  return found;
}

function isTypeOnly(node: SyntaxNode): boolean {
  const kind = IMPORTING[node.type];
  return node.type === 'TSImportType' || (kind !== undefined && node[kind] === 'type');
}

function resolveImport(from: string, specifier: string): string | undefined {
  if (specifier.startsWith('#')) return `src/${specifier.slice(1)}`;
  if (specifier.startsWith('.')) return path.posix.join(path.posix.dirname(from), specifier);
  return undefined;
}

/** The folder of src/ that a file lies in, or undefined outside of src/. */
export function topFolder(file: string): string | undefined {
  const [source, folder, rest] = file.split('/');
  return source === 'src' && rest !== undefined ? folder : undefined;
}

const rowOf = (folder: string): number => LAYERS.findIndex((row) => row.includes(folder));

/** Every import that breaks the law: down anything, sideways types only, up never. */
export function findLawBreaks(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => {
    const folder = topFolder(file.path);
    if (folder === undefined) return [];
    if (rowOf(folder) < 0) return [`${file.path}: src/${folder} is in no layer`];
    return importsOf(file).flatMap((found) => {
      const problem = judgeImport(found, folder);
      return problem === undefined ? [] : [`${file.path}:${found.line}: ${problem}`];
    });
  });
}

function judgeImport(found: Import, folder: string): string | undefined {
  if (found.target === undefined) return undefined;
  const other = topFolder(found.target);
  if (other === undefined) return `${found.specifier} lies outside of src/`;
  if (other === folder) return undefined;
  if (found.specifier.startsWith('.')) return `${found.specifier} must be written #${other}/...`;
  if (rowOf(other) < 0) return `${found.specifier} is in no layer`;
  if (rowOf(other) > rowOf(folder)) return `${found.specifier} is above ${folder}/`;
  if (rowOf(other) === rowOf(folder) && !found.typeOnly) {
    return `${found.specifier} is beside ${folder}/: only types may be imported`;
  }
  return undefined;
}

/** Every cycle among the files, once each, as "a -> b -> a". Types count: a cycle is a cycle. */
export function findCycles(files: readonly SourceFile[]): string[] {
  const edges = new Map(
    files.map((file) => [
      file.path,
      importsOf(file).flatMap(({ target }) => (target === undefined ? [] : [target])),
    ]),
  );
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, trail: readonly string[]): void => {
    const start = trail.indexOf(file);
    if (start >= 0) cycles.push([...trail.slice(start), file].join(' -> '));
    if (start >= 0 || done.has(file)) return;
    for (const next of edges.get(file) ?? []) visit(next, [...trail, file]);
    done.add(file);
  };
  for (const file of edges.keys()) visit(file, []);
  return cycles;
}
