/**
 * A loose view of the ESTree that the parser gives. The walker knows nodes by `type` and children
 * by key; a precise type for the some 180 node kinds would hide the few that matter here.
 */
import { visitorKeys } from 'oxc-parser';

/** One node; offsets are UTF-16 units into the source. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

/** Whether a value is a node. */
export const isNode = (value: unknown): value is SyntaxNode =>
  typeof value === 'object' && value !== null && typeof (value as SyntaxNode).type === 'string';

/** The child under a key, when there is one. */
export function child(node: SyntaxNode, key: string): SyntaxNode | undefined {
  const value = node[key];
  return isNode(value) ? value : undefined;
}

/** The children under a key; holes of array patterns are left out. */
export function children(node: SyntaxNode, key: string): readonly SyntaxNode[] {
  const value = node[key];
  return Array.isArray(value) ? value.filter(isNode) : [];
}

/** All children in the order of the source grammar. */
export function allChildren(node: SyntaxNode): readonly SyntaxNode[] {
  const keys = visitorKeys[node.type] ?? [];
  return keys.flatMap((key) => {
    const value = node[key];
    if (Array.isArray(value)) return value.filter(isNode);
    return isNode(value) ? [value] : [];
  });
}

/** The name of an identifier of any kind, else undefined. */
export function nameOf(node: SyntaxNode | undefined): string | undefined {
  if (!node) return undefined;
  if (node.type === 'Identifier' || node.type === 'JSXIdentifier') return String(node['name']);
  return undefined;
}

/** The value of a string literal (or of a template without holes), else undefined. */
export function stringValue(node: SyntaxNode | undefined): string | undefined {
  if (node?.type === 'Literal' && typeof node['value'] === 'string') return node['value'];
  if (node?.type !== 'TemplateLiteral' || children(node, 'expressions').length > 0)
    return undefined;
  const cooked = children(node, 'quasis')[0]?.['value'] as { cooked?: unknown } | undefined;
  return typeof cooked?.cooked === 'string' ? cooked.cooked : undefined;
}

const WRAPPERS = new Set([
  'TSAsExpression',
  'TSNonNullExpression',
  'TSSatisfiesExpression',
  'TSTypeAssertion',
  'ParenthesizedExpression',
  'ChainExpression',
]);

/** The expression under casts, `!` and parentheses. */
export function unwrap(node: SyntaxNode | undefined): SyntaxNode | undefined {
  let inner = node;
  while (inner && WRAPPERS.has(inner.type)) inner = child(inner, 'expression');
  return inner;
}

/** Whether an expression is `exports` or `module.exports`. */
export function isExportsObject(node: SyntaxNode | undefined): boolean {
  if (nameOf(node) === 'exports') return true;
  return (
    node?.type === 'MemberExpression' &&
    nameOf(child(node, 'object')) === 'module' &&
    nameOf(child(node, 'property')) === 'exports'
  );
}
