/** What is probably meant by a word with a slip in it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nearWords } from './near-words.ts';

describe('near words', () => {
  it('are those with a slip or two, the nearest first', () => {
    assert.deepEqual(nearWords('bulider', ['tester', 'builder', 'bulider2', 'painter']), [
      'bulider2',
      'builder',
    ]);
    assert.deepEqual(nearWords('build', ['builder-with-a-long-name', 'guild']), [
      'builder-with-a-long-name',
      'guild',
    ]);
  });

  it('are none for a word that is like no other, and a short word is not like every short one', () => {
    assert.deepEqual(nearWords('zebra', ['builder', 'tester']), []);
    assert.deepEqual(nearWords('ab', ['cd', 'x']), []);
  });
});
