/** Opening repositories of every state and shape; nothing in them may change by it. */
import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTemp, tempFolder, tempRepository } from '#workspace/fixtures/temp-repository.ts';
import { openRepository } from './open-repository.ts';
import { parseGitVersion } from './repository-state.ts';
import { runGit } from './run-git.ts';
import { listTrackedFiles, readTrackedFile } from './tracked-files.ts';

test('an ordinary repository is described, from any folder in it', async () => {
  const { top, git, write } = tempRepository({ 'src/a.ts': 'export {};\n' });
  write('deep/er/x', '');
  const opened = await openRepository(join(top, 'deep/er'));
  assert.equal(opened.top, top);
  assert.equal(opened.gitDir, join(top, '.git'));
  assert.equal(opened.commonDir, join(top, '.git'));
  assert.equal(opened.head, git('rev-parse', 'HEAD').trim());
  assert.equal(opened.branch, 'main');
  assert.equal(opened.objectFormat, 'sha1');
  assert.equal(opened.operation, null);
  assert.equal(opened.shallow, false);
  assert.equal(opened.sparse, false);
});

test('what is no repository is refused with its own error', async () => {
  const folder = tempFolder();
  writeFileSync(join(folder, 'file'), '');
  await assert.rejects(openRepository(folder), { name: 'repository-not-found' });
  await assert.rejects(openRepository(join(folder, 'none')), { name: 'repository-not-found' });
  await assert.rejects(openRepository(join(folder, 'file')), { name: 'repository-not-found' });
});

test('bare, without commits, and the git folder itself are refused', async () => {
  const bare = tempRepository({}, '--bare');
  await assert.rejects(openRepository(bare.top), {
    name: 'repository-unsupported',
    message: /bare/u,
  });
  const empty = tempRepository({});
  await assert.rejects(openRepository(empty.top), {
    name: 'repository-unsupported',
    message: /no commits/u,
  });
  const { top } = tempRepository();
  await assert.rejects(openRepository(join(top, '.git')), { name: 'repository-unsupported' });
});

test('uncommitted changes are counted and said', async () => {
  const { top, write, git } = tempRepository({ 'a.txt': '1', 'b.txt': '1' });
  write('a.txt', '2');
  write('new.txt', '');
  write('b.txt', '2');
  git('add', 'b.txt');
  const { dirty, warnings } = await openRepository(top);
  assert.deepEqual([dirty.count, dirty.trackedCount], [3, 2]);
  assert.match(warnings.join(), /3 uncommitted change/u);
});

test('a detached HEAD and a merge under way are said', async () => {
  const { top, git, write, commit } = tempRepository();
  git('checkout', '--quiet', '-b', 'other');
  write('a.txt', 'two\n');
  commit();
  git('checkout', '--quiet', 'main');
  write('a.txt', 'three\n');
  commit();
  assert.throws(() => git('merge', 'other'));
  assert.equal((await openRepository(top)).operation, 'merge');
  git('merge', '--abort');
  git('checkout', '--quiet', '--detach');
  const detached = await openRepository(top);
  assert.equal(detached.branch, null);
  assert.match(detached.warnings.join(), /detached/u);
});

test('a linked worktree and a separate git folder are opened as themselves', async () => {
  const { folder, top, git } = tempRepository();
  git('worktree', 'add', '--quiet', '-b', 'other', join(folder, 'linked'));
  const linked = await openRepository(join(folder, 'linked'));
  assert.equal(linked.top, join(folder, 'linked'));
  assert.equal(linked.branch, 'other');
  assert.equal(linked.commonDir, join(top, '.git'));
  git('init', '--quiet', `--separate-git-dir=${join(folder, 'apart')}`);
  assert.equal((await openRepository(top)).gitDir, join(folder, 'apart'));
});

test('shallow and sparse checkouts and SHA-256 are seen', async () => {
  const { folder, git, write, commit } = tempRepository({ 'in/a': '1', 'out/b': '1' });
  write('in/a', '2');
  commit();
  git(
    'clone',
    '--quiet',
    '--depth=1',
    `file://${join(folder, 'repository')}`,
    join(folder, 'shallow'),
  );
  assert.equal((await openRepository(join(folder, 'shallow'))).shallow, true);
  git('sparse-checkout', 'set', 'in');
  const sparse = await openRepository(join(folder, 'repository'));
  assert.equal(sparse.sparse, true);
  assert.equal(sparse.dirty.count, 0);
  const long = tempRepository({ a: '1' }, '--object-format=sha256');
  const opened = await openRepository(long.top);
  assert.equal(opened.objectFormat, 'sha256');
  assert.equal(opened.head.length, 64);
});

test('a repository of another user is refused with the fix', { skip: notRoot() }, async () => {
  const { top } = tempRepository();
  for (const path of [top, join(top, '.git')]) chownSync(path, 12345, 12345);
  await assert.rejects(openRepository(top), (error: Error & { fix?: string }) => {
    assert.equal(error.name, 'repository-unsupported');
    assert.match(error.fix ?? '', /safe\.directory/u);
    return true;
  });
  openTemp(top, top).git('config', '--global', 'safe.directory', top);
  assert.equal((await openRepository(top)).top, top);
});

