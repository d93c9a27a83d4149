/** The project's own files as the house tests see them: path, text, and the syntax tree on demand. */
import fs from 'node:fs';
import path from 'node:path';
import { parseSync } from 'oxc-parser';

/** A file to judge; `path` is relative to the project, with forward slashes. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** A node of the ESTree syntax tree, as loosely as a walk needs it. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

/** A comment with the offsets of its delimiters. */
export interface SyntaxComment {
  readonly type: 'Line' | 'Block';
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

/** What the parser found in one file. */
export interface Syntax {
  readonly body: readonly SyntaxNode[];
  readonly comments: readonly SyntaxComment[];
}

/** The folder of the project. */
export const ROOT = path.resolve(import.meta.dirname, '../..');

const SKIPPED = new Set(['.git', 'node_modules', 'dist', '.cache']);
const parsed = new WeakMap<SourceFile, Syntax>();

/** All files below `folder`, relative to the project; empty when the folder does not exist. */
export function listFiles(folder: string): string[] {
  const absolute = path.join(ROOT, folder);
  if (!fs.existsSync(absolute)) return [];
  return fs.readdirSync(absolute, { withFileTypes: true }).flatMap((entry) => {
    const child = path.posix.join(folder, entry.name);
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : listFiles(child);
    return entry.isFile() ? [child] : [];
  });
}

/** Reads one file of the project. */
export const readSource = (file: string): SourceFile => ({
  path: file,
  text: fs.readFileSync(path.join(ROOT, file), 'utf8'),
});

/** The TypeScript of `folders`, without fixtures. */
export const readTypeScript = (...folders: readonly string[]): SourceFile[] =>
  folders
    .flatMap((folder) => listFiles(folder))
    .filter((file) => file.endsWith('.ts') && !file.startsWith('test/fixtures/'))
    .map((file) => readSource(file));

/** Whether a path is a test. */
export const isTest = (file: string): boolean => file.endsWith('.test.ts');

/** The syntax of a file, parsed once; a file that does not parse fails the test. */
export function syntaxOf(file: SourceFile): Syntax {
  const known = parsed.get(file);
  if (known !== undefined) return known;
  const result = parseSync(file.path, file.text);
  if (result.errors.length > 0) throw new Error(`${file.path}: ${result.errors[0]?.message}`);
  const body = result.program.body as unknown as readonly SyntaxNode[];
  const syntax: Syntax = { body, comments: result.comments };
  parsed.set(file, syntax);
  return syntax;
}

const isNode = (value: unknown): value is SyntaxNode =>
  typeof value === 'object' && value !== null && typeof (value as SyntaxNode).type === 'string';

/** Calls `visit` for every node of the file, parents first, with the node it lies in. */
export function walk(
  file: SourceFile,
  visit: (node: SyntaxNode, parent: SyntaxNode | undefined) => void,
): void {
  const enter = (node: SyntaxNode, parent: SyntaxNode | undefined): void => {
    visit(node, parent);
    for (const value of Object.values(node)) {
      for (const child of Array.isArray(value) ? value : [value]) {
        if (isNode(child)) enter(child, node);
      }
    }
  };
  for (const node of syntaxOf(file).body) enter(node, undefined);
}

/** The child of a node under `key`, when there is one. */
export function childOf(node: SyntaxNode, key: string): SyntaxNode | undefined {
  const value = node[key];
  return isNode(value) ? value : undefined;
}

/** The line of an offset, counted from 1. */
export const lineOf = (file: SourceFile, offset: number): number =>
  file.text.slice(0, offset).split('\n').length;
