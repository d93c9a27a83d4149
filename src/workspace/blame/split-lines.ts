/** Cuts a text into lines as git counts them. */

/** The lines with their ends; only the last one may have none. An empty text has no lines. */
export const splitLines = (text: string): readonly string[] =>
  text.match(/[^\n]*\n|[^\n]+$/gu) ?? [];
