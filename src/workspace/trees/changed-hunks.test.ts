/** Hunks between trees: exact lines and places, whatever the person's settings and attributes. */
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { tempRepository, type TempRepository } from '#workspace/fixtures/temp-repository.ts';
import { openRepository } from '#workspace/git/open-repository.ts';
import { listHunks, type Hunk, type TreeChanges } from './changed-hunks.ts';

type Content = string | Uint8Array;

/** What changed from the first commit of `temp` to one with `files` written. */
async function change(
  temp: TempRepository,
  files: Readonly<Record<string, Content>>,
  paths?: readonly string[],
): Promise<TreeChanges> {
  const repository = await openRepository(temp.top);
  for (const [path, content] of Object.entries(files)) temp.write(path, content);
  temp.commit();
  return listHunks(repository, repository.head, 'HEAD', paths);
}

const changeText = (before: Content, after: Content): Promise<TreeChanges> =>
  change(tempRepository({ 'a.txt': before }), { 'a.txt': after });

const hunk = (oldStart: number, oldLines: string[], newStart: number, newLines: string[]): Hunk => {
  return { path: 'a.txt', oldStart, oldLines, newStart, newLines };
};

const CASES: readonly (readonly [string, string, string, readonly Hunk[]])[] = [
  ['a line', 'a\nb\nc\n', 'a\nB\nc\n', [hunk(2, ['b\n'], 2, ['B\n'])]],
  ['lines before all', 'a\n', 'x\ny\na\n', [hunk(1, [], 1, ['x\n', 'y\n'])]],
  ['a line in between', 'a\nb\n', 'a\nx\nb\n', [hunk(2, [], 2, ['x\n'])]],
  ['a line after all', 'a\n', 'a\nx\n', [hunk(2, [], 2, ['x\n'])]],
  ['a line less', 'a\nb\nc\n', 'a\nc\n', [hunk(2, ['b\n'], 2, [])]],
  ['the first line less', 'a\nb\n', 'b\n', [hunk(1, ['a\n'], 1, [])]],
  [
    'two places',
    'a\nb\nc\n',
    'A\nb\nC\n',
    [hunk(1, ['a\n'], 1, ['A\n']), hunk(3, ['c\n'], 3, ['C\n'])],
  ],
  [
    'places that move',
    'a\nb\nc\n',
    'x\na\nb\nC\n',
    [hunk(1, [], 1, ['x\n']), hunk(3, ['c\n'], 4, ['C\n'])],
  ],
  ['an end that is lost', 'a\nb\n', 'a\nb', [hunk(2, ['b\n'], 2, ['b'])]],
  ['an end that is found', 'a\nb', 'a\nb\n', [hunk(2, ['b'], 2, ['b\n'])]],
  ['no end on both sides', 'a', 'b', [hunk(1, ['a'], 1, ['b'])]],
  ['a return', 'a\n', 'a\r\n', [hunk(1, ['a\n'], 1, ['a\r\n'])]],
  ['an empty file that is filled', '', 'a\n', [hunk(1, [], 1, ['a\n'])]],
  ['a file that is emptied', 'a\n', '', [hunk(1, ['a\n'], 1, [])]],
  ['letters of all kinds', 'é\n', '日本 \u{1f98a}\n', [hunk(1, ['é\n'], 1, ['日本 \u{1f98a}\n'])]],
  ['odd spaces', 'a\n', 'a\u2028b\fc\vd\n', [hunk(1, ['a\n'], 1, ['a\u2028b\fc\vd\n'])]],
  [
    'lines like those of a patch',
    '-- a\n',
    '++ b\n@@ -1 +1 @@\ndiff --git a/x b/x\n\\ No newline\n',
    [
      hunk(1, ['-- a\n'], 1, [
        '++ b\n',
        '@@ -1 +1 @@\n',
        'diff --git a/x b/x\n',
        '\\ No newline\n',
      ]),
    ],
  ],
];

describe('hunks of text', () => {
  for (const [name, before, after, expected] of CASES) {
    it(`tell ${name}`, async () => {
      assert.deepEqual(await changeText(before, after), { hunks: expected, others: [] });
    });
  }

  it('are those of the named paths only, taken literally', async () => {
    const temp = tempRepository({ 'a.txt': 'a\n', '*.txt': 'a\n', 'b.txt': 'a\n' });
    const all = { 'a.txt': 'b\n', '*.txt': 'b\n', 'b.txt': 'b\n' };
    const { hunks } = await change(temp, all, ['*.txt', 'b.txt']);
    assert.deepEqual(
      hunks.map(({ path }) => path),
      ['*.txt', 'b.txt'],
    );
  });

  it('have paths with any name', async () => {
    const names = [
      'with space.txt',
      'tab\t.txt',
      'line\n.txt',
      '"q".txt',
      'ü/日本.txt',
      '-x',
      'b/b',
    ];
    const temp = tempRepository(Object.fromEntries(names.map((name) => [name, 'a\n'])));
    const { hunks } = await change(temp, Object.fromEntries(names.map((name) => [name, 'b\n'])));
    assert.deepEqual(hunks.map(({ path }) => path).sort(), names.sort());
  });
});

