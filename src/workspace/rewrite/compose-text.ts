/**
 * The new text of a file: every chosen match replaced, what it captured put in its place, matches in
 * there replaced as well (those of the source; what the replacement brings is not searched again).
 * Captured lines move with the line they are put on; lines inside strings stay.
 */
import { type AlignedMatch, type Capture, isEmpty } from '#workspace/rewrite/syntax/align-match.ts';
import { type CodeNode, coveringNode } from '#workspace/rewrite/syntax/code-tree.ts';
import type { Span } from './rewrite.ts';
import type { Gap, Template, TemplatePart } from '#workspace/rewrite/syntax/template.ts';
import { createWriter, indentAt, type TextWriter } from './text-writer.ts';

/** Matches inside matches are followed so deep; the ones below stay. */
const MAX_DEPTH = 200;

/** What a new text is made from; `matches` are sorted, an outer one before those inside it. */
export interface Composition {
  readonly text: string;
  readonly tree: CodeNode;
  readonly template: Template;
  readonly matches: readonly AlignedMatch[];
  /** Matches that are not replaced. */
  readonly excluded: ReadonlyMap<number, string>;
  /** Keys (`placeKey`) of what is put in parentheses. */
  readonly wrapped: ReadonlySet<string>;
}

/** Where something was put: a replacement as a whole (`part` null), or what a variable stands for. */
export interface Placed extends Span {
  readonly match: number;
  readonly part: number | null;
  /** What it was in the source. */
  readonly kinds: readonly string[];
}

/** The new text, and what was put where (without parentheses); inner ones come first. */
export interface ComposedText {
  readonly text: string;
  readonly placed: readonly Placed[];
}

/** Names a place over several attempts. */
export const placeKey = ({ match, part }: Pick<Placed, 'match' | 'part'>): string =>
  `${match}:${part ?? 'whole'}`;

/** Composes the whole file. */
export function composeText(composition: Composition): ComposedText {
  const { text } = composition;
  const writer = createWriter();
  const placed: Placed[] = [];
  const state = { ...composition, writer, placed, newline: text.includes('\r\n') ? '\r\n' : '\n' };
  writeRange(state, { start: 0, end: text.length }, SAME, 0);
  return { text: writer.text(), placed };
}

interface State extends Composition {
  readonly writer: TextWriter;
  readonly placed: Placed[];
  readonly newline: string;
}

/** Lines that began with `from` begin with `to`. */
interface Shift {
  readonly from: string;
  readonly to: string;
}

const SAME: Shift = { from: '', to: '' };

/** Source text with the matches in it replaced. */
function writeRange(state: State, range: Span, shift: Shift, depth: number): void {
  let at = range.start;
  const matches = depth > MAX_DEPTH ? [] : state.matches;
  for (let index = firstFrom(matches, at); index < matches.length; index += 1) {
    const match = matches[index] as AlignedMatch;
    if (match.start >= range.end) break;
    const end = endOf(match, state.template);
    if (state.excluded.has(index) || match.start < at || end > range.end) continue;
    writeSource(state, { start: at, end: match.start }, shift);
    writeMatch(state, index, shift, depth);
    at = end;
  }
  writeSource(state, { start: at, end: range.end }, shift);
}

