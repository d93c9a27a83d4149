/** Git commits by plumbing: their id is known before, and they hold the write set only. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { sha256 } from '#lib/sha256.ts';
import {
  openTemp,
  tempRepository,
  type TempRepository,
} from '#workspace/fixtures/temp-repository.ts';
import { tempWorktree } from '#workspace/fixtures/temp-worktree.ts';
import {
  createGitCommit,
  prepareGitCommit,
  probeGitCommit,
  type PreparedGitCommit,
} from './git-commit.ts';
import { readGitIdentity } from './git-identity.ts';
import type { Repository } from './open-repository.ts';

interface Work {
  readonly repository: Repository;
  readonly worktree: string;
  readonly prepare: (
    files: Readonly<Record<string, string | Uint8Array>>,
    message?: string,
  ) => Promise<PreparedGitCommit>;
}

/** A worktree of `temp` in which `prepare` writes files and prepares their git commit. */
async function begin(temp: TempRepository): Promise<Work> {
  const { repository, worktree } = await tempWorktree(temp);
  return {
    repository,
    worktree,
    prepare: async (files, message = 'Rename\n\nSkein-Mission: m1\n') => {
      for (const [path, content] of Object.entries(files)) {
        writeFileSync(join(worktree, path), content);
      }
      return prepareGitCommit(repository, {
        worktree,
        base: repository.head,
        files: Object.entries(files).map(([path, content]) => ({
          path,
          afterHash: sha256(content),
        })),
        message,
        identity: await readGitIdentity(repository.top),
        date: { seconds: 1_700_000_000, offset: '+0130' },
      });
    },
  };
}

test('the id is known before the commit, and the same commit is made twice', async () => {
  for (const format of ['sha1', 'sha256']) {
    const temp = tempRepository({ 'a.txt': 'one\n' }, `--object-format=${format}`);
    const { repository, prepare } = await begin(temp);
    const prepared = await prepare({ 'a.txt': 'two\n' });
    assert.equal(await probeGitCommit(repository, prepared), 'not-done');
    assert.equal(await createGitCommit(repository, prepared), prepared.expectedId);
    assert.equal(await probeGitCommit(repository, prepared), 'done');
    assert.equal(await createGitCommit(repository, prepared), prepared.expectedId);
    const shown = temp.git(
      'log',
      '-1',
      '--format=%an %ae %ad %cd|%s|%(trailers)',
      prepared.expectedId,
    );
    assert.match(shown, /^Ada ada@example\.com .*2023 \+0130 .*\|Rename\|Skein-Mission: m1/u);
    assert.equal(temp.git('show', `${prepared.expectedId}:a.txt`), 'two\n');
    temp.git('fsck', '--strict');
  }
});

test('author and committer come from the configuration, odd names as git writes them', async () => {
  const temp = tempRepository();
  temp.git('config', 'user.name', '.  Ada <Lovelace>, ');
  temp.git('config', 'committer.email', 'bot@example.com');
  const { repository, prepare } = await begin(temp);
  const prepared = await prepare({ 'a.txt': 'two\n' });
  const id = await createGitCommit(repository, prepared);
  assert.equal(
    temp.git('log', '-1', '--format=%an|%ae|%ce', id).trim(),
    'Ada Lovelace|ada@example.com|bot@example.com',
  );
});

test('without an identity it is refused, whatever the environment says', async () => {
  const temp = tempRepository();
  temp.git('config', '--global', '--unset', 'user.email');
  process.env['GIT_AUTHOR_EMAIL'] = 'other@example.com';
  process.env['EMAIL'] = 'other@example.com';
  try {
    await assert.rejects(readGitIdentity(temp.top), (error: Error & { fix?: string }) => {
      assert.equal(error.name, 'identity-missing');
      assert.match(error.fix ?? '', /git config --global user\.name/u);
      return true;
    });
  } finally {
    delete process.env['GIT_AUTHOR_EMAIL'];
    delete process.env['EMAIL'];
  }
});

