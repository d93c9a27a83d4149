/** What a repository says can't steer the terminal of who reads it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readData } from './read-data.ts';

test('control characters are shown, not sent', () => {
  const hostile = JSON.stringify({
    preview: '\u001b[2J\u001b[8mhidden\r\u202eback',
    lines: ['a\tb\nc'],
  });
  assert.deepEqual(readData(hostile), {
    preview: '\\x1b[2J\\x1b[8mhidden\\x0d\\u202eback',
    lines: ['a\tb\nc'],
  });
});

test('ordinary text of any language stays', () => {
  const text = 'Grüße, 世界, 👋🏽 `x` "y"';
  assert.equal(readData(JSON.stringify(text)), text);
});
