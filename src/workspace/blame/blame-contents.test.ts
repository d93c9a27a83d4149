/** Of several contents of a file, the one that brought a line in is found, and those before it. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, it } from 'node:test';
import { blameContents } from './blame-contents.ts';

const stepsOf = async (texts: readonly string[], line: number): Promise<readonly string[]> => {
  const steps = await blameContents(
    texts.map((text) => Buffer.from(text)),
    line,
  );
  return steps.map(({ step, line: at, hunk }) => `${step}:${at} ${hunk?.oldLines.join('') ?? '-'}`);
};

describe('the contents that made a line', () => {
  it('are found back to the first one', async () => {
    const texts = ['a\nb\nc\n', 'a\nB\nc\n', 'x\na\nB B\nc\n', 'x\na\nB B\nc\n'];
    assert.deepEqual(await stepsOf(texts, 3), ['2:3 B\n', '1:2 b\n', '0:2 -']);
    assert.deepEqual(await stepsOf(texts, 4), ['0:3 -']);
    assert.deepEqual(await stepsOf(texts, 1), ['2:1 '], 'a new line replaced nothing');
  });

  it('may be one, empty before, without a last line end, or no UTF-8', async () => {
    assert.deepEqual(await stepsOf(['a\n'], 1), ['0:1 -']);
    assert.deepEqual(await stepsOf(['', 'a'], 1), ['1:1 ']);
    const bytes = [Buffer.from([0xe9, 10]), Buffer.from([0xe8, 10])];
    assert.deepEqual(
      (await blameContents(bytes, 1)).map(({ step, hunk }) => [step, hunk]),
      [[1, undefined]],
    );
  });

  it('leave nothing behind', async () => {
    const left = (): number =>
      readdirSync(tmpdir()).filter((name) => name.startsWith('skein-blame-')).length;
    const before = left();
    await stepsOf(['a\n', 'b\n'], 1);
    await assert.rejects(blameContents([Buffer.from('a\n')], 7));
    assert.ok(left() <= before);
  });
});
