/** The parser behind rewrites, loaded when the first one is planned, and the languages it reads. */
import type { Lang, SgNode } from '@ast-grep/napi';

/** A language as the parser names it. */
export type Language = `${Lang}`;

/** A node of the parser's tree. */
export type ParserNode = SgNode;

/**
 * How variables are written while the parser reads a pattern: CSS and HTML take no `$` in names, so
 * there the parser itself puts this letter in its place.
 */
export const VARIABLE_LETTER: Readonly<Record<Language, string>> = {
  TypeScript: '$',
  Tsx: '$',
  JavaScript: '$',
  Css: '_',
  Html: 'z',
};

const EXTENSIONS: Readonly<Record<string, Language>> = {
  js: 'JavaScript',
  jsx: 'JavaScript',
  mjs: 'JavaScript',
  cjs: 'JavaScript',
  ts: 'TypeScript',
  mts: 'TypeScript',
  cts: 'TypeScript',
  tsx: 'Tsx',
  css: 'Css',
  html: 'Html',
  htm: 'Html',
};

/** The language of a file by its name, or undefined when rewrites don't know it. */
export const languageOf = (path: string): Language | undefined =>
  EXTENSIONS[/\.([a-z]+)$/u.exec(path)?.[1] ?? ''];

/** Parses off the main thread; the answer is the root node. Never rejects for wrong code. */
export async function parseCode(language: Language, text: string): Promise<ParserNode> {
  const { parseAsync } = await import('@ast-grep/napi');
  return (await parseAsync(language, text)).root();
}
