/** Collects a text piece by piece and knows the indentation of the line that it has come to. */

/** A text that grows at its end. */
export interface TextWriter {
  readonly write: (piece: string) => void;
  /** How long the text is, in UTF-16 units. */
  readonly length: () => number;
  /** The blanks that the last line begins with. */
  readonly indent: () => string;
  readonly text: () => string;
}

/** A writer with an empty text. */
export function createWriter(): TextWriter {
  const pieces: string[] = [];
  let length = 0;
  let blanks = '';
  let isBlank = true;
  return {
    write: (piece) => {
      pieces.push(piece);
      length += piece.length;
      const lineBreak = piece.lastIndexOf('\n');
      if (lineBreak >= 0) [blanks, isBlank] = ['', true];
      if (!isBlank) return;
      const line = piece.slice(lineBreak + 1);
      const leading = leadingBlanks(line);
      blanks += leading;
      isBlank = leading.length === line.length;
    },
    length: () => length,
    indent: () => blanks,
    text: () => pieces.join(''),
  };
}

/** The blanks at the start of a text that has no line break before its first word. */
export const leadingBlanks = (text: string): string => /^[ \t]*/u.exec(text)?.[0] ?? '';

/** The blanks that the line of `offset` begins with. */
export function indentAt(text: string, offset: number): string {
  // -1 would count from the end
  const lineBreak = offset === 0 ? -1 : text.lastIndexOf('\n', offset - 1);
  return leadingBlanks(text.slice(lineBreak + 1, offset));
}
