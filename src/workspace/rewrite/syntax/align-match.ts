/**
 * Lays a match over its pattern: which text each part of the pattern stands for, and what the match
 * has besides. The parser lets code match that has more than the pattern says (`async`, an `else`, a
 * second declaration, comments); replacing that blindly would lose it.
 */
import { codeNode, leavesOf, type CodeNode, type Leaf } from './code-tree.ts';
import type { ParserNode } from './load-parser.ts';
import { type Pattern, type PatternPart, slotName } from './pattern.ts';
import type { Span } from '#workspace/rewrite/rewrite.ts';

/** What a variable stands for: one node, or a run of them. */
export interface Capture extends Span {
  readonly kinds: readonly string[];
  /** A run that ends in a comma: where it ends without. */
  readonly endBeforeComma: number | undefined;
}

/** What a match has and its pattern has not; `after` is the part of the pattern it follows. */
export interface Extra extends Leaf {
  readonly after: number;
  /** A comma or semicolon that ends a list or a statement: nothing is lost with it. */
  readonly isSeparator: boolean;
}

/** A match laid over its pattern. */
export interface AlignedMatch extends Span {
  readonly kind: string;
  /** By slot. */
  readonly captures: readonly Capture[];
  /** By part of the pattern. */
  readonly spans: readonly Span[];
  readonly extras: readonly Extra[];
}

interface Unit extends Leaf {
  readonly slot: number | undefined;
}

const CLOSERS = new Set([')', ']', '}', '>', '/>']);

/**
 * Undefined when the parts of the pattern are not there in their order, or when a name that the
 * pattern uses twice stands for different code.
 */
export function alignMatch(
  match: ParserNode,
  pattern: Pattern,
  text: string,
): AlignedMatch | undefined {
  const node = codeNode(match);
  const captures = pattern.slots.map(({ isMany }, slot) => captureOf(match, isMany, slot));
  const units = unitsOf(node, text, captures);
  const spans: Span[] = [];
  const extras: Extra[] = [];
  let at = 0;
  let end = node.start;
  for (const part of pattern.parts) {
    if (part.type === 'variable' && isEmpty(captures[part.slot])) {
      spans.push({ start: end, end });
      continue;
    }
    for (; at < units.length && !isUnitOf(part, units[at]); at += 1) {
      if (units[at]?.slot !== undefined) return undefined;
      extras.push(extraAt(units, at, spans.length - 1));
    }
    const unit = units[at];
    if (unit === undefined) return undefined;
    spans.push({ start: unit.start, end: unit.end });
    end = unit.end;
    at += 1;
  }
  for (; at < units.length; at += 1) extras.push(extraAt(units, at, spans.length - 1));
  if (!agrees(pattern, captures, () => leavesOf(node, text))) return undefined;
  return { kind: node.kind, start: node.start, end: node.end, captures, spans, extras };
}

function captureOf(match: ParserNode, isMany: boolean, slot: number): Capture {
  const name = slotName(slot);
  const one = isMany ? null : match.getMatch(name);
  const nodes = isMany ? match.getMultipleMatches(name) : one === null ? [] : [one];
  const [first, last] = [nodes[0], nodes.at(-1)];
  if (first === undefined || last === undefined) return NOTHING;
  const hasComma = isMany && last.text() === ',';
  return {
    kinds: nodes.map((node) => String(node.kind())),
    start: first.range().start.index,
    end: last.range().end.index,
    endBeforeComma: hasComma ? nodes.at(-2)?.range().end.index : undefined,
  };
}

const NOTHING: Capture = { kinds: [], start: 0, end: 0, endBeforeComma: undefined };

/** Whether a variable stands for nothing. */
export const isEmpty = (capture: Capture | undefined): boolean =>
  capture === undefined || capture.start === capture.end;

/** The match cut into captures and the leaves outside of them, in order. */
function unitsOf(node: CodeNode, text: string, captures: readonly Capture[]): readonly Unit[] {
  const held = captures.flatMap((capture, slot) =>
    isEmpty(capture) ? [] : [{ kind: '', text: '', start: capture.start, end: capture.end, slot }],
  );
  const leaves = leavesOf(node, text, held).map((leaf) => ({ ...leaf, slot: undefined }));
  return [...held, ...leaves].sort((a, b) => a.start - b.start);
}

const isUnitOf = (part: PatternPart, unit: Unit | undefined): boolean =>
  part.type === 'variable'
    ? unit?.slot === part.slot
    : unit !== undefined && unit.slot === undefined && unit.text === part.text;

function extraAt(units: readonly Unit[], at: number, after: number): Extra {
  const { kind, text, start, end } = units[at] as Unit;
  const next = units[at + 1];
  const isLast = next === undefined || (next.slot === undefined && CLOSERS.has(next.text));
  return { kind, text, start, end, after, isSeparator: isLast && (text === ',' || text === ';') };
}

/** Equal names stand for equal code; blanks do not count. */
function agrees({ slots }: Pattern, captures: readonly Capture[], read: () => Leaf[]): boolean {
  const doubles = slots.flatMap(({ first }, slot) => (first === slot ? [] : [[first, slot]]));
  if (doubles.length === 0) return true;
  const leaves = read();
  const codeOf = (slot: number): string => {
    const { start, end } = captures[slot] ?? NOTHING;
    const inside = leaves.filter((leaf) => start <= leaf.start && leaf.end <= end);
    return JSON.stringify(inside.map(({ text }) => text));
  };
  return doubles.every(([first = 0, slot = 0]) => codeOf(first) === codeOf(slot));
}
