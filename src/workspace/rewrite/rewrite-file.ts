/** Rewrites the text of one file: find, compose, check, and try again until nothing is misread. */
import { isCodePath, parseSource } from '#workspace/language/syntax/parse-source.ts';
import {
  alignMatch,
  type AlignedMatch,
  type Extra,
} from '#workspace/rewrite/syntax/align-match.ts';
import { codeNode } from '#workspace/rewrite/syntax/code-tree.ts';
import { composeText, type ComposedText, placeKey } from './compose-text.ts';
import { findMisread, isCompound } from './check-structure.ts';
import { parseCode, type ParserNode } from '#workspace/rewrite/syntax/load-parser.ts';
import { findMatches, type Pattern } from '#workspace/rewrite/syntax/pattern.ts';
import type { Template } from '#workspace/rewrite/syntax/template.ts';

/** Each attempt settles at least one place; after so many the whole file is left alone. */
const MAX_ATTEMPTS = 100;

/** A pattern and its replacement, ready for one language. */
export interface Rewriter {
  readonly pattern: Pattern;
  readonly template: Template;
}

/** A match that stays, and why; `offset` is into the text. */
export interface LeftPlace {
  readonly offset: number;
  readonly reason: string;
}

/** What became of a text; `replaced` are the offsets of what was replaced, ascending. */
export interface RewrittenText {
  readonly text: string;
  readonly replaced: readonly number[];
  readonly left: readonly LeftPlace[];
  /** How many places of the new text the pattern matches again. */
  readonly again: number;
}

/** Rewrites `text`; of `path` only the kind of file is used. */
export async function rewriteText(
  rewriter: Rewriter,
  path: string,
  text: string,
): Promise<RewrittenText> {
  const { language } = rewriter.pattern;
  const root = await parseCode(language, text);
  const { matches, left } = findPlaces(rewriter, root, text);
  const choices: Choices = { excluded: new Map(), wrapped: new Set() };
  const composition = { text, tree: codeNode(root), template: rewriter.template, matches };
  const before = syntaxErrors(path, text, root).length;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const composed = composeText({ ...composition, ...choices });
    const after = await parseCode(language, composed.text);
    const errors = syntaxErrors(path, composed.text, after);
    if (errors.length > before) settleErrors(errors, composed, choices);
    else {
      const misread = isCodePath(path) ? findMisread(codeNode(after), composed) : [];
      if (misread.length === 0) {
        const again = findPlaces(rewriter, after, composed.text).matches.length;
        return outcomeOf({ matches, left, again }, composed, choices);
      }
      for (const place of misread) {
        if (choices.wrapped.has(placeKey(place))) choices.excluded.set(place.match, MISREAD);
        else choices.wrapped.add(placeKey(place));
      }
    }
  }
  const reason = 'too many places of this file do not fit';
  const stays = matches.map(({ start }) => ({ offset: start, reason }));
  return { text, replaced: [], left: [...left, ...stays], again: 0 };
}

const MISREAD = 'what is put in would be read as part of what stands around it';

/** What the attempts so far have found out: which matches stay, what needs parentheses. */
interface Choices {
  readonly excluded: Map<number, string>;
  readonly wrapped: Set<string>;
}

interface Places {
  /** Those that can be replaced, an outer one before those inside it. */
  readonly matches: readonly AlignedMatch[];
  /** Those that hold more than the pattern says. */
  readonly left: readonly LeftPlace[];
}

function findPlaces({ pattern, template }: Rewriter, root: ParserNode, text: string): Places {
  const kept = new Set(template.gaps.map(({ keptAfter }) => keptAfter));
  const matches: AlignedMatch[] = [];
  const left: LeftPlace[] = [];
  for (const node of findMatches(root, pattern.query)) {
    const match = alignMatch(node, pattern, text);
    if (match === undefined) continue;
    const lost = match.extras.find(({ after, isSeparator }) => !isSeparator && !kept.has(after));
    if (lost === undefined) matches.push(match);
    else left.push({ offset: match.start, reason: lossOf(lost, match, text) });
  }
  return { matches: matches.sort((a, b) => a.start - b.start || b.end - a.end), left };
}

function lossOf(lost: Extra, { extras }: AlignedMatch, text: string): string {
  if (lost.kind === 'comment') return 'a comment in it would be lost';
  const end = extras.findLast(
    ({ after, isSeparator }) => after === lost.after && !isSeparator,
  )?.end;
  return `it also has ${JSON.stringify(text.slice(lost.start, end).slice(0, 40))}`;
}

function outcomeOf(
  { matches, left, again }: Places & { readonly again: number },
  { text, placed }: ComposedText,
  { excluded }: Choices,
): RewrittenText {
  const startOf = (match: number): number => matches[match]?.start ?? 0;
  const replaced = new Set(placed.flatMap(({ part, match }) => (part === null ? [match] : [])));
  const stays = [...excluded].map(([match, reason]) => ({ offset: startOf(match), reason }));
  return {
    text,
    replaced: [...replaced].map(startOf).sort((a, b) => a - b),
    left: [...left, ...stays].sort((a, b) => a.offset - b.offset),
    again: Math.max(0, again - stays.length),
  };
}

interface SyntaxProblem {
  readonly offsets: readonly number[];
  readonly message: string;
}

/** Syntax errors as the guardrail counts them; of other languages what their parser says. */
function syntaxErrors(path: string, text: string, root: ParserNode): readonly SyntaxProblem[] {
  if (!isCodePath(path)) {
    const wrong = root.findAll({ rule: { kind: 'ERROR' } });
    return wrong.map((node) => ({ offsets: [node.range().start.index], message: 'syntax error' }));
  }
  return parseSource(path, text, true).errors.map(({ message, labels }) => ({
    message,
    offsets: labels.map(({ start }) => start),
  }));
}

/** Parentheses may help where an error is; else what is there stays, and if it is nowhere, all. */
function settleErrors(
  errors: readonly SyntaxProblem[],
  { placed }: ComposedText,
  { excluded, wrapped }: Choices,
): void {
  const wholes = placed.filter(({ part }) => part === null);
  const blamed = new Map<number, string>();
  for (const { offsets, message } of errors) {
    const near = wholes.find(({ start, end }) =>
      offsets.some((offset) => start <= offset && offset <= end),
    );
    for (const { match } of near === undefined ? wholes : [near]) {
      const isWrapped = wrapped.has(placeKey({ match, part: null }));
      blamed.set(match, isWrapped ? MISREAD : `the file would not parse: ${message}`);
    }
  }
  for (const [match, reason] of blamed) {
    const loose = placed.filter(
      (place) => place.match === match && isCompound(place) && !wrapped.has(placeKey(place)),
    );
    for (const place of loose) wrapped.add(placeKey(place));
    if (loose.length === 0) excluded.set(match, reason);
  }
}
