/** Files that can't be in one folder are the asker's mistake, and leave nothing. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { COMMAND_LIMITS } from '#sandbox/limits.ts';
import { makeCommandFolder } from './command-folder.ts';

const parent = mkdtempSync(join(tmpdir(), 'skein-folder-'));
after(() => rmSync(parent, { recursive: true }));

const make = (...paths: string[]) => {
  const files = paths.map((path) => ({ path, content: Buffer.from(path) }));
  return makeCommandFolder(parent, files, COMMAND_LIMITS);
};

describe('the folder of a command', () => {
  it('is refused and removed when one file lies where another has its folder', async () => {
    for (const paths of [
      ['a', 'a/b'],
      ['a/b', 'a'],
      ['a', 'a/b/c'],
    ]) {
      assert.throws(() => make(...paths), { name: 'usage' });
      assert.deepEqual(readdirSync(parent), []);
    }
    const folder = make('a/b', 'a/c');
    assert.deepEqual(readdirSync(join(folder.path, 'a')), ['b', 'c']);
    await folder.remove();
    assert.deepEqual(readdirSync(parent), []);
  });
});
