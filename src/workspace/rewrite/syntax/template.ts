/**
 * A replacement made ready for one pattern and language: its parts, and what stands between them.
 * Where two neighbours are neighbours in the pattern too, with the same between them, the text of the
 * source is kept there: line breaks, comments and trailing commas stay as they were.
 */
import { codeNode, leavesOf } from './code-tree.ts';
import { parseCode, VARIABLE_LETTER } from './load-parser.ts';
import type { Pattern } from './pattern.ts';
import { placeholder, renameVariables, replacementVariables } from './variables.ts';

/** A part of a replacement; an `isEmbedded` variable stands inside a name or a string. */
export type TemplatePart =
  | { readonly type: 'code'; readonly text: string }
  | { readonly type: 'variable'; readonly slot: number; readonly isEmbedded: boolean };

/** What stands before a part: a text, or what the source has after a part of the pattern. */
export interface Gap {
  readonly text: string;
  readonly keptAfter: number | undefined;
}

/** A replacement for one pattern. `gaps[n]` stands before `parts[n]`; the first one is empty. */
export interface Template {
  readonly parts: readonly TemplatePart[];
  readonly gaps: readonly Gap[];
}

/** Reads a replacement; undefined when it uses a variable that is none in this language. */
export async function compileTemplate(
  pattern: Pattern,
  replacement: string,
): Promise<Template | undefined> {
  const { language, slots } = pattern;
  const letter = VARIABLE_LETTER[language];
  const bound = new Set(pattern.parts.map((part) => (part.type === 'variable' ? part.slot : -1)));
  const variables = replacementVariables(replacement);
  const slotFor = (name: string | null): number => slots.findIndex((slot) => slot.name === name);
  if (variables.some(({ name }) => !bound.has(slotFor(name)))) return undefined;
  const { text } = renameVariables(replacement, variables, ({ name, sigils }) =>
    placeholder(slotFor(name), sigils, letter),
  );
  const pieces = leavesOf(codeNode(await parseCode(language, text)), text).flatMap((leaf) =>
    splitLeaf(leaf, letter),
  );
  const parts = pieces.map(({ part }) => part);
  const texts = pieces.map(({ start }, index) => text.slice(pieces[index - 1]?.end ?? 0, start));
  return { parts, gaps: keepGaps(pattern, parts, texts) };
}

interface Piece {
  readonly part: TemplatePart;
  readonly start: number;
  readonly end: number;
}

/** A leaf that holds variables in the middle of other text becomes several parts. */
function splitLeaf(
  leaf: { readonly text: string; readonly start: number },
  letter: string,
): Piece[] {
  const form = new RegExp(`[${letter}]{1,3}SKEIN(\\d+)_`, 'gu');
  const pieces: Piece[] = [];
  let from = 0;
  const add = (part: TemplatePart, start: number, end: number): void => {
    pieces.push({ part, start: leaf.start + start, end: leaf.start + end });
  };
  const addCode = (end: number): void => {
    if (end > from) add({ type: 'code', text: leaf.text.slice(from, end) }, from, end);
  };
  for (const match of leaf.text.matchAll(form)) {
    addCode(match.index);
    from = match.index + match[0].length;
    const isEmbedded = match[0] !== leaf.text;
    add({ type: 'variable', slot: Number(match[1]), isEmbedded }, match.index, from);
  }
  addCode(leaf.text.length);
  return pieces;
}

function keepGaps(
  { parts, gaps, slots }: Pattern,
  template: readonly TemplatePart[],
  texts: readonly string[],
): readonly Gap[] {
  const names = parts.map((part) =>
    part.type === 'code' ? part.text : `$${slots[part.slot]?.first}`,
  );
  let cursor = 0;
  return texts.map((text, index) => {
    const [left, right] = [nameOf(template[index - 1]), nameOf(template[index])];
    if (left === undefined || right === undefined) return { text, keptAfter: undefined };
    const fits = (at: number): boolean =>
      names[at] === left && names[at + 1] === right && gaps[at] === text;
    const places = gaps.keys().filter(fits).toArray();
    const keptAfter = places.find((at) => at >= cursor) ?? places[0];
    cursor = keptAfter === undefined ? cursor : keptAfter + 1;
    return { text, keptAfter };
  });
}

function nameOf(part: TemplatePart | undefined): string | undefined {
  if (part?.type === 'code') return part.text;
  return part === undefined || part.isEmbedded ? undefined : `$${part.slot}`;
}
