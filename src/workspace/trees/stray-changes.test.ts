/** Strays: every change of a tracked file that no edit explains, and only those. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, rmSync, symlinkSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { sha256 } from '#lib/sha256.ts';
import {
  openTemp,
  tempRepository,
  type TempRepository,
} from '#workspace/fixtures/temp-repository.ts';
import { tempWorktree } from '#workspace/fixtures/temp-worktree.ts';
import { findStray } from './stray-changes.ts';

const DATE = '2026-01-01T00:00:00Z';

const FILES = { 'a.txt': 'one\n', 'b.txt': 'one\n', 'c/d.txt': 'one\n', '.gitignore': 'dist\n' };

interface Work {
  readonly inside: TempRepository;
  /** The strays when a.txt and others should have the contents that are given. */
  readonly stray: (explained?: Readonly<Record<string, string>>) => Promise<readonly string[]>;
}

async function begin(temp = tempRepository(FILES)): Promise<Work> {
  const { repository, worktree, inside } = await tempWorktree(temp);
  return {
    inside,
    stray: async (explained = {}) => {
      const edits = Object.entries(explained).map(([path, content]) => {
        return { path, afterHash: sha256(content) };
      });
      const found = await findStray({ worktree, base: repository.head, explained: edits });
      assert.equal(found.count, found.files.length);
      return found.files.map(({ path, what }) => `${path} ${what}`);
    },
  };
}

describe('strays', () => {
  it('are none when all that changed is what edits made of it', async () => {
    const { inside, stray } = await begin();
    assert.deepEqual(await stray(), []);
    inside.write('a.txt', 'two\n');
    inside.write('c/d.txt', 'two\n');
    assert.deepEqual(await stray({ 'a.txt': 'two\n', 'c/d.txt': 'two\n' }), []);
    // the twin
    assert.deepEqual(await stray({ 'a.txt': 'two\n' }), ['c/d.txt changed']);
  });

  it('are edited files that changed again, went back or went away', async () => {
    const { inside, stray } = await begin();
    inside.write('a.txt', 'three\n');
    rmSync(join(inside.top, 'c'), { recursive: true });
    const explained = { 'a.txt': 'two\n', 'b.txt': 'two\n', 'c/d.txt': 'two\n' };
    assert.deepEqual(await stray(explained), ['a.txt changed', 'b.txt changed', 'c/d.txt deleted']);
  });

  it('are files of another mode or kind, edited or not', async () => {
    const { inside, stray } = await begin();
    inside.write('a.txt', 'two\n');
    chmodSync(join(inside.top, 'a.txt'), 0o755);
    chmodSync(join(inside.top, '.gitignore'), 0o755);
    rmSync(join(inside.top, 'b.txt'));
    symlinkSync('a.txt', join(inside.top, 'b.txt'));
    assert.deepEqual(await stray({ 'a.txt': 'two\n', 'b.txt': 'two\n' }), [
      '.gitignore mode',
      'a.txt mode',
      'b.txt type',
    ]);
  });

  it('are edited files in a folder that became a link to their like', async () => {
    const { inside, stray } = await begin();
    inside.write('elsewhere/d.txt', 'two\n');
    rmSync(join(inside.top, 'c'), { recursive: true });
    symlinkSync('elsewhere', join(inside.top, 'c'));
    const [only] = await stray({ 'c/d.txt': 'two\n' });
    assert.match(only ?? '', /^c\/d\.txt (?:deleted|type)$/u);
  });

  it('are files that a check added to the index or took out of it; new files are none', async () => {
    const { inside, stray } = await begin();
    inside.write('dist/out.js', 'built\n');
    inside.write('report.txt', 'left by a check\n');
    assert.deepEqual(await stray(), []);
    inside.git('add', 'report.txt');
    inside.git('rm', '--quiet', '--cached', 'b.txt');
    assert.deepEqual(await stray(), ['b.txt deleted', 'report.txt added']);
  });

  it('are not files that were only touched, or whose ends git converts', async () => {
    const temp = tempRepository({ 'a.txt': 'one\n', '.gitattributes': '* text=auto\n' });
    const { inside, stray } = await begin(temp);
    inside.write('a.txt', 'one\n');
    assert.deepEqual(await stray(), []);
    inside.write('a.txt', 'one\r\n');
    assert.deepEqual(await stray(), []);
    assert.deepEqual(await stray({ 'a.txt': 'one\n' }), ['a.txt changed']);
  });

  it('are looked for without starting what a check left in a submodule', async () => {
    const fill = (module: TempRepository): string => {
      module.git('init', '--quiet', '.');
      module.write('.gitattributes', '* filter=evil\n');
      module.write('f', 'x\n');
      module.git('add', '--all');
      const date = { GIT_AUTHOR_DATE: DATE, GIT_COMMITTER_DATE: DATE };
      Object.assign(process.env, date);
      module.git('commit', '--quiet', '--message', 's');
      for (const name of Object.keys(date)) delete process.env[name];
      return module.git('rev-parse', 'HEAD').trim();
    };
    const temp = tempRepository(FILES);
    temp.write('seed/f', '');
    const commit = fill(openTemp(temp.folder, join(temp.top, 'seed')));
    rmSync(join(temp.top, 'seed'), { recursive: true });
    temp.git('update-index', '--add', '--cacheinfo', `160000,${commit},sub`);
    // A setting of the repository itself, which asks for more than Skein does.
    temp.write('.gitmodules', '[submodule "sub"]\n\tpath = sub\n\turl = ./s\n\tignore = none\n');
    temp.git('add', '.gitmodules');
    temp.git('commit', '--quiet', '--message', 'Submodule');
    const { inside, stray } = await begin(temp);
    const module = openTemp(temp.folder, join(inside.top, 'sub'));
    assert.equal(fill(module), commit);
    const mark = join(temp.folder, 'mark');
    module.git('config', 'filter.evil.clean', `touch '${mark}'; cat`);
    utimesSync(join(module.top, 'f'), 1, 1);
    assert.deepEqual(await stray(), []);
    assert.equal(existsSync(mark), false, 'nothing of it ran');
    // The twin: it does where git is asked whether the submodule is dirty.
    inside.git('diff', '--ignore-submodules=none', 'HEAD');
    assert.equal(existsSync(mark), true);
    // It has moved: that is seen from outside.
    module.git('commit', '--quiet', '--allow-empty', '--message', 't');
    assert.deepEqual(await stray(), ['sub changed']);
  });

  it('are told apart by paths whatever bytes the files hold', async () => {
    const { inside, stray } = await begin();
    const text = (letter: string): string => `${letter.repeat(9000)}\0${letter}\0\n`;
    inside.write('a.txt', text('a'));
    inside.write('b.txt', text('b'));
    assert.deepEqual(await stray({ 'b.txt': text('b') }), ['a.txt changed']);
  });

  it('are all counted and 200 named, whatever is explained', async () => {
    const paths = Array.from({ length: 450 }, (_, at) => `${String(at).padStart(3, '0')}.txt`);
    const temp = tempRepository(Object.fromEntries(paths.map((path) => [path, 'one\n'])));
    const { repository, worktree, inside } = await tempWorktree(temp);
    for (const path of paths) inside.write(path, 'two\n');
    const edits = paths.slice(0, -1).map((path) => ({ path, afterHash: sha256('two\n') }));
    const find = (explained: typeof edits) =>
      findStray({ worktree, base: repository.head, explained });
    assert.deepEqual(await find(edits), {
      count: 1,
      files: [{ path: '449.txt', what: 'changed' }],
    });
    const all = await find([]);
    assert.deepEqual([all.count, all.files.length], [450, 200]);
  });
});
