/** Output is kept as head and tail, in bounded memory, however it comes. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OutputKeeper } from './kept-output.ts';

function keep(limit: number, text: string, size: number): string {
  const keeper = new OutputKeeper(limit);
  for (let at = 0; at < text.length; at += size) keeper.add(Buffer.from(text.slice(at, at + size)));
  const kept = keeper.keep();
  assert.equal(kept.totalBytes, text.length);
  return kept.text;
}

describe('kept output', () => {
  it('is all of it up to the limit', () => {
    for (const size of [1, 3, 100]) {
      assert.equal(keep(10, '0123456789', size), '0123456789');
      assert.equal(keep(10, '', size), '');
    }
  });

  it('is head and tail of more, and says how much is missing', () => {
    const text = `head ${'x'.repeat(1000)} tail`;
    for (const size of [1, 7, 2000]) {
      assert.equal(keep(10, text, size), `head \n[1000 bytes here are not kept]\n tail`);
    }
  });

  it('is the same in pieces of a byte as in one, far beyond the limit', () => {
    const text = Array.from({ length: 5000 }, (_, index) => String(index)).join(' ');
    assert.equal(keep(1001, text, 1), keep(1001, text, text.length));
    assert.match(keep(1001, text, 3), /^0 1 2 [^]* 4998 4999$/);
  });
});
