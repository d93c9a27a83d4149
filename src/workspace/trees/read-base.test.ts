/** Base contents come byte for byte, and what is no file of the commit is left out. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tempRepository } from '#workspace/fixtures/temp-repository.ts';
import { readBase } from './read-base.ts';

describe('readBase', () => {
  it('answers the bytes of the commit, not those of the worktree', async () => {
    const binary = Buffer.from([0, 10, 255, 10, 10, 0]);
    const files = { 'a.txt': 'one\n', 'in a folder/b b.bin': binary, 'empty.txt': '' };
    const repository = tempRepository(files);
    const base = repository.git('rev-parse', 'HEAD').trim();
    repository.write('a.txt', 'another\n');
    const found = await readBase(repository.top, base, [...Object.keys(files), 'gone.txt']);
    assert.deepEqual([...found.keys()], Object.keys(files));
    assert.equal(found.get('a.txt')?.toString(), 'one\n');
    assert.deepEqual(found.get('in a folder/b b.bin'), binary);
    assert.equal(found.get('empty.txt')?.length, 0);
  });

  it('leaves out folders, and paths of more than one line', async () => {
    const repository = tempRepository({ 'folder/a.txt': 'one\n', 'b.txt': 'two\n' });
    const asked = ['folder', 'x\ny', 'not there', 'blob 1', 'b.txt'];
    const found = await readBase(repository.top, 'HEAD', asked);
    assert.deepEqual([...found.keys()], ['b.txt']);
  });
});
