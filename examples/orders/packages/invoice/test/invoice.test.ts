import assert from 'node:assert/strict';
import { test } from 'node:test';
import { total } from '@orders/pricing';
import { usual, writeInvoice } from '../src/invoice.ts';

const cart = [
  { article: 'tea', quantity: 2, cents: 450 },
  { article: 'pot', quantity: 1, cents: 2900 },
];

test('an invoice names each line, the total and the tax in it', () => {
  assert.deepEqual(writeInvoice(cart), [
    '2 x tea: 9.00 EUR',
    '1 x pot: 29.00 EUR',
    'total: 38.00 EUR',
    'tax in it: 6.07 EUR',
  ]);
});

test('a country may bring its own arithmetic', () => {
  assert.equal(usual.total(cart), total(cart));
  const free = { ...usual, tax: () => 0 };
  assert.equal(writeInvoice(cart, free).at(-1), 'tax in it: 0.00 EUR');
});
