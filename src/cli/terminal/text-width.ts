/**
 * How many columns a text takes on a terminal, and texts cut to a number of columns. Where terminals
 * differ (emoji, ambiguous signs) the larger width is taken: a line may end early, never too late.
 */

/** Escape sequences that paint (`ESC [ ... m`): they take no column. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const PAINT = /\u001b\[[\d;]*m/u;

/** Signs that take no column of their own: marks on the one before, and format characters. */
const NO_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}\u1160-\u11ff]$/u;

/** Ranges of Unicode's East Asian Width W and F, and emoji; merged where what lies between is rare. */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x231a, 0x231b],
  [0x2329, 0x232a],
  [0x23e9, 0x23f3],
  [0x25fd, 0x25fe],
  [0x2600, 0x27bf],
  [0x2b1b, 0x2b1c],
  [0x2b50, 0x2b55],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xa960, 0xa97c],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18aff],
  [0x1aff0, 0x1b2ff],
  [0x1d300, 0x1d376],
  [0x1f000, 0x1faff],
  [0x20000, 0x3fffd],
];

function signWidth(sign: string): number {
  const code = sign.codePointAt(0) ?? 0;
  if (code < 0x7f) return code < 0x20 ? 0 : 1;
  // Asks for the picture instead of the letter, which is one column wider.
  if (sign === '\ufe0f') return 1;
  if (NO_WIDTH.test(sign)) return 0;
  return WIDE.some(([first, last]) => code >= first && code <= last) ? 2 : 1;
}

/** The text in pieces: painting sequences and single signs. */
function* pieces(text: string): Generator<{ readonly piece: string; readonly width: number }> {
  const paint = new RegExp(PAINT, 'guy');
  let at = 0;
  while (at < text.length) {
    paint.lastIndex = at;
    const painting = paint.exec(text)?.[0];
    const piece = painting ?? String.fromCodePoint(text.codePointAt(at) ?? 0);
    yield { piece, width: painting === undefined ? signWidth(piece) : 0 };
    at += piece.length;
  }
}

/** The columns of a text without line ends. */
export function textWidth(text: string): number {
  let width = 0;
  for (const piece of pieces(text)) width += piece.width;
  return width;
}

/**
 * The text in at most `columns` columns; what was cut ends in `...` when there is room for it.
 * Painting sequences stay, so that what was switched on is switched off again.
 */
export function cutText(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text;
  const mark = columns > 6 ? '...' : '';
  let room = columns - mark.length;
  let isFull = false;
  let cut = '';
  for (const { piece, width } of pieces(text)) {
    if (piece.startsWith('\u001b')) cut += piece;
    if (piece.startsWith('\u001b') || isFull) continue;
    if (width > room) {
      isFull = true;
      cut += mark;
      continue;
    }
    room -= width;
    cut += piece;
  }
  return cut;
}

/** The text in exactly `columns` columns: cut, or filled with spaces at its end. */
export function fitText(text: string, columns: number): string {
  const cut = cutText(text, columns);
  return cut + ' '.repeat(Math.max(0, columns - textWidth(cut)));
}
