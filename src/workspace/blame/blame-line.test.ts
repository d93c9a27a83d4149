/** Who made a line is git's answer, and nobody's settings change it. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { tempRepository, type TempRepository } from '../fixtures/temp-repository.ts';
import { blameLine, parseBlame, unquotePath } from './blame-line.ts';

const onDisk = (path: string, line: number) => ({ commit: null, path, line });

/** A file whose second line was changed by its second commit. */
function twoCommits(path = 'a.txt'): TempRepository & { readonly second: string } {
  const repository = tempRepository({ [path]: 'one\ntwo\nthree\n' });
  repository.write(path, 'one\nTWO\nthree\n');
  return { ...repository, second: repository.commit('Second') };
}

describe('git blame of one line', () => {
  it('names the commit, the place in it, and what was before', async () => {
    const { top, second, write, git } = twoCommits();
    write('a.txt', 'zero\none\nTWO\nthree\n');
    const first = git('rev-parse', 'HEAD~1').trim();
    assert.deepEqual(await blameLine(top, onDisk('a.txt', 3)), {
      commit: second,
      path: 'a.txt',
      line: 2,
      text: 'TWO',
      previous: { commit: first, path: 'a.txt' },
      summary: 'Second',
    });
    const { commit, previous } = await blameLine(top, onDisk('a.txt', 1));
    assert.equal(commit, null);
    assert.equal(previous?.commit, second);
    const { previous: none } = await blameLine(top, { commit: second, path: 'a.txt', line: 1 });
    assert.equal(none, null, 'the first commit has nothing before it');
  });

  it('knows paths of any form', async () => {
    const path = 'a "b"\\c\td é :1.txt';
    const { top, second } = twoCommits(path);
    const { commit, path: found, previous } = await blameLine(top, onDisk(path, 2));
    assert.deepEqual([commit, found, previous?.path], [second, path, path]);
  });

  it('follows a renamed file, and with `moved` a line that was moved to another one', async () => {
    const text = 'a line that is long enough for git to recognise it elsewhere';
    const { top, git, write, commit } = tempRepository({
      'a.txt': `one\n${text}\ntwo\n`,
      'b.txt': 'b\n',
    });
    const first = git('rev-parse', 'HEAD').trim();
    git('mv', 'a.txt', 'c.txt');
    commit('Renamed');
    write('c.txt', 'one\ntwo\n');
    write('b.txt', `b\n${text}\n`);
    const moving = commit('Moved');
    const place = onDisk('b.txt', 2);
    assert.equal((await blameLine(top, place)).commit, moving);
    const source = await blameLine(top, place, { moved: true });
    assert.deepEqual([source.commit, source.path, source.line], [first, 'a.txt', 2]);
  });

  it('does not ask what the person has set', async () => {
    const { top, second, git, write, folder } = twoCommits();
    const ran = join(folder, 'ran');
    git('config', 'blame.ignoreRevsFile', 'ignored');
    git('config', 'diff.shout.textconv', `touch ${ran}; cat`);
    write('ignored', `${second}\n`);
    write('.gitattributes', '*.txt diff=shout\n');
    // The twin: git itself asks.
    assert.ok(!git('blame', '-l', '-L2,2', 'a.txt').startsWith(second));
    assert.ok(existsSync(ran));
    git('config', 'diff.shout.textconv', `touch ${ran}-again; cat`);
    assert.equal((await blameLine(top, onDisk('a.txt', 2))).commit, second);
    assert.ok(!existsSync(`${ran}-again`));
  });

  it('says of a file that git does not track that it is not committed', async () => {
    const { top, write } = twoCommits();
    write('new.txt', 'new\n');
    assert.equal((await blameLine(top, onDisk('new.txt', 1))).commit, null);
  });

  it('refuses an answer that it can not read, and a commit that is not there', async () => {
    assert.throws(() => parseBlame('something else'), { name: 'git-failed' });
    const { top } = twoCommits();
    const place = { commit: '0'.repeat(39).concat('1'), path: 'a.txt', line: 1 };
    await assert.rejects(blameLine(top, place), { name: 'git-failed' });
  });
});

describe('a path that git quotes', () => {
  it('is read back', () => {
    assert.equal(unquotePath('plain é.txt'), 'plain é.txt');
    assert.equal(unquotePath(String.raw`"a\"b\\c\td\001"`), 'a"b\\c\td\u0001');
    assert.equal(unquotePath(String.raw`"a\\001"`), String.raw`a\001`);
  });
});
