/** A syntax tree read step by step from the parser: children are fetched once, when asked for. */
import type { ParserNode } from './load-parser.ts';
import type { Span } from '#workspace/rewrite/rewrite.ts';

/** One node: offsets in UTF-16 units. */
export interface CodeNode extends Span {
  readonly kind: string;
  readonly children: () => readonly CodeNode[];
}

/** A piece of code that has no parts. */
export interface Leaf extends Span {
  readonly kind: string;
  readonly text: string;
}

/** Wraps a node of the parser. */
export function codeNode(node: ParserNode): CodeNode {
  const { start, end } = node.range();
  let children: readonly CodeNode[] | undefined;
  return {
    // asked for seldom, and each question to the parser costs
    get kind() {
      return String(node.kind());
    },
    start: start.index,
    end: end.index,
    children: () => (children ??= node.children().map(codeNode)),
  };
}

/**
 * The leaves below `node` in the order of the text, without what lies in one of `holes` (spans that
 * do not overlap). What the grammar gives no leaf of its own is one of kind ''. Blanks are none.
 */
export function leavesOf(node: CodeNode, text: string, holes: readonly Span[] = []): Leaf[] {
  const leaves: Leaf[] = [];
  let at = node.start;
  const fill = (end: number): void => {
    const between = text.slice(at, end);
    const blank = between.length - between.trimStart().length;
    const inner = between.trim();
    if (inner === '' || isInside({ start: at, end }, holes)) return;
    leaves.push({ kind: '', text: inner, start: at + blank, end: at + blank + inner.length });
  };
  const waiting = [node];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (isInside(next, holes)) {
      fill(next.start);
      at = Math.max(at, next.end);
      continue;
    }
    const children = next.children();
    for (let index = children.length - 1; index >= 0; index -= 1) {
      waiting.push(children[index] as CodeNode);
    }
    if (children.length > 0 || next.start === next.end) continue;
    fill(next.start);
    const { kind, start, end } = next;
    leaves.push({ kind, start, end, text: text.slice(start, end) });
    at = end;
  }
  fill(node.end);
  return leaves;
}

const isInside = (span: Span, holes: readonly Span[]): boolean =>
  holes.some((hole) => hole.start <= span.start && span.end <= hole.end && hole.start < hole.end);

/** The smallest node that holds the whole span; the nearest one when several have its bounds. */
export function coveringNode(root: CodeNode, span: Span): CodeNode {
  let node = root;
  for (;;) {
    const child = childAt(node.children(), span.start);
    if (child === undefined || child.start > span.start || child.end < span.end) return node;
    node = child;
  }
}

/** The last child that does not begin after `offset`; undefined when there is none. */
export function childAt(children: readonly CodeNode[], offset: number): CodeNode | undefined {
  let low = 0;
  let high = children.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((children[middle] as CodeNode).start <= offset) low = middle + 1;
    else high = middle;
  }
  return children[low - 1];
}
