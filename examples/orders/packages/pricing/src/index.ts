// What the other packages may use of this one.
export { formatPrice } from './format-price.ts';
export { total } from './total.ts';
export type { Line } from './total.ts';
