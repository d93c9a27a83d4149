/**
 * Whether a composed text means what its parts meant: `a + b` put into `$X * 2` as text would become
 * `a + b * 2`. What was put somewhere must be a node of the new tree, or a row of whole ones.
 */
import { childAt, type CodeNode } from '#workspace/rewrite/syntax/code-tree.ts';
import type { ComposedText, Placed } from './compose-text.ts';
import type { Span } from './rewrite.ts';

/** Kinds of nodes that parentheses keep together, and that must stay what they are. */
const COMPOUND =
  /^(?!jsx_).*_expression$|^(?:arrow_function|class|object|number|(?:union|intersection|function|conditional|constructor|infer|readonly)_type)$/u;

/** The places that are read as something else than what was put there. */
export const findMisread = (tree: CodeNode, { text, placed }: ComposedText): readonly Placed[] =>
  placed.filter((place) => !isKept(tree, text, place));

/** Whether one node was put there that parentheses keep together. */
export const isCompound = ({ part, kinds }: Placed): boolean =>
  part !== null && kinds.length === 1 && COMPOUND.test(kinds[0] ?? '');

function isKept(tree: CodeNode, text: string, place: Placed): boolean {
  // texts between tags melt together, and may
  if (place.kinds.includes('jsx_text') || place.start === place.end) return true;
  // this parser takes braces after an arrow for an object when they could be one; a compiler does not
  const isBlock = text[place.start] === '{' && !place.kinds.includes('statement_block');
  if (isBlock && /=>\s*$/u.test(text.slice(Math.max(0, place.start - 200), place.start)))
    return false;
  const { nodes, holder } = nodesAt(tree, place);
  if (isCompound(place)) return nodes.some(({ kind }) => kind === place.kinds[0]);
  return nodes.length > 0 || isRowOf(holder, text, place);
}

/** The nodes with just these bounds, and the smallest one that holds them. */
function nodesAt(tree: CodeNode, span: Span) {
  const nodes: CodeNode[] = [];
  let holder = tree;
  for (let node: CodeNode | undefined = tree; node !== undefined;) {
    holder = node;
    if (node.start === span.start && node.end === span.end) nodes.push(node);
    const child: CodeNode | undefined = childAt(node.children(), span.start);
    node = child !== undefined && child.end >= span.end ? child : undefined;
  }
  return { nodes, holder };
}

function isRowOf(holder: CodeNode, text: string, span: Span): boolean {
  const children = holder.children();
  const first = childAt(children, span.start);
  const last = childAt(children, span.end - 1);
  if (first === undefined || last === undefined || first.start !== span.start) return false;
  // the semicolon after a replaced expression belongs to its statement
  return last.end <= span.end || /^\s*;?$/u.test(text.slice(span.end, last.end));
}
