// Prints what was sold on a day. Run it with "npm run report".
import { formatPrice, total } from '@orders/pricing';

const sold = [
  { article: 'tea', quantity: 14, cents: 450 },
  { article: 'pot', quantity: 3, cents: 2900 },
];

for (const line of sold) console.log(`${line.article}: ${formatPrice(total([line]))}`);
console.log(`total: ${formatPrice(total(sold))}`);
