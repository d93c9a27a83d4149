/** Files of the base are what the git commit holds, whatever is in the worktree. */
import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { tempRepository } from '#workspace/fixtures/temp-repository.ts';
import { openRepository } from '#workspace/git/open-repository.ts';
import { readBaseFiles } from './base-files.ts';

describe('files of the base', () => {
  it('are read as they were committed, and what is no file there is left out', async () => {
    const temp = tempRepository({});
    const bytes = Buffer.from([0, 10, 255, 10]);
    temp.write('a.txt', 'one\n');
    temp.write('b/ü .txt', bytes);
    temp.write('empty', '');
    temp.write('run.sh', 'true', 0o755);
    symlinkSync('a.txt', join(temp.top, 'link'));
    temp.commit();
    temp.write('a.txt', 'changed\n');
    const repository = await openRepository(temp.top);
    const paths = ['a.txt', 'b/ü .txt', 'empty', 'run.sh', 'link', 'missing', '*'];
    const found = await readBaseFiles(repository, repository.head, paths);
    assert.deepEqual(Object.fromEntries(found), {
      'a.txt': Buffer.from('one\n'),
      'b/ü .txt': bytes,
      empty: Buffer.alloc(0),
      'run.sh': Buffer.from('true'),
    });
    assert.equal((await readBaseFiles(repository, repository.head, [])).size, 0);
  });

  it('are read in several goes when they are many', async () => {
    const paths = Array.from({ length: 1201 }, (_, at) => `${at}.txt`);
    const temp = tempRepository(Object.fromEntries(paths.map((path) => [path, `${path}\n`])));
    const repository = await openRepository(temp.top);
    const found = await readBaseFiles(repository, repository.head, paths);
    assert.equal(found.size, paths.length);
    for (const [path, content] of found) assert.equal(String(content), `${path}\n`);
  });
});
