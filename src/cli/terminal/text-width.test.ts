/** Columns of texts, with signs that are wide, that take none, and with paint. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cutText, fitText, textWidth } from './text-width.ts';

const RED = '\u001b[31m';
const BACK = '\u001b[39m';

describe('the width of a text', () => {
  const cases: readonly (readonly [string, number])[] = [
    ['', 0],
    ['src/a.ts', 8],
    ['Grüße', 5],
    ['Gru\u0308ße', 5],
    ['世界', 4],
    ['한글', 4],
    ['ｆｕｌｌ', 8],
    ['🪿', 2],
    ['zero\u200bwidth', 9],
    ['ﾊﾝｶｸ', 4],
    [`${RED}red${BACK}`, 3],
    ['\u001b[1mbold\u001b[22m 世', 7],
  ];
  for (const [text, width] of cases) {
    it(`of ${JSON.stringify(text)} is ${width}`, () => assert.equal(textWidth(text), width));
  }

  it('is never too small for what is drawn as a picture of two columns', () => {
    for (const picture of ['ℹ\ufe0f', '❤\ufe0f', '👩\u200d🚀', '🇪🇺', '1\ufe0f\u20e3']) {
      assert.ok(textWidth(picture) >= 2, picture);
    }
  });
});

describe('a text that is cut', () => {
  it('stays as it is when it fits', () => {
    assert.equal(cutText('12345678', 8), '12345678');
    assert.equal(cutText('世界', 4), '世界');
  });

  it('ends in dots, and never takes more columns than it may', () => {
    assert.equal(cutText('a long line of text', 10), 'a long ...');
    for (const text of [
      'a long line of text',
      '世界世界世界世界',
      'x世x世x世x世',
      '🪿🪿🪿🪿🪿🪿🪿',
    ]) {
      for (let columns = 0; columns <= 20; columns += 1) {
        const width = textWidth(cutText(text, columns));
        assert.ok(width <= columns, `${text} at ${columns}: ${width}`);
        // Only a wide sign that no longer fits may leave its place empty.
        assert.ok(
          width >= Math.min(columns, textWidth(text)) - 1,
          `${text} at ${columns}: ${width}`,
        );
      }
    }
  });

  it('never ends in the middle of a sign', () => {
    for (let columns = 0; columns <= 20; columns += 1) {
      assert.ok(cutText('🪿🪿🪿🪿🪿🪿🪿', columns).isWellFormed());
    }
  });

  it('keeps its paint, and ends it', () => {
    assert.equal(cutText(`${RED}a long red line${BACK} and more`, 10), `${RED}a long ...${BACK}`);
  });
});

describe('a text that is fitted', () => {
  it('takes exactly its columns', () => {
    assert.equal(fitText('ab', 4), 'ab  ');
    assert.equal(fitText('世界世界', 7), '世界...');
    for (let columns = 0; columns <= 20; columns += 1) {
      assert.equal(textWidth(fitText(`${RED}世界 is the world${BACK}`, columns)), columns);
    }
  });
});
