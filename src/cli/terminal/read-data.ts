/** Reads what a node answers, for people: nothing in it may steer their terminal. */

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Parses JSON; control characters in strings (but tab and newline) come out as `\xNN` or `\uNNNN`.
 * Names, comments and outputs of a repository could otherwise clear the screen or hide a line.
 */
export const readData = (text: string): unknown =>
  JSON.parse(text, (_key, value: unknown) =>
    typeof value === 'string' ? value.replaceAll(CONTROL, visible) : value,
  );

function visible(character: string): string {
  const code = character.charCodeAt(0);
  const hex = code.toString(16);
  return code < 256 ? `\\x${hex.padStart(2, '0')}` : `\\u${hex.padStart(4, '0')}`;
}
