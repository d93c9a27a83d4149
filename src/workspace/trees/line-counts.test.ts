/** Lines that came and went are counted by file, binary files and modes aside. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tempRepository } from '../fixtures/temp-repository.ts';
import { countLines } from './line-counts.ts';

describe('counting changed lines', () => {
  it('counts each file by its path', async () => {
    const { top, write, commit, git } = tempRepository({
      'a.txt': 'one\ntwo\n',
      'tab\tand é.txt': 'one\n',
      'picture.bin': 'a\0b',
      'gone.txt': 'one\n',
      'run.sh': 'echo\n',
    });
    write('a.txt', 'one\nTWO\nthree\n');
    write('tab\tand é.txt', '');
    write('picture.bin', 'a\0c');
    write('run.sh', 'echo\n', 0o755);
    git('rm', '--quiet', 'gone.txt');
    commit();
    const counts = await countLines({ cwd: top, from: 'HEAD~1', to: 'HEAD' });
    assert.deepEqual(Object.fromEntries(counts), {
      'a.txt': { added: 2, removed: 1 },
      'gone.txt': { added: 0, removed: 1 },
      'run.sh': { added: 0, removed: 0 },
      'tab\tand é.txt': { added: 0, removed: 1 },
    });
  });
});