describe('changes that are not of lines', () => {
  const kinds = ({ hunks, others }: TreeChanges): readonly string[] => [
    ...hunks.map(({ path, newLines }) => `${path} ${newLines.join('|')}`),
    ...others.map(({ path, what }) => `${path} ${what}`),
  ];

  it('are named: new, gone, mode, kind, where a link points, bytes', async () => {
    const temp = tempRepository({});
    const names = ['gone', 'run', 'both', 'became-link', 'bytes', 'latin', 'zero'];
    for (const name of names) temp.write(name, 'a\n');
    symlinkSync('run', join(temp.top, 'link'));
    temp.commit();
    rmSync(join(temp.top, 'gone'));
    rmSync(join(temp.top, 'link'));
    rmSync(join(temp.top, 'became-link'));
    symlinkSync('gone', join(temp.top, 'link'));
    symlinkSync('gone', join(temp.top, 'became-link'));
    chmodSync(join(temp.top, 'run'), 0o755);
    temp.write('both', 'b\n', 0o755);
    const found = await change(temp, {
      new: 'a\n',
      bytes: Buffer.from([0x89, 0x50, 0, 255, 10]),
      latin: Buffer.from([0xe9, 10]),
      zero: 'a\0b\n',
    });
    assert.deepEqual(kinds(found), [
      'both b\n',
      'became-link type',
      'both mode',
      'bytes binary',
      'gone deleted',
      'latin binary',
      'link link',
      'new added',
      'run mode',
      'zero binary',
    ]);
    const run = found.others.find(({ path }) => path === 'run');
    assert.deepEqual(run, { path: 'run', what: 'mode', from: '100644', to: '100755' });
  });

  it('are named when a submodule moves, also one that .gitmodules hides', async () => {
    const temp = tempRepository({ 'a.txt': 'a\n' });
    const [one, two] = ['1', '2'].map((digit) => digit.repeat(40));
    temp.write('.gitmodules', '[submodule "m"]\n\tpath = m\n\turl = x\n\tignore = all\n');
    temp.git('update-index', '--add', '--cacheinfo', `160000,${one},m`);
    temp.git('add', '.gitmodules');
    temp.git('commit', '--quiet', '-m', 'Submodule');
    const repository = await openRepository(temp.top);
    temp.git('update-index', '--cacheinfo', `160000,${two},m`);
    temp.git('commit', '--quiet', '-m', 'Move it');
    const found = await listHunks(repository, repository.head, 'HEAD');
    assert.deepEqual(found, {
      hunks: [],
      others: [{ path: 'm', what: 'submodule', from: one, to: two }],
    });
    // the twin: plain git hides it
    assert.equal(temp.git('diff-tree', '-r', repository.head, 'HEAD'), '');
  });
});

const readMark = (mark: string): string => readFileSync(mark, 'utf8');

describe('nothing of the person has a say in hunks', () => {
  it('no driver, filter, attribute, setting or program', async () => {
    const temp = tempRepository({ 'a.txt': 'a\nb\n', 'b.txt': 'a\n', 'c.bin': 'a\n' });
    const mark = join(temp.folder, 'mark');
    const program = join(temp.folder, 'program.sh');
    writeFileSync(program, `#!/bin/sh\necho ran >> ${mark}\n`);
    chmodSync(program, 0o755);
    const settings: readonly (readonly [string, string])[] = [
      ['diff.external', program],
      ['diff.mine.command', program],
      ['diff.mine.textconv', program],
      ['diff.mine.xfuncname', '.*'],
      ['diff.noprefix', 'true'],
      ['diff.renames', 'copies'],
      ['diff.context', '9'],
      ['diff.interHunkContext', '9'],
      ['diff.algorithm', 'patience'],
      ['diff.orderFile', join(temp.folder, 'order')],
      ['diff.submodule', 'log'],
      ['diff.wordRegex', '.'],
      ['diff.ignoreSubmodules', 'all'],
      ['color.ui', 'always'],
      ['color.diff', 'always'],
      ['core.quotePath', 'true'],
      ['core.bigFileThreshold', '1'],
      ['core.pager', program],
    ];
    for (const [key, value] of settings) temp.git('config', key, value);
    writeFileSync(join(temp.folder, 'order'), 'c.bin\n');
    temp.write('.git/info/attributes', 'a.txt diff=mine\nb.txt -diff\nc.bin binary\n');
    writeFileSync(join(temp.top, '.gitattributes'), '*.txt -diff\n');
    temp.git('add', '.gitattributes');
    temp.git('commit', '--quiet', '-m', 'Attributes');
    const files = { 'a.txt': 'a\nB\n', 'b.txt': 'b\n', 'c.bin': 'b\n' };
    const { hunks, others } = await change(temp, files);
    assert.deepEqual(others, []);
    assert.deepEqual(
      hunks.map(({ path, oldLines, newLines }) => [path, ...oldLines, ...newLines]),
      [
        ['a.txt', 'b\n', 'B\n'],
        ['b.txt', 'a\n', 'b\n'],
        ['c.bin', 'a\n', 'b\n'],
      ],
    );
    assert.throws(() => readMark(mark));
    // the twin: plain git runs the program
    temp.git('diff', 'HEAD~1', 'HEAD');
    assert.match(readMark(mark), /ran/u);
  });

  it('a wrong tree is an error, not an empty change', async () => {
    const repository = await openRepository(tempRepository().top);
    await assert.rejects(listHunks(repository, repository.head, '1'.repeat(40)), {
      name: 'git-failed',
    });
  });
});
