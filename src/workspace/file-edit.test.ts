/** The only writer of files: what it refuses, what it keeps, and what a crash leaves. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { sha256 } from '#lib/sha256.ts';
import { isGitFolderName, pathProblem } from './edit-path.ts';
import { MAX_EDIT_BYTES, probeFileEdit, writeFileEdit, type FileEditWork } from './file-edit.ts';
import { tempFolder } from './fixtures/temp-repository.ts';

const ONE = 'one\n';

function editOf(root: string, path: string, more: Partial<FileEditWork> = {}): FileEditWork {
  const after = more.after ?? Buffer.from('two\n');
  return { root, path, baseHash: sha256(ONE), afterHash: sha256(after), after, ...more };
}

function folderWith(...paths: string[]): string {
  const root = join(tempFolder(), 'tree');
  mkdirSync(root);
  for (const path of paths) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), ONE);
  }
  return root;
}

test('an edit replaces the bytes, keeps the mode and leaves nothing else', async () => {
  const root = folderWith('src/a.ts');
  chmodSync(join(root, 'src/a.ts'), 0o755);
  const edit = editOf(root, 'src/a.ts', { after: Buffer.from([0xff, 0x00, 0x0d]) });
  assert.equal(await probeFileEdit(edit), 'not-done');
  await writeFileEdit(edit);
  assert.equal(await probeFileEdit(edit), 'done');
  assert.deepEqual(readFileSync(join(root, 'src/a.ts')), Buffer.from([0xff, 0x00, 0x0d]));
  assert.equal(statSync(join(root, 'src/a.ts')).mode & 0o777, 0o755);
  assert.deepEqual(readdirSync(join(root, 'src')), ['a.ts']);
});

test('a file that is not at its base is not written', async () => {
  const root = folderWith('a.ts');
  writeFileSync(join(root, 'a.ts'), 'other\n');
  const edit = editOf(root, 'a.ts');
  await assert.rejects(writeFileEdit(edit), { name: 'edit-conflict' });
  assert.equal(await probeFileEdit(edit), 'unknown');
  assert.equal(readFileSync(join(root, 'a.ts'), 'utf8'), 'other\n');
  await assert.rejects(writeFileEdit(editOf(root, 'none.ts')), { name: 'edit-conflict' });
  assert.equal(await probeFileEdit(editOf(root, 'none.ts')), 'unknown');
  // content that is not what the intent announced
  writeFileSync(join(root, 'a.ts'), ONE);
  const wrong = editOf(root, 'a.ts', { afterHash: sha256('three\n') });
  await assert.rejects(writeFileEdit(wrong), { name: 'edit-conflict' });
  assert.equal(readFileSync(join(root, 'a.ts'), 'utf8'), ONE);
});

test('nothing is written through a symlink, of the file or above it', async () => {
  const root = folderWith('real/a.ts');
  const outside = join(root, '..', 'outside');
  mkdirSync(outside);
  writeFileSync(join(outside, 'a.ts'), ONE);
  symlinkSync(outside, join(root, 'linked'));
  symlinkSync('real/a.ts', join(root, 'file.ts'));
  symlinkSync('real', join(root, 'inner'));
  for (const path of ['linked/a.ts', 'file.ts', 'inner/a.ts']) {
    await assert.rejects(writeFileEdit(editOf(root, path)), { name: 'path-refused' });
    // the twin: a plain write goes through
    assert.equal(readFileSync(join(root, path), 'utf8'), ONE);
  }
  assert.equal(readFileSync(join(outside, 'a.ts'), 'utf8'), ONE);
});

test('a hard link elsewhere keeps its content', async () => {
  const root = folderWith('a.ts');
  linkSync(join(root, 'a.ts'), join(root, '..', 'twin'));
  await writeFileEdit(editOf(root, 'a.ts'));
  assert.equal(readFileSync(join(root, '..', 'twin'), 'utf8'), ONE);
});

test('read-only, too large and other things than files are refused', async () => {
  const root = folderWith('read-only.ts', 'large.ts');
  chmodSync(join(root, 'read-only.ts'), 0o444);
  mkdirSync(join(root, 'folder'));
  await assert.rejects(writeFileEdit(editOf(root, 'read-only.ts')), { name: 'path-refused' });
  await assert.rejects(writeFileEdit(editOf(root, 'folder')), { name: 'path-refused' });
  const after = Buffer.alloc(MAX_EDIT_BYTES + 1);
  const large = editOf(root, 'large.ts', { after });
  await assert.rejects(writeFileEdit(large), { name: 'path-refused' });
  await writeFileEdit(editOf(root, 'large.ts', { after: after.subarray(1) }));
});

test('what a crash left beside the file is replaced by the next try', async () => {
  const root = folderWith('a.ts');
  const temporary = join(root, `.skein-${sha256('a.ts').slice(0, 16)}.tmp`);
  writeFileSync(temporary, 'half');
  const edit = editOf(root, 'a.ts');
  assert.equal(await probeFileEdit(edit), 'not-done');
  await writeFileEdit(edit);
  assert.equal(existsSync(temporary), false);
  // even when it is a trap
  symlinkSync(join(root, 'a.ts'), temporary);
  const next = editOf(root, 'a.ts', { baseHash: edit.afterHash, after: Buffer.from('three\n') });
  await writeFileEdit(next);
  assert.equal(readFileSync(join(root, 'a.ts'), 'utf8'), 'three\n');
});

test('spellings of a path that leave the tree or mean .git are refused', () => {
  const refused = [
    '',
    '/etc/passwd',
    'C:/x',
    '../x',
    'a/../x',
    'a/./x',
    'a//x',
    'a/',
    'a\\b',
    'a\u0000b',
    'a\nb',
    '\ud800',
    '.git',
    '.git/config',
    'sub/.git/hooks/pre-commit',
    '.GIT/config',
    '.Git',
    'GIT~1/config',
    '.git./config',
    '.git /config',
    '.git::$INDEX_ALLOCATION/config',
    '.g\u200cit/config',
    '\ufeff.git/config',
    'x'.repeat(256),
    'a/'.repeat(2100),
  ];
  for (const path of refused) assert.notEqual(pathProblem(path), null, JSON.stringify(path));
  const fine = [
    'a',
    '.gitignore',
    '.gitattributes',
    '.github/x',
    'git',
    'a.git/x',
    'é/ü.ts',
    'a b',
  ];
  for (const path of fine) assert.equal(pathProblem(path), null, path);
  assert.equal(isGitFolderName('git~2'), false);
});

test('each refused spelling is refused by the writer too', async () => {
  const root = folderWith('a.ts');
  mkdirSync(join(root, '.git'));
  writeFileSync(join(root, '.git/config'), ONE);
  writeFileSync(join(root, '../outside.ts'), ONE);
  for (const path of ['.git/config', '../outside.ts', join(root, 'a.ts'), './a.ts']) {
    await assert.rejects(writeFileEdit(editOf(root, path)), { name: 'path-refused' });
  }
  assert.equal(readFileSync(join(root, '.git/config'), 'utf8'), ONE);
  assert.equal(readFileSync(join(root, '../outside.ts'), 'utf8'), ONE);
});
