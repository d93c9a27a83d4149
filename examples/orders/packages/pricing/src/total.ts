// What the lines of an order cost together.

/** So many pieces of one article, each at a price in cents. */
export interface Line {
  readonly article: string;
  readonly quantity: number;
  readonly cents: number;
}

/** The total of all lines, in cents. */
export function total(lines: readonly Line[]): number {
  return lines.reduce((sum, line) => sum + line.quantity * line.cents, 0);
}
