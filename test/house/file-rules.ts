/** The rules a file must keep that the linter cannot see; each answers with its findings. */
import path from 'node:path';
import { childOf, isTest, lineOf, syntaxOf, walk } from './source-files.ts';
import type { SourceFile, SyntaxNode } from './source-files.ts';

const MAX_FOLDER_FILES = 15;
const MAX_FUNCTION_LINES = 70;
const MAX_HEADER_LINES = 5;
// The file named as its folder is the port: its header states ordering, delivery, limits, errors.
const MAX_PORT_HEADER_LINES = 15;
const KEBAB = /^[a-z0-9]+(-[a-z0-9]+){0,2}$/;

/** File names that are not kebab-case of at most three words. */
export const findBadNames = (files: readonly SourceFile[]): string[] =>
  files
    .filter((file) => !KEBAB.test(path.posix.basename(file.path).split('.')[0] ?? ''))
    .map((file) => `${file.path}: name it in at most three words, kebab-case`);

/** Folders with more source files (tests not counted) than one glance can take in. */
export function findFullFolders(files: readonly SourceFile[]): string[] {
  const folders = Map.groupBy(
    files.filter((file) => !isTest(file.path)),
    (file) => path.posix.dirname(file.path),
  );
  return [...folders]
    .filter(([, members]) => members.length > MAX_FOLDER_FILES)
    .map(([folder, members]) => `${folder}: ${members.length} files; make a sub-folder`);
}

/** Files that do not open with a comment of one to five lines (a port: fifteen). */
export const findBadHeaders = (files: readonly SourceFile[]): string[] =>
  files.flatMap((file) => {
    const { dir, name } = path.posix.parse(file.path);
    const isPort = name === path.posix.basename(dir);
    const most = isPort ? MAX_PORT_HEADER_LINES : MAX_HEADER_LINES;
    const lines = headerLines(file);
    if (lines >= 1 && lines <= most) return [];
    return [`${file.path}: open with a comment of 1 to ${most} lines, not ${lines}`];
  });

