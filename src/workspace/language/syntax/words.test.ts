/** Whole words and positions. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findWords, indexLines, isIdentifierName } from './words.ts';

describe('words', () => {
  it('finds whole words only, with $ and letters of any script as parts', () => {
    assert.deepEqual(findWords('a aa a.a _a $a a$ äa aä 𝒳a a', 'a'), [0, 5, 7, 28]);
    assert.deepEqual(findWords('$ a$ ${$}', '$'), [0, 5, 7]);
  });

  it('knows identifier names', () => {
    for (const name of ['a', '$', '_1', 'größe', '𝒳']) assert.ok(isIdentifierName(name), name);
    for (const name of ['', '1a', 'a-b', 'a b', 'a.b']) assert.ok(!isIdentifierName(name), name);
  });

  it('counts lines as compilers do, and columns in UTF-16 units', () => {
    const text = 'one\r\ntwo\n😀x\rend';
    const lines = indexLines(text);
    for (const [offset, line, character] of [
      [0, 0, 0],
      [5, 1, 0],
      [11, 2, 2],
      [13, 3, 0],
    ] as const) {
      assert.deepEqual(lines.positionAt(offset), { line, character });
      assert.equal(lines.offsetAt({ line, character }), offset);
    }
    assert.equal(lines.previewAt(6), 'two');
  });
});