function firstFrom(matches: readonly AlignedMatch[], start: number): number {
  let low = 0;
  let high = matches.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((matches[middle]?.start ?? 0) < start) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A semicolon that only the match has stays where it is, unless the replacement brings its own. */
function endOf(match: AlignedMatch, { parts }: Template): number {
  const last = parts.at(-1);
  const bringsOwn = last?.type === 'code' && last.text.endsWith(';');
  return bringsOwn ? match.end : (match.spans.at(-1)?.end ?? match.end);
}

function writeSource({ text, tree, writer }: State, { start, end }: Span, shift: Shift): void {
  if (start >= end) return;
  const source = text.slice(start, end);
  if (shift.from === shift.to) return writer.write(source);
  writer.write(
    source.replaceAll(/\n([ \t]*)/gu, (whole, blanks: string, offset: number) => {
      const line = start + offset + 1;
      if (!blanks.startsWith(shift.from) || isInsideString(tree, line)) return whole;
      return `\n${shift.to}${blanks.slice(shift.from.length)}`;
    }),
  );
}

/** Whether a line begins inside something whose blanks count. */
function isInsideString(tree: CodeNode, line: number): boolean {
  const { kind, start, children } = coveringNode(tree, { start: line, end: line + 1 });
  return start < line && children().length === 0 && kind !== 'comment' && kind !== 'jsx_text';
}

function writeMatch(state: State, index: number, shift: Shift, depth: number): void {
  const { writer } = state;
  const match = state.matches[index] as AlignedMatch;
  const frame = { match, shift, base: writer.indent() };
  const pieces = piecesOf(state.template, match);
  place(state, { match: index, part: null, kinds: [match.kind] }, () => {
    for (const [at, { part, gap, key }] of pieces.entries()) {
      writeGap(state, frame, gap);
      if (part.type === 'code') {
        writer.write(part.text);
        continue;
      }
      const capture = match.captures[part.slot] as Capture;
      const range = { start: capture.start, end: endOfCapture(capture, pieces[at + 1]?.part) };
      const write = (): void => {
        const move = { from: indentAt(state.text, range.start), to: writer.indent() };
        writeRange(state, range, move, depth + 1);
      };
      const isPlain = part.isEmbedded || isEmpty(capture);
      // a replacement that takes up all of the capture is noted by itself
      if (isPlain || isReplaced(state, range, depth + 1)) write();
      else place(state, { match: index, part: key, kinds: capture.kinds }, write);
    }
  });
}

/** Whether one match that is replaced takes up the whole range. */
function isReplaced({ matches, template, excluded }: State, range: Span, depth: number): boolean {
  if (depth > MAX_DEPTH) return false;
  for (let index = firstFrom(matches, range.start); ; index += 1) {
    const match = matches[index];
    if (match?.start !== range.start) return false;
    const end = endOf(match, template);
    if (end <= range.end && !excluded.has(index)) return end === range.end;
  }
}

/** Notes what `write` writes, and puts it in parentheses when it should have them. */
function place(state: State, what: Omit<Placed, 'start' | 'end'>, write: () => void): void {
  const { writer, placed, wrapped } = state;
  const isWrapped = wrapped.has(placeKey(what));
  if (isWrapped) writer.write('(');
  const start = writer.length();
  write();
  placed.push({ ...what, start, end: writer.length() });
  if (isWrapped) writer.write(')');
}

interface Frame {
  readonly match: AlignedMatch;
  readonly shift: Shift;
  /** The indentation of the line that the replacement begins on. */
  readonly base: string;
}

function writeGap(state: State, { match, shift, base }: Frame, gap: Gap): void {
  const { keptAfter, text } = gap;
  if (keptAfter === undefined) {
    state.writer.write(text.replaceAll(/\r?\n/gu, `${state.newline}${base}`));
    return;
  }
  const start = match.spans[keptAfter]?.end ?? 0;
  writeSource(state, { start, end: match.spans[keptAfter + 1]?.start ?? start }, shift);
}

interface Piece {
  readonly part: TemplatePart;
  readonly gap: Gap;
  /** Its place in the template. */
  readonly key: number;
}

const isComma = (part: TemplatePart | undefined): boolean =>
  part?.type === 'code' && part.text === ',';

/** The parts to write: a variable that stands for nothing takes a comma beside it along. */
function piecesOf({ parts, gaps }: Template, { captures }: AlignedMatch): readonly Piece[] {
  const pieces = parts.map((part, key): Piece => ({ part, gap: gaps[key] as Gap, key }));
  for (let at = 0; at < pieces.length; at += 1) {
    const part = pieces[at]?.part;
    if (part?.type !== 'variable' || !isEmpty(captures[part.slot])) continue;
    const comma = [at - 1, at + 1].find((index) => isComma(pieces[index]?.part));
    if (comma === undefined) continue;
    const [removed] = pieces.splice(comma, 1);
    const next = pieces[comma];
    if (next !== undefined && removed !== undefined) pieces[comma] = { ...next, gap: removed.gap };
    if (comma < at) at -= 1;
  }
  return pieces;
}

/** The comma that a run ends with goes when the replacement has one there. */
const endOfCapture = (capture: Capture, next: TemplatePart | undefined): number =>
  isComma(next) ? (capture.endBeforeComma ?? capture.end) : capture.end;
