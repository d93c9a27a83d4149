/** What may be changed in a real repository, judged from its base commit; and the diffs of it. */
import assert from 'node:assert/strict';
import { chmodSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { MAX_EDIT_BYTES } from './file-edit.ts';
import { tempRepository } from './fixtures/temp-repository.ts';
import { openRepository } from './git/open-repository.ts';
import { listChangedFiles, showDiff } from './git/show-diff.ts';
import { assertWritable, findUnwritable } from './write-rules.ts';

const LFS = 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n';

test('each kind of file that can not be changed has its reason', async () => {
  const temp = tempRepository({
    '.gitattributes': '*.bin filter=lfs\n*.key filter=git-crypt\n*.off -filter\n',
    'fine.ts': '1',
    'set.off': '1',
    'a.bin': LFS,
    'pointer.dat': LFS,
    'secret.key': '1',
    'large.json': Buffer.alloc(MAX_EDIT_BYTES + 1, 32),
    'Case.ts': '1',
    'case.ts': '1',
    'caf\u00e9.ts': '1',
    'cafe\u0301.ts': '1',
    'dir/file.ts': '1',
  });
  symlinkSync('fine.ts', join(temp.top, 'link.ts'));
  symlinkSync('dir', join(temp.top, 'way'));
  temp.git('add', '.');
  const head = temp.git('rev-parse', 'HEAD').trim();
  temp.git('update-index', '--add', '--cacheinfo', `160000,${head},sub`);
  temp.git('commit', '--quiet', '-m', 'links');
  temp.write('untracked.ts', '1');
  const repository = await openRepository(temp.top);
  const reasons = new Map(
    (
      await findUnwritable(repository, repository.head, [
        'fine.ts',
        'set.off',
        'dir/file.ts',
        'a.bin',
        'pointer.dat',
        'secret.key',
        'large.json',
        'Case.ts',
        'caf\u00e9.ts',
        'link.ts',
        'way/file.ts',
        'sub',
        'sub/x.ts',
        'untracked.ts',
        'fine.ts/x',
        '../x',
        '.git/config',
      ])
    ).map(({ path, reason }) => [path, reason]),
  );
  assert.deepEqual(Object.fromEntries(reasons), {
    'a.bin': 'it is kept in Git LFS',
    'pointer.dat': 'it is a Git LFS pointer',
    'secret.key': 'git passes it through the filter git-crypt',
    'large.json': `it is larger than ${MAX_EDIT_BYTES} bytes`,
    'Case.ts': 'another tracked file differs from it only in case',
    'caf\u00e9.ts': 'another tracked file differs from it only in case',
    'link.ts': 'it is a symlink',
    'way/file.ts': 'a folder above it is a symlink',
    sub: 'it is a submodule',
    'sub/x.ts': 'it is in a submodule',
    'untracked.ts': 'git does not track it',
    'fine.ts/x': 'git does not track it',
    '../x': 'it has the part ..',
    '.git/config': 'it is inside a .git folder',
  });
  await assertWritable(repository, repository.head, ['fine.ts', 'set.off']);
  await assert.rejects(assertWritable(repository, repository.head, ['fine.ts', 'a.bin', 'sub']), {
    name: 'path-refused',
    message: /a\.bin.*LFS.*1 more/u,
  });
});

test('the attributes of the base commit count, not those that lie in the tree', async () => {
  const temp = tempRepository({ 'a.ts': '1', '.gitattributes': '*.key filter=x\n', 'b.key': '1' });
  temp.write('.gitattributes', '*.ts filter=x\n');
  const repository = await openRepository(temp.top);
  const refused = await findUnwritable(repository, repository.head, ['a.ts', 'b.key']);
  assert.deepEqual(
    refused.map(({ path }) => path),
    ['b.key'],
  );
});

test('a diff is the same whatever the settings, and runs no program', async () => {
  const temp = tempRepository({
    'a.txt': 'one\n',
    'b.txt': 'one\n',
    '[x].txt': 'one\n',
    'x.txt': '1',
  });
  const base = temp.git('rev-parse', 'HEAD').trim();
  for (const path of ['a.txt', '[x].txt', 'x.txt']) temp.write(path, 'two\n');
  const to = temp.commit();
  const plain = await showDiff({ cwd: temp.top, base, to, paths: ['a.txt'] });
  assert.match(plain.toString(), /^diff --git a\/a\.txt b\/a\.txt\n.*\n-one\n\+two\n$/su);
  const program = join(temp.folder, 'program');
  writeFileSync(program, '#!/bin/sh\necho program ran\n');
  chmodSync(program, 0o755);
  temp.git('config', 'diff.external', program);
  temp.git('config', 'diff.noprefix', 'true');
  temp.git('config', 'color.ui', 'always');
  temp.git('config', 'diff.context', '9');
  assert.deepEqual(await showDiff({ cwd: temp.top, base, to, paths: ['a.txt'] }), plain);
  const bracket = await showDiff({ cwd: temp.top, base, to, paths: ['[x].txt'] });
  assert.doesNotMatch(bracket.toString(), /b\/x\.txt/u);
  // the twin: plain git runs it
  assert.match(temp.git('diff', base, to), /program ran/u);
});

test('the files of a working tree that differ from a commit', async () => {
  const temp = tempRepository({ 'a.txt': 'one\n', 'b.txt': 'one\n', 'c.txt': 'one\n' });
  temp.write('a.txt', 'two\n');
  temp.write('new.txt', '');
  temp.git('rm', '--quiet', 'b.txt');
  const { files, count } = await listChangedFiles({ cwd: temp.top, base: 'HEAD' });
  assert.equal(count, 2);
  assert.deepEqual(files, [
    { path: 'a.txt', status: 'M' },
    { path: 'b.txt', status: 'D' },
  ]);
  const besides = await listChangedFiles({ cwd: temp.top, base: 'HEAD', besides: ['a.txt', 'c'] });
  assert.deepEqual(besides, { count: 1, files: [{ path: 'b.txt', status: 'D' }] });
});
