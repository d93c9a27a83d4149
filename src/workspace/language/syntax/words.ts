/**
 * Words and lines of a text. A word is an identifier of ECMAScript (with `$`), so that `a` is not
 * found inside `data` or `a$`. Pure.
 */
import type { Position } from '#workspace/language/language.ts';

const PART = /[$\u200c\u200d\p{ID_Continue}]/u;
const NAME = /^[$_\p{ID_Start}][$\u200c\u200d\p{ID_Continue}]*$/u;
const PREVIEW_LIMIT = 160;

/** Whether a text is an identifier name (reserved words included). */
export const isIdentifierName = (text: string): boolean => NAME.test(text);

/** The offsets at which `word` stands alone. */
export function findWords(text: string, word: string): readonly number[] {
  const found: number[] = [];
  for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + word.length)) {
    if (!isPartBefore(text, at) && !isPartAt(text, at + word.length)) found.push(at);
  }
  return found;
}

function isPartAt(text: string, offset: number): boolean {
  const code = text.codePointAt(offset);
  return code !== undefined && PART.test(String.fromCodePoint(code));
}

function isPartBefore(text: string, offset: number): boolean {
  if (offset === 0) return false;
  const unit = text.charCodeAt(offset - 1);
  const isLowSurrogate = unit >= 0xdc_00 && unit <= 0xdf_ff;
  return isPartAt(text, isLowSurrogate && offset > 1 ? offset - 2 : offset - 1);
}

/** Converts between offsets and positions of one text. */
export interface LineIndex {
  positionAt(offset: number): Position;
  offsetAt(position: Position): number;
  /** The trimmed line around an offset, cut to 160 characters. */
  previewAt(offset: number): string;
}

/** The lines of a text; `\r\n`, `\n`, `\r`, U+2028 and U+2029 end a line, as for the compilers. */
export function indexLines(text: string): LineIndex {
  const starts = [0];
  for (const match of text.matchAll(/\r\n|[\n\r\u2028\u2029]/g)) {
    starts.push(match.index + match[0].length);
  }
  const lineOf = (offset: number): number => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  };
  return {
    positionAt: (offset) => {
      const line = lineOf(offset);
      return { line, character: offset - (starts[line] ?? 0) };
    },
    offsetAt: (position) => (starts[position.line] ?? text.length) + position.character,
    previewAt: (offset) => {
      const line = lineOf(offset);
      const whole = text.slice(starts[line], starts[line + 1] ?? text.length);
      return whole.trim().slice(0, PREVIEW_LIMIT);
    },
  };
}
