// How an amount is written.

/** An amount of cents as a customer reads it, such as "12.50 EUR". */
export function formatPrice(cents: number): string {
  return `${(cents / 100).toFixed(2)} EUR`;
}
