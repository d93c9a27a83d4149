/** A tree that is written to a folder is, byte for byte, what git itself checks out. */
import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { sha256 } from '#lib/sha256.ts';
import type { SkeinError } from '#protocol/errors.ts';
import { tempRepository, type TempRepository } from '#workspace/fixtures/temp-repository.ts';
import { openRepository } from '#workspace/git/open-repository.ts';
import { checkOut, type CheckOut } from './check-out.ts';

/** Every kind of file that git checks out in a way of its own. */
function everyKind(): TempRepository {
  const temp = tempRepository({
    'plain.txt': 'one\ntwo\n',
    'windows.bat': 'one\ntwo\n',
    'deep/er/id.c': '/* $Id$ */\n',
    'bytes.bin': Uint8Array.from({ length: 999 }, (_, index) => (index * 7) % 256),
    'empty.txt': '',
    'shout.up': 'quiet\n',
    'née.txt': 'accent\n',
    'export.txt': '$Format:%H$\n',
    '.gitattributes':
      '*.bat text eol=crlf\n*.c ident\n*.up filter=shout\nexport.txt export-subst\n',
  });
  temp.write('run.sh', '#!/bin/sh\n', 0o755);
  symlinkSync('plain.txt', join(temp.top, 'link'));
  symlinkSync('../nowhere', join(temp.top, 'deep/dangling'));
  temp.git('config', 'filter.shout.smudge', 'tr a-z A-Z');
  temp.git('config', 'filter.shout.clean', 'tr A-Z a-z');
  temp.commit('Every kind');
  return temp;
}

/** Each file with its mode and content (or where it points), but for git's own. */
function contents(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name))
    .filter(
      (path) => !path.slice(folder.length).startsWith('/.git/') && path !== join(folder, '.git'),
    )
    .map((path) => {
      const stats = lstatSync(path);
      const content = stats.isSymbolicLink()
        ? readlinkSync(path)
        : stats.isFile()
          ? sha256(readFileSync(path))
          : 'folder';
      return `${path.slice(folder.length + 1)} ${stats.mode.toString(8)} ${content}`;
    })
    .sort();
}

const place = ({ folder }: TempRepository, name = 'out'): string => join(folder, name);

async function refusal(temp: TempRepository, more: Partial<CheckOut>): Promise<SkeinError> {
  const repository = await openRepository(temp.top);
  const wanted = { commit: repository.head, files: [], folder: place(temp), ...more };
  return checkOut(repository, wanted).then(
    () => assert.fail('it was written'),
    (error: SkeinError) => error,
  );
}

describe('a tree in a folder', () => {
  it('is byte for byte what git worktree add makes of it', async () => {
    const temp = everyKind();
    const repository = await openRepository(temp.top);
    temp.git('worktree', 'add', '--quiet', '--detach', place(temp, 'theirs'));
    const status = temp.git('status', '--porcelain=v2', '--branch');
    await checkOut(repository, { commit: repository.head, files: [], folder: place(temp) });
    const ours = contents(place(temp));
    assert.deepEqual(ours, contents(place(temp, 'theirs')));
    assert.ok(
      ours.some((line) => line.startsWith('run.sh 100755')),
      ours.join('\n'),
    );
    assert.ok(ours.includes(`shout.up 100644 ${sha256('QUIET\n')}`));
    assert.equal(temp.git('status', '--porcelain=v2', '--branch'), status);
    assert.equal(existsSync(join(place(temp), '.git')), false);
  });

  it('has the edited files as they were edited, with their modes', async () => {
    const temp = everyKind();
    const repository = await openRepository(temp.top);
    const files = [
      { path: 'run.sh', baseHash: sha256('#!/bin/sh\n'), bytes: Buffer.from('#!/bin/sh\nls\n') },
      { path: 'windows.bat', baseHash: sha256('one\r\ntwo\r\n'), bytes: Buffer.from('1\r\n') },
    ];
    const { differing } = await checkOut(repository, {
      commit: repository.head,
      files,
      folder: place(temp),
    });
    assert.deepEqual(differing, []);
    assert.equal(readFileSync(join(place(temp), 'run.sh'), 'utf8'), '#!/bin/sh\nls\n');
    assert.equal(lstatSync(join(place(temp), 'run.sh')).mode & 0o777, 0o755);
    assert.equal(readFileSync(join(place(temp), 'windows.bat'), 'utf8'), '1\r\n');
  });

  it('tells of files that git checks out otherwise now', async () => {
    const temp = everyKind();
    const repository = await openRepository(temp.top);
    const edit = { path: 'plain.txt', bytes: Buffer.from('x'), baseHash: sha256('one\r\ntwo\r\n') };
    const request = { commit: repository.head, files: [edit], folder: place(temp) };
    assert.deepEqual((await checkOut(repository, request)).differing, ['plain.txt']);
    assert.equal(readFileSync(join(place(temp), 'plain.txt'), 'utf8'), 'x');
  });

  it('may go to an empty folder, and through a link to one', async () => {
    const temp = everyKind();
    const repository = await openRepository(temp.top);
    mkdirSync(place(temp));
    symlinkSync(place(temp), place(temp, 'link'));
    const request = { commit: repository.head, files: [], folder: place(temp, 'link') };
    assert.equal((await checkOut(repository, request)).folder, place(temp));
    assert.equal(readFileSync(join(place(temp), 'plain.txt'), 'utf8'), 'one\ntwo\n');
  });

  it('never goes where something is, or into the repository', async () => {
    const temp = everyKind();
    const before = contents(temp.top);
    mkdirSync(place(temp));
    writeFileSync(join(place(temp), 'mine'), 'mine');
    writeFileSync(place(temp, 'file'), 'mine');
    symlinkSync(join(temp.top, 'deep'), place(temp, 'link'));
    for (const [folder, name] of [
      [place(temp), 'conflict'],
      [place(temp, 'file'), 'usage'],
      [join(temp.top, 'out'), 'usage'],
      [temp.top, 'usage'],
      [place(temp, 'link'), 'usage'],
      [join(place(temp, 'link'), 'out'), 'usage'],
      [join(temp.top, '.git/out'), 'usage'],
      [place(temp, 'no/where'), 'usage'],
      ['relative', 'usage'],
    ] as const) {
      assert.equal((await refusal(temp, { folder })).name, name, folder);
    }
    assert.deepEqual(contents(temp.top), before);
    assert.deepEqual(readdirSync(place(temp)), ['mine']);
  });

  it('leaves nothing behind when it can not be written', async () => {
    const temp = everyKind();
    assert.equal((await refusal(temp, { commit: 'c0'.repeat(20) })).name, 'git-failed');
    assert.equal(existsSync(place(temp)), false);
    const files = [{ path: 'gone.txt', baseHash: '', bytes: Buffer.from('x') }];
    mkdirSync(place(temp));
    assert.match((await refusal(temp, { files })).message, /gone\.txt/u);
    assert.deepEqual(readdirSync(place(temp)), []);
    const outside = [{ path: '../escape', baseHash: '', bytes: Buffer.from('x') }];
    assert.equal((await refusal(temp, { files: outside })).name, 'path-refused');
    const linked = [{ path: 'link', baseHash: '', bytes: Buffer.from('x') }];
    assert.equal((await refusal(temp, { files: linked })).name, 'path-refused');
  });
});