test('no git, and a git that is too old', async () => {
  const { top, folder } = tempRepository();
  const path = process.env['PATH'];
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  try {
    process.env['PATH'] = bin;
    await assert.rejects(openRepository(top), { name: 'git-missing', message: /not found/u });
    writeFileSync(join(bin, 'git'), '#!/bin/sh\necho git version 2.29.9\n');
    chmodSync(join(bin, 'git'), 0o755);
    await assert.rejects(openRepository(top), { name: 'git-missing', message: /2\.30/u });
  } finally {
    process.env['PATH'] = path;
  }
  assert.deepEqual(parseGitVersion('git version 2.39.5 (Apple Git-154)'), [2, 39]);
  assert.equal(parseGitVersion('gut'), null);
});

test('opening writes nothing, not even the index that git status would refresh', async () => {
  const { top, git } = tempRepository();
  const index = join(top, '.git/index');
  const touch = (): void => utimesSync(join(top, 'a.txt'), new Date(), new Date(Date.now() - 9e6));
  touch();
  const before = readFileSync(index);
  await openRepository(top);
  assert.deepEqual(readFileSync(index), before);
  // the twin: plain git status does write it
  git('status');
  assert.notDeepEqual(readFileSync(index), before);
});

test('neither hooks, fsmonitor nor variables of git reach our git', async () => {
  const { top, folder, git } = tempRepository();
  const marker = join(folder, 'ran');
  const monitor = join(folder, 'monitor');
  writeFileSync(monitor, `#!/bin/sh\necho monitor >> ${marker}\n`);
  chmodSync(monitor, 0o755);
  git('config', 'core.fsmonitor', monitor);
  const other = tempRepository({ 'b.txt': '1' });
  const variables = { GIT_DIR: join(other.top, '.git'), GIT_INDEX_FILE: join(folder, 'no-index') };
  Object.assign(process.env, variables);
  try {
    const opened = await openRepository(top);
    assert.equal(opened.top, top);
    assert.equal(opened.dirty.count, 0);
    assert.throws(() => readFileSync(marker));
  } finally {
    for (const name of Object.keys(variables)) delete process.env[name];
  }
  git('status');
  assert.match(readFileSync(marker, 'utf8'), /monitor/u);
});

test('our git fetches nothing, from no kind of address', async () => {
  const { top, git } = tempRepository();
  const args = ['ls-remote', `file://${top}`];
  await assert.rejects(runGit({ cwd: top, args }), { message: /not allowed|partial clone/u });
  // the twin: plain git does
  assert.match(git(...args), /refs\/heads\/main/u);
});

test('a replaced commit is seen as it is', async () => {
  const { top, git, write, commit } = tempRepository({ 'a.txt': 'one\n' });
  const first = git('rev-parse', 'HEAD').trim();
  write('b.txt', '');
  const second = commit();
  git('replace', second, first);
  assert.deepEqual(
    (await listTrackedFiles(top)).map(({ path }) => path),
    ['a.txt', 'b.txt'],
  );
  // the twin: plain git shows what replaces it
  assert.equal(git('ls-tree', '--name-only', 'HEAD'), 'a.txt\n');
});

test('tracked entries are listed with their kinds; a name that is not UTF-8 is marked', async () => {
  const { top, git, write } = tempRepository({ 'a.ts': '1', '[x].ts': 'glob\n' });
  write('run.sh', '#!/bin/sh\n', 0o755);
  git('add', '.');
  const blob = git('rev-parse', ':a.ts').trim();
  git('update-index', '--add', '--cacheinfo', `120000,${blob},link`);
  git('update-index', '--add', '--cacheinfo', `160000,${git('rev-parse', 'HEAD').trim()},sub`);
  writeFileSync(Buffer.concat([Buffer.from(`${top}/bad-`), Buffer.from([0xff])]), 'x');
  git('add', 'run.sh', ':(glob)bad-*');
  git('commit', '--quiet', '-m', 'kinds');
  const files = await listTrackedFiles(top);
  assert.deepEqual(
    files.map(({ path, kind }) => [path, kind]),
    [
      ['[x].ts', 'file'],
      ['a.ts', 'file'],
      ['bad-\ufffd', 'file'],
      ['link', 'symlink'],
      ['run.sh', 'executable'],
      ['sub', 'submodule'],
    ],
  );
  assert.deepEqual(files.filter(({ nameIsUtf8 }) => !nameIsUtf8).length, 1);
  assert.equal(String(await readTrackedFile(top, 'HEAD', '[x].ts')), 'glob\n');
  assert.equal(await readTrackedFile(top, 'HEAD', 'link'), null);
  assert.equal(await readTrackedFile(top, 'HEAD', 'none'), null);
});

function notRoot(): string | false {
  return process.getuid?.() === 0 ? false : 'only root can give a folder to another user';
}
