/**
 * Names of a TypeScript module that it both imports and declares as a value. The parser lets them
 * pass, because an import may turn out to be a type that merges with the value (TS2440, TS2865);
 * engines that only strip types, as Node does, refuse the module with a SyntaxError.
 */
import type { OxcError, StaticImport } from 'oxc-parser';
import { type SyntaxNode, child, children, nameOf } from './syntax-node.ts';

/** An error of a parser: its message, and spans of the source. */
export type SourceError = Pick<OxcError, 'message' | 'labels'>;

/** One error for each such name, worded and placed like those of the parser. */
export function redeclaredImports(
  program: SyntaxNode,
  imports: readonly StaticImport[],
): readonly SourceError[] {
  const imported = new Map(
    imports
      .flatMap(({ entries }) => entries)
      .filter(({ isType }) => !isType)
      .map(({ localName }) => [localName.value, localName]),
  );
  if (imported.size === 0) return [];
  const declared = new Map(
    children(program, 'body')
      .flatMap(declaredValues)
      .map((node) => [nameOf(node) ?? '', node]),
  );
  return [...declared].flatMap(([name, node]) => {
    const other = imported.get(name);
    if (other === undefined) return [];
    const spans = [node, other].sort((a, b) => a.start - b.start);
    return {
      message: `Identifier \`${name}\` has already been declared`,
      labels: spans.map(({ start, end }) => ({ message: null, start, end })),
    };
  });
}

/** What is a value only where nothing says `declare`. */
const NAMED = new Set(['FunctionDeclaration', 'ClassDeclaration', 'TSEnumDeclaration']);

/** The identifiers that a statement of the top level declares as values. */
function declaredValues(statement: SyntaxNode): readonly SyntaxNode[] {
  const node = child(statement, 'declaration') ?? statement;
  if (node['declare'] === true) return [];
  if (node.type === 'VariableDeclaration') {
    return children(node, 'declarations').flatMap((each) => leavesOf(child(each, 'id')));
  }
  return NAMED.has(node.type) ? leavesOf(child(node, 'id')) : [];
}

/** The identifiers of a binding pattern. */
function leavesOf(node: SyntaxNode | undefined): readonly SyntaxNode[] {
  if (node === undefined) return [];
  if (nameOf(node) !== undefined) return [node];
  const parts = [
    ...children(node, 'properties'),
    ...children(node, 'elements'),
    child(node, 'value') ?? child(node, 'left') ?? child(node, 'argument'),
  ];
  return parts.flatMap(leavesOf);
}
