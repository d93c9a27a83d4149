/**
 * Parses one JavaScript or TypeScript file with a real parser. JavaScript is read as it is found in
 * the wild: with JSX, and as a module or as CommonJS, whichever gives fewer errors.
 */
import { type Comment, parseSync } from 'oxc-parser';
import { type SourceError, redeclaredImports } from './redeclared-imports.ts';
import type { SyntaxNode } from './syntax-node.ts';

/** The tree of a file, its comments, and its syntax errors (offsets in UTF-16 units). */
export interface ParsedSource {
  readonly program: SyntaxNode;
  readonly comments: readonly Comment[];
  readonly errors: readonly SourceError[];
  /** It has `import`, `export` or `import.meta`. */
  readonly hasModuleSyntax: boolean;
}

type Language = 'js' | 'jsx' | 'ts' | 'tsx' | 'dts';

const CODE = /\.(?:[cm]?[jt]s|[jt]sx)$/;

/** Whether the path is of a kind this parser reads. */
export const isCodePath = (path: string): boolean => CODE.test(path);

/** Whether the path is JavaScript (where JSDoc types are real types). */
export const isJavaScriptPath = (path: string): boolean => /\.(?:[cm]?js|jsx)$/.test(path);

function languageOf(path: string): Language {
  if (/\.d\.(?:[^./]+\.)?[cm]?ts$/.test(path)) return 'dts';
  if (path.endsWith('.tsx')) return 'tsx';
  return isJavaScriptPath(path) ? 'jsx' : 'ts';
}

/** Parses a file; with `semantic` also redeclarations and the like are errors. */
export function parseSource(path: string, text: string, semantic = false): ParsedSource {
  const lang = languageOf(path);
  const parse = (sourceType: 'module' | 'unambiguous' | 'commonjs') =>
    parseSync(path, text, {
      lang,
      sourceType,
      astType: 'ts',
      preserveParens: false,
      showSemanticErrors: semantic,
    });
  const order = /\.c[jt]s$/.test(path)
    ? (['commonjs', 'unambiguous'] as const)
    : (['unambiguous', 'commonjs'] as const);
  let best = parse(order[0]);
  if (best.errors.length > 0) {
    const other = parse(order[1]);
    if (other.errors.length < best.errors.length) best = other;
  }
  const program = best.program as unknown as SyntaxNode;
  const errors: readonly SourceError[] = best.errors.filter(({ severity }) => severity === 'Error');
  // The parser itself judges this in JavaScript; declarations alone have no values.
  const isTypeScript = semantic && (lang === 'ts' || lang === 'tsx');
  const redeclared = isTypeScript ? redeclaredImports(program, best.module.staticImports) : [];
  return {
    program,
    comments: best.comments,
    errors: [...errors, ...redeclared],
    hasModuleSyntax: best.module.hasModuleSyntax,
  };
}
