/** Prints a list: what is to be said of all of it, then its rows, for people or as JSON. */
import { style, type Style } from './style.ts';

/** Rows, and lines that stand above them for people. */
export interface Rows<T> {
  readonly head: readonly string[];
  readonly rows: readonly T[];
}

/** Each row as its lines; with `json` as one line of JSON, and nothing else. */
export function printRows<T>(
  { head, rows }: Rows<T>,
  json: boolean,
  toLines: (row: T, painted: Style) => readonly string[],
): void {
  const painted = style(process.stdout);
  const lines = json
    ? rows.map((row) => JSON.stringify(row))
    : [...head.map(painted.dim), ...rows.flatMap((row) => toLines(row, painted))];
  for (const line of lines) process.stdout.write(`${line}\n`);
}
