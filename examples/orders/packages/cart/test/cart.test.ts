import assert from 'node:assert/strict';
import { test } from 'node:test';
import { total } from '@orders/pricing';
import { addLine, isSentForFree } from '../src/cart.ts';

const tea = { article: 'tea', quantity: 1, cents: 450 };

test('pieces of the same article are put together', () => {
  const cart = addLine(addLine([], tea), { ...tea, quantity: 2 });
  assert.equal(cart.length, 1);
  assert.equal(total(cart), 1350);
});

test('a cart is sent for free from the limit on', () => {
  assert.equal(isSentForFree([tea], 450), true);
  assert.equal(isSentForFree([tea], 451), false);
});
