import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPrice, total } from '../src/index.ts';

test('total adds up every piece of every line', () => {
  const lines = [
    { article: 'tea', quantity: 2, cents: 450 },
    { article: 'pot', quantity: 1, cents: 2900 },
  ];
  assert.equal(total(lines), 3800);
  assert.equal(total([]), 0);
});

test('formatPrice writes two digits of cents', () => {
  assert.equal(formatPrice(3800), '38.00 EUR');
  assert.equal(formatPrice(5), '0.05 EUR');
});