test('no hook and no signature, and the settings of the person stand in no way', async () => {
  const temp = tempRepository();
  const mark = join(temp.folder, 'mark');
  for (const hook of ['pre-commit', 'commit-msg', 'post-commit', 'reference-transaction']) {
    const file = join(temp.top, '.git/hooks', hook);
    mkdirSync(join(temp.top, '.git/hooks'), { recursive: true });
    writeFileSync(file, `#!/bin/sh\necho ran >> ${mark}\n`);
    chmodSync(file, 0o755);
  }
  temp.git('config', 'commit.gpgSign', 'true');
  temp.git('config', 'gpg.program', '/bin/false');
  temp.git('config', 'core.splitIndex', 'true');
  temp.git('config', 'i18n.commitEncoding', 'ISO-8859-1');
  const { repository, prepare } = await begin(temp);
  const id = await createGitCommit(repository, await prepare({ 'a.txt': 'two\n' }, 'Größe\n'));
  assert.doesNotMatch(temp.git('cat-file', 'commit', id), /gpgsig|encoding/u);
  assert.match(temp.git('cat-file', 'commit', id), /\n\nGröße\n$/u);
  assert.equal(existsSync(mark), false);
  assert.deepEqual(
    readdirSync(join(temp.top, '.git')).filter((name) => /shared/u.test(name)),
    [],
  );
  // the twin: plain git runs the hooks and fails to sign
  temp.write('a.txt', 'three\n');
  assert.throws(() => temp.commit());
  assert.equal(existsSync(mark), true);
});

test("the person's index, tree and branches stay as they are", async () => {
  const temp = tempRepository({ 'a.txt': 'one\n', 'b.txt': 'one\n' });
  temp.write('b.txt', 'staged\n');
  temp.git('add', 'b.txt');
  const { repository, prepare } = await begin(temp);
  const index = readFileSync(join(temp.top, '.git/index'));
  const refs = temp.git('for-each-ref');
  const prepared = await prepare({ 'a.txt': 'two\n' });
  await createGitCommit(repository, prepared);
  assert.deepEqual(readFileSync(join(temp.top, '.git/index')), index);
  assert.equal(temp.git('for-each-ref'), refs);
  assert.equal(temp.git('diff', '--name-only', repository.head, prepared.expectedId), 'a.txt\n');
});

test('what checks leave in the worktree does not enter, their .gitattributes neither', async () => {
  const temp = tempRepository({ 'a.txt': 'one\n', 'b.txt': 'one\n', '.gitignore': 'dist\n' });
  const { repository, worktree, prepare } = await begin(temp);
  const inside = openTemp(temp.folder, worktree);
  inside.write('dist/out.js', 'built');
  inside.write('new.txt', 'left by a check');
  inside.write('b.txt', 'changed by a check');
  inside.write('.gitattributes', '*.txt filter=upper\n');
  temp.git('config', 'filter.upper.clean', 'tr a-z A-Z');
  const prepared = await prepare({ 'a.txt': 'two\n' });
  assert.equal(temp.git('diff', '--name-only', repository.head, prepared.tree), 'a.txt\n');
  assert.equal(temp.git('show', `${prepared.tree}:a.txt`), 'two\n');
  // the twin: git add in the worktree takes all of it
  inside.git('add', '.');
  assert.equal(temp.git('show', `${inside.git('write-tree').trim()}:a.txt`), 'TWO\n');
});

