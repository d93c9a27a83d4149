// The tax that is already in the price.
import type { Line } from '@orders/pricing';

/** The tax in an order, in cents, rounded for each line as the law has it. */
export function taxOf(lines: readonly Line[], percent: number): number {
  let total = 0;
  for (const { quantity, cents } of lines) {
    const gross = quantity * cents;
    total += Math.round(gross - gross / (1 + percent / 100));
  }
  return total;
}
