/** The line before a line is the one in its place, or the most similar one, and said to be that. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tempRepository } from '../fixtures/temp-repository.ts';
import { findHunk, lineBefore } from './line-hunk.ts';

const hunk = (oldLines: readonly string[], newLines: readonly string[]) => ({
  path: 'a.txt',
  oldStart: 10,
  oldLines,
  newStart: 20,
  newLines,
});

describe('the line before', () => {
  it('is the one in the same place when as many lines went as came', () => {
    const changed = hunk(['a\n', 'b\n'], ['B\n', 'A\n']);
    assert.deepEqual(lineBefore(changed, 20), { line: 10, likely: false });
    assert.deepEqual(lineBefore(changed, 21), { line: 11, likely: false });
  });

  it('is else the most similar one, and only likely', () => {
    const changed = hunk(
      ['let x = 1;\n', 'return total(cart);\n', '}\n'],
      ['return orderTotal(cart);\n'],
    );
    assert.deepEqual(lineBefore(changed, 20), { line: 11, likely: true });
  });

  it('is none for a line that was new', () => {
    assert.equal(lineBefore(hunk([], ['a\n']), 20), null);
    assert.equal(lineBefore(hunk(['x\n', 'y\n'], ['a\n']), 20), null);
  });
});

describe('the hunk of a line', () => {
  it('is found between two blobs, and between a blob and a file on the disk', async () => {
    const { top, git, write, commit } = tempRepository({ 'a.txt': 'one\ntwo\nthree\n' });
    write('a.txt', 'one\nTWO\nthree\n');
    commit();
    // A setting of the person that would change what is printed.
    git('config', 'diff.noprefix', 'true');
    git('config', 'diff.algorithm', 'patience');
    const pair = { cwd: top, from: 'HEAD~1:a.txt', to: 'HEAD:a.txt' };
    const found = await findHunk(pair, 2);
    assert.deepEqual([found?.oldLines, found?.newLines], [['two\n'], ['TWO\n']]);
    assert.equal(await findHunk(pair, 1), undefined);
    write('a.txt', 'one\nTWO\nthree\nfour\n');
    const file = { cwd: top, from: 'HEAD:a.txt', to: { file: 'a.txt' } };
    assert.deepEqual((await findHunk(file, 4))?.newLines, ['four\n']);
    assert.equal(await findHunk({ ...file, to: 'HEAD:a.txt' }, 2), undefined);
  });
});