function headerLines(file: SourceFile): number {
  const { comments } = syntaxOf(file);
  const start = /^(#![^\n]*\n)?\s*/.exec(file.text)?.[0].length ?? 0;
  const first = comments.findIndex((comment) => comment.start === start);
  const opening = comments[first];
  if (opening === undefined) return 0;
  if (opening.type === 'Block') return countText(opening.value.split('\n'));
  let lines = 1;
  for (let next = first + 1; isNextLine(file, comments[next - 1], comments[next]); next += 1)
    lines += 1;
  return lines;
}

const countText = (lines: readonly string[]): number =>
  lines.filter((line) => /[^\s*]/.test(line)).length;

const isNextLine = (
  file: SourceFile,
  above: { readonly end: number } | undefined,
  below: { readonly type: string; readonly start: number } | undefined,
): boolean =>
  above !== undefined &&
  below?.type === 'Line' &&
  /^\n[ \t]*$/.test(file.text.slice(above.end, below.start));

/** Exports without a doc comment right above them (one for all overloads of a function). */
export const findBareExports = (files: readonly SourceFile[]): string[] =>
  files.flatMap((file) => {
    const { body, comments } = syntaxOf(file);
    const documented = new Set<string>();
    return body.flatMap((node) => {
      const name = declaredName(node);
      if (name === undefined || documented.has(name)) return [];
      documented.add(name);
      const above = comments.findLast((comment) => comment.end <= node.start);
      const isDoc = above?.type === 'Block' && above.value.startsWith('*');
      if (isDoc && file.text.slice(above.end, node.start).trim() === '') return [];
      return [`${file.path}:${lineOf(file, node.start)}: say in one line what ${name} is`];
    });
  });

function declaredName(node: SyntaxNode): string | undefined {
  if (node.type !== 'ExportNamedDeclaration') return undefined;
  const declaration = childOf(node, 'declaration');
  if (declaration === undefined) return undefined;
  const [variable] = (declaration['declarations'] ?? []) as readonly SyntaxNode[];
  return String(childOf(variable ?? declaration, 'id')?.['name'] ?? 'this export');
}

/** Files that only hand on what others declare, and `export *` anywhere. */
export const findBarrels = (files: readonly SourceFile[]): string[] =>
  files.flatMap((file) => {
    const { body } = syntaxOf(file);
    const handsOn = (node: SyntaxNode): boolean =>
      node.type === 'ExportAllDeclaration' ||
      (node.type === 'ExportNamedDeclaration' && childOf(node, 'declaration') === undefined);
    const idle = body.every((node) => node.type === 'ImportDeclaration' || handsOn(node));
    const star = body.some((node) => node.type === 'ExportAllDeclaration');
    return star || (idle && body.some(handsOn)) ? [`${file.path}: is a barrel`] : [];
  });

const FORBIDDEN: Readonly<Record<string, string>> = {
  ExportDefaultDeclaration: 'export by name',
  TSEnumDeclaration: 'use a union of strings',
  TSModuleDeclaration: 'use a module',
  TSParameterProperty: 'declare the field',
  TSAnyKeyword: 'use unknown',
};

/** Syntax the house does without: default exports, enums, namespaces, parameter properties, any. */
export const findForbiddenSyntax = (files: readonly SourceFile[]): string[] =>
  collect(files, (node) => FORBIDDEN[node.type]);

/** Errors thrown that are not a SkeinError: what crosses a process needs a stable code. */
export const findForeignErrors = (files: readonly SourceFile[]): string[] =>
  collect(files, (node) => {
    if (node.type !== 'ThrowStatement') return undefined;
    const thrown = childOf(node, 'argument');
    const callee =
      thrown?.type === 'NewExpression' ? childOf(thrown, 'callee')?.['name'] : undefined;
    const foreign =
      typeof callee === 'string' && callee.endsWith('Error') && callee !== 'SkeinError';
    return foreign ? `throw a SkeinError instead of ${callee}` : undefined;
  });

/**
 * The clock and chance in forms that the linter does not see: `new Date()` (it cannot tell it from
 * `new Date(time)`), and the functions of node:crypto and node:timers imported by name.
 */
export const findHiddenClocks = (files: readonly SourceFile[]): string[] =>
  collect(files, (node) => {
    if (node.type === 'ImportDeclaration') return judgeClockImport(node);
    if (node.type !== 'NewExpression' && node.type !== 'CallExpression') return undefined;
    const isDate = childOf(node, 'callee')?.['name'] === 'Date';
    const bare = (node['arguments'] as readonly unknown[]).length === 0;
    return isDate && (bare || node.type === 'CallExpression')
      ? 'take the time as a value'
      : undefined;
  });

function judgeClockImport(node: SyntaxNode): string | undefined {
  const source = String(childOf(node, 'source')?.['value']);
  if (/^node:(timers|perf_hooks)/.test(source)) return 'take a delay or the time as a value';
  if (source !== 'node:crypto') return undefined;
  const names = ((node['specifiers'] ?? []) as readonly SyntaxNode[]).map((specifier) =>
    String(childOf(specifier, 'imported')?.['name'] ?? 'random'),
  );
  return names.some((name) => /random/i.test(name)) ? 'take ids and chance as values' : undefined;
}

const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);

/** Functions of tests that are too long; the callbacks of describe are chapters, not functions. */
export const findLongTests = (files: readonly SourceFile[]): string[] =>
  collect(files, (node, file, parent) => {
    if (!FUNCTIONS.has(node.type)) return undefined;
    const lines = lineOf(file, node.end) - lineOf(file, node.start) + 1;
    const callee = parent?.type === 'CallExpression' ? childOf(parent, 'callee') : undefined;
    const name = callee?.['name'] ?? (callee && childOf(callee, 'object')?.['name']);
    if (name === 'describe' || name === 'suite' || lines <= MAX_FUNCTION_LINES) return undefined;
    return `the function has ${lines} lines`;
  });

function collect(
  files: readonly SourceFile[],
  judge: (node: SyntaxNode, file: SourceFile, parent: SyntaxNode | undefined) => string | undefined,
): string[] {
  const findings: string[] = [];
  for (const file of files) {
    walk(file, (node, parent) => {
      const problem = judge(node, file, parent);
      if (problem !== undefined) {
        findings.push(`${file.path}:${lineOf(file, node.start)}: ${problem}`);
      }
    });
  }
  return findings;
}
