// Prints what was sold on a day. Run it with "npm run report".
import { formatPrice, total } from '@orders/pricing';
import type { Line } from '@orders/pricing';

const postageCents = 490;
const orders: readonly Line[][] = [
  [{ article: 'tea', quantity: 14, cents: 450 }],
  [{ article: 'pot', quantity: 3, cents: 2900 }],
];

// What a customer pays for an order, postage included.
const orderTotal = (lines: readonly Line[]): number => total(lines) + postageCents;

for (const lines of orders) {
  const pieces = lines.map(({ article, quantity }) => `${quantity} x ${article}`);
  console.log(`${pieces.join(', ')}: ${formatPrice(orderTotal(lines))}`);
}
console.log(`total: ${formatPrice(total(orders.flat()))}`);
