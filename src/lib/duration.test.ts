/** Durations read as they are meant, and nothing else is one. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { parseDuration } from './duration.ts';

it('a duration is a number and a unit', () => {
  const read = ['500ms', '30s', '5m', '2h', ' 7d '].map(parseDuration);
  assert.deepEqual(read, [500, 30_000, 300_000, 7_200_000, 604_800_000]);
});

it('anything else is none', () => {
  for (const word of ['', '5', 's', '-1s', '1.5h', '1 h', '1h30m', '1w', '9999999999s']) {
    assert.equal(parseDuration(word), undefined, word);
  }
});
