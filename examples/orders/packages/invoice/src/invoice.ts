// What a customer gets to read.
import type { Cart } from '@orders/cart';
import { formatPrice, total } from '@orders/pricing';
import { taxOf } from './tax.ts';

/** How an invoice is worked out; a country may bring its own way. */
export interface Arithmetic {
  readonly total: (cart: Cart) => number;
  readonly tax: (cart: Cart) => number;
}

/** The usual way: total of the lines, 19 percent of tax in it. */
export const usual: Arithmetic = { total, tax: (cart) => taxOf(cart, 19) };

/** The invoice as lines of text. */
export function writeInvoice(cart: Cart, arithmetic: Arithmetic = usual): string[] {
  const rows = cart.map(({ article, quantity, cents }) => [
    `${quantity} x ${article}`,
    formatPrice(quantity * cents),
  ]);
  rows.push(['total', formatPrice(arithmetic.total(cart))]);
  rows.push(['tax in it', formatPrice(arithmetic.tax(cart))]);
  return rows.map((row) => row.join(': '));
}
