// A cart: a list of lines that is never changed, only replaced.
import { total } from '@orders/pricing';
import type { Line } from '@orders/pricing';

/** What a customer has chosen so far. */
export type Cart = readonly Line[];

/** The cart with one line more; pieces of the same article are put together. */
export function addLine(cart: Cart, line: Line): Cart {
  const known = cart.find(({ article }) => article === line.article);
  if (known === undefined) return [...cart, line];
  const together = { ...known, quantity: known.quantity + line.quantity };
  return cart.map((other) => (other === known ? together : other));
}

/** Whether the cart is worth enough to be sent for free. */
export function isSentForFree(cart: Cart, limitCents: number): boolean {
  return total(cart) >= limitCents;
}
