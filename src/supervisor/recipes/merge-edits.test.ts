/** Two edits of a file as one: bytes and hashes, and the lines that a person is shown. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sha256 } from '#lib/sha256.ts';
import type { FileEdit } from '#workspace/language/language.ts';
import { changedLines, mergeEdits } from './merge-edits.ts';

const edit = (before: string, after: string, changes = 1): FileEdit => ({
  path: 'a.ts',
  baseHash: sha256(before),
  afterHash: sha256(after),
  after: Buffer.from(after),
  changes,
  lines: [1],
});

describe('two edits', () => {
  it('become one from the first base to the last content', () => {
    const merged = mergeEdits(
      Buffer.from('a\nb\n'),
      edit('a\nb\n', 'x\nb\n', 2),
      edit('x\nb\n', 'x\ny\n'),
    );
    assert.deepEqual(merged, { ...edit('a\nb\n', 'x\ny\n', 3), lines: [1, 2] });
  });

  it('that undo each other are none', () => {
    assert.equal(mergeEdits(Buffer.from('a'), edit('a', 'b'), edit('b', 'a')), undefined);
  });
});

describe('the changed lines', () => {
  const cases: readonly (readonly [string, string, readonly number[]])[] = [
    ['a\nb\nc\n', 'a\nB\nc\n', [2]],
    ['a\nb\nc\n', 'a\nc\n', [2]],
    ['a\nb\nc\n', 'a\nx\ny\nc\n', [2]],
    ['a\nb\nc\n', 'a\nb\nx\nc\n', [3]],
    ['a\nb\nc\nd\n', 'a\nx\nc\ny\nz\n', [2, 4]],
    ['', 'a\nb', [1]],
    ['a\n', 'a\n', []],
  ];
  for (const [before, after, lines] of cases) {
    it(JSON.stringify([before, after]), () => assert.deepEqual(changedLines(before, after), lines));
  }
});