const UTF16 = (text: string): Buffer => Buffer.from(`\ufeff${text}`, 'utf16le');
const CONVERSIONS: readonly {
  readonly name: string;
  readonly attributes: string;
  readonly config: readonly (readonly [string, string])[];
  readonly before: string | Uint8Array;
  readonly after: string | Uint8Array;
}[] = [
  { name: 'no rule', attributes: '', config: [], before: 'a\r\n', after: 'b\r\n' },
  { name: 'text=auto', attributes: '* text=auto', config: [], before: 'a\n', after: 'b\r\n' },
  { name: 'eol=crlf', attributes: '* text eol=crlf', config: [], before: 'a\n', after: 'b\r\n' },
  { name: 'eol=lf', attributes: '* text eol=lf', config: [], before: 'a\n', after: 'b\r\nc\n' },
  { name: '-text', attributes: '* -text', config: [], before: 'a\n', after: 'b\r\n' },
  {
    name: 'autocrlf',
    attributes: '',
    config: [['core.autocrlf', 'true']],
    before: 'a\n',
    after: 'b\r\n',
  },
  {
    name: 'UTF-16',
    attributes: '*.txt text working-tree-encoding=UTF-16LE-BOM',
    config: [],
    before: UTF16('a\n'),
    after: UTF16('b\n'),
  },
  { name: 'BOM', attributes: '* text=auto', config: [], before: '\ufeffa\n', after: '\ufeffb\n' },
  {
    name: 'Latin-1',
    attributes: '',
    config: [],
    before: Buffer.from([233, 10]),
    after: Buffer.from([232, 10]),
  },
  {
    name: 'ident',
    attributes: '* ident',
    config: [],
    before: '$Id$\na\n',
    after: '$Id: 123 $\nb\n',
  },
];

test('line ends and encodings are stored as git add would', async (t) => {
  for (const { name, attributes, config, before, after } of CONVERSIONS) {
    await t.test(name, async () => {
      const temp = tempRepository({ '.gitattributes': `${attributes}\n`, 'a.txt': before });
      for (const [key, value] of config) temp.git('config', key, value);
      const { worktree, prepare } = await begin(temp);
      const prepared = await prepare({ 'a.txt': after });
      const inside = openTemp(temp.folder, worktree);
      inside.git('add', 'a.txt');
      assert.equal(prepared.tree, inside.git('write-tree').trim());
    });
  }
});

test('text=auto leaves the CRLF of a file that was stored with it', async () => {
  const temp = tempRepository({ 'a.txt': 'a\r\n' });
  temp.write('.gitattributes', '* text=auto\n');
  temp.git('add', '.gitattributes');
  temp.git('commit', '--quiet', '-m', 'attributes');
  const { prepare } = await begin(temp);
  const prepared = await prepare({ 'a.txt': 'b\r\n' });
  assert.equal(temp.git('show', `${prepared.tree}:a.txt`), 'b\r\n');
  // the twin: hashing the file alone, without the index, would convert it
  temp.write('a.txt', 'b\r\n');
  const alone = temp.git('hash-object', '-w', '--path=a.txt', 'a.txt').trim();
  assert.equal(temp.git('cat-file', 'blob', alone), 'b\n');
});

test('the executable bit stays', async () => {
  const temp = tempRepository({});
  temp.write('run.sh', '#!/bin/sh\n', 0o755);
  temp.commit();
  const { worktree, prepare } = await begin(temp);
  chmodSync(join(worktree, 'run.sh'), 0o644);
  const prepared = await prepare({ 'run.sh': '#!/bin/sh\ntrue\n' });
  assert.match(temp.git('ls-tree', prepared.tree), /^100755/u);
});

test('a file that changed after its edit, became a link or was not tracked is refused', async () => {
  const temp = tempRepository({ 'a.txt': 'one\n', 'b.txt': 'one\n' });
  const { repository, worktree, prepare } = await begin(temp);
  const identity = await readGitIdentity(temp.top);
  const date = { seconds: 1, offset: '+0000' };
  const commit = (path: string, content: string): Promise<PreparedGitCommit> => {
    const files = [{ path, afterHash: sha256(content) }];
    const { head: base } = repository;
    return prepareGitCommit(repository, { worktree, base, files, message: 'x', identity, date });
  };
  await assert.rejects(commit('a.txt', 'other\n'), { name: 'edit-conflict' });
  await assert.rejects(commit('../repository/a.txt', 'one\n'), { name: 'path-refused' });
  symlinkSync('a.txt', join(worktree, 'link.txt'));
  await assert.rejects(commit('link.txt', 'one\n'), { name: 'path-refused' });
  await assert.rejects(prepare({ 'new.txt': 'new' }), { name: 'git-failed' });
  await assert.rejects(commit('a.txt', 'one\n'), {
    name: 'workspace-failed',
    message: /nothing would change/u,
  });
  await assert.rejects(prepare({ 'a.txt': 'two\n' }, '  \n'), { name: 'usage' });
});
