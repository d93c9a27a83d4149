/** What a run may leave and what is refused, on a disk and in memory; nothing it leaves is an error. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { sha256 } from '#lib/sha256.ts';
import { readFolder, stateOf } from './folder-state.ts';
import { takeOutput, type TakenOutput } from './take-output.ts';
import { walkFolder } from './walk-folder.ts';

const LIMITS = { outFiles: 50, outBytes: 10_000, fileBytes: 1_000 };
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));
let folder: string;
let root: string;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'skein-output-'));
  root = path.join(folder, 'work');
  fs.mkdirSync(root);
  fs.writeFileSync(path.join(folder, 'secret'), 'secret');
});

afterEach(() => fs.rmSync(folder, { recursive: true }));

const at = (name: string): string => path.join(root, name);
function write(name: string, text: string | Uint8Array = name): void {
  fs.mkdirSync(path.dirname(at(name)), { recursive: true });
  fs.writeFileSync(at(name), text);
}

/** What is taken after `run` has changed the folder. */
async function taken(run: () => void, limits: Partial<typeof LIMITS> = {}): Promise<TakenOutput> {
  const before = await readFolder(root);
  run();
  return takeOutput({ before, after: { folder: root }, limits: { ...LIMITS, ...limits } });
}
const refusedPaths = ({ refused }: TakenOutput): string[] => refused.map((file) => file.path);
const changedPaths = ({ changed }: TakenOutput): string[] => changed.map((file) => file.path);

describe('a folder', () => {
  it('gives what was added, changed and deleted, with content', async () => {
    for (const name of ['same', 'old', 'gone', 'deep/gone']) write(name);
    const output = await taken(() => {
      write('old', 'new');
      write('deep/er/added', '');
      fs.rmSync(at('gone'));
      fs.rmSync(at('deep/gone'));
    });
    const hash = sha256;
    assert.deepEqual(output, {
      changed: [
        {
          path: 'deep/er/added',
          change: 'added',
          before: null,
          after: hash(''),
          content: bytes(''),
        },
        {
          path: 'deep/gone',
          change: 'deleted',
          before: hash('deep/gone'),
          after: null,
          content: null,
        },
        { path: 'gone', change: 'deleted', before: hash('gone'), after: null, content: null },
        {
          path: 'old',
          change: 'changed',
          before: hash('old'),
          after: hash('new'),
          content: bytes('new'),
        },
      ],
      refused: [],
    });
  });

  it('gives no link, and nothing from behind one', async () => {
    write('kept');
    write('a/b');
    const output = await taken(() => {
      fs.symlinkSync('../secret', at('link'));
      fs.symlinkSync('..', at('linked'));
      fs.rmSync(at('a'), { recursive: true });
      fs.symlinkSync('..', at('a'));
    });
    assert.deepEqual(output.changed, []);
    assert.deepEqual(refusedPaths(output), ['a', 'link', 'linked']);
    assert.equal(fs.readFileSync(at('linked/secret'), 'utf8'), 'secret', 'the links do lead there');
  });

  it('gives no pipe, socket, hard link, or file that runs as somebody', async () => {
    write('two', 'x');
    const output = await taken(() => {
      execFileSync('mkfifo', [at('pipe')]);
      fs.linkSync(path.join(folder, 'secret'), at('hard'));
      write('setuid');
      fs.chmodSync(at('setuid'), 0o4755);
      write('two', 'y');
      fs.linkSync(at('two'), at('two-too'));
    });
    assert.deepEqual(output.changed, []);
    assert.deepEqual(refusedPaths(output), ['hard', 'pipe', 'setuid', 'two', 'two-too']);
  });

  it('gives nothing of .git and no settings, at any depth', async () => {
    write('.git/config');
    write('a/.vscode/tasks.json');
    const output = await taken(() => {
      write('.git/hooks/pre-commit');
      write('sub/.GIT/config');
      write('.claude/settings.json');
      fs.rmSync(at('a/.vscode/tasks.json'));
      write('src/fine');
    });
    assert.deepEqual(changedPaths(output), ['src/fine']);
    const refused = ['.claude/settings.json', 'a/.vscode/tasks.json', 'sub/.GIT'];
    assert.deepEqual(refusedPaths(output), refused);
  });

  it('is silent about links that stand as they stood, and tells of those that went', async () => {
    fs.symlinkSync('../secret', at('stays'));
    fs.symlinkSync('../secret', at('turns'));
    fs.symlinkSync('../secret', at('goes'));
    const output = await taken(() => {
      fs.rmSync(at('turns'));
      fs.symlinkSync('/etc', at('turns'));
      fs.rmSync(at('goes'));
    });
    assert.deepEqual([changedPaths(output), refusedPaths(output)], [[], ['goes', 'turns']]);
  });

  it('gives names of other bytes, or too long ones, no way', async () => {
    const output = await taken(() => {
      fs.writeFileSync(Buffer.concat([Buffer.from(at('x')), Buffer.from([0xff])]), '');
      write('new\nline');
      write('back\\slash');
      write('é');
    });
    assert.deepEqual(changedPaths(output), ['é']);
    assert.deepEqual(refusedPaths(output), ['back\\slash', 'new\nline', 'x\ufffd']);
  });

  it('reads a path no longer than can be', async () => {
    const deep = 'd'.repeat(200);
    const output = await taken(() => {
      // from the inside out: no call here may name all of it
      write('nest/f');
      for (let level = 0; level < 30; level += 1) {
        fs.mkdirSync(at('next'));
        fs.renameSync(at('nest'), at(`next/${deep}`));
        fs.renameSync(at('next'), at('nest'));
      }
    });
    assert.deepEqual(changedPaths(output), []);
    assert.equal(output.refused.length, 1);
    execFileSync('rm', ['-rf', at('nest')]);
  });
});

describe('limits of a folder', () => {
  it('refuse one that is too large, however little it takes on the disk', async () => {
    write('was', 'x');
    const output = await taken(() => {
      write('ok', 'x'.repeat(1_000));
      write('large', 'x'.repeat(1_001));
      for (const name of ['sparse', 'was']) fs.truncateSync((write(name), at(name)), 2 ** 40);
    });
    assert.deepEqual(changedPaths(output), ['ok']);
    assert.deepEqual(refusedPaths(output), ['large', 'sparse', 'was']);
  });

  it('refuse what is too many or too much together, naming the limit', async () => {
    const fill = (): void => {
      for (let i = 0; i < 9; i += 1) write(`f${i}`, 'x'.repeat(100));
    };
    const few = await taken(fill, { outFiles: 3 });
    assert.deepEqual(changedPaths(few), ['f0', 'f1', 'f2']);
    assert.match(few.refused[0]?.reason ?? '', /outFiles/);
    assert.deepEqual(refusedPaths(few), ['f3', 'f4', 'f5', '.']);
    fs.rmSync(root, { recursive: true });
    fs.mkdirSync(root);
    const little = await taken(fill, { outBytes: 250 });
    assert.deepEqual(changedPaths(little), ['f0', 'f1']);
    assert.match(little.refused[0]?.reason ?? '', /outBytes/);
  });

  it('end a walk through a flood of files', async () => {
    for (let i = 0; i < 20; i += 1) write(`d${i}/f`);
    assert.equal((await walkFolder(root, { maxEntries: 10 })).isWhole, false);
    assert.equal((await walkFolder(root, { maxEntries: 40 })).isWhole, true);
  });
});

describe('files from a program in memory', () => {
  const before = stateOf([
    { path: 'a', content: bytes('a') },
    { path: 'b', content: bytes('b') },
  ]);
  const take = (
    files: readonly [string, string][],
    deleted: string[] = [],
  ): Promise<TakenOutput> => {
    const sent = files.map(([name, text]) => ({ path: name, content: bytes(text) }));
    return takeOutput({ before, after: { files: sent, deleted }, limits: LIMITS });
  };

  it('give what differs', async () => {
    const output = await take(
      [
        ['a', 'a'],
        ['c', 'c'],
      ],
      ['b'],
    );
    assert.deepEqual(
      output.changed.map(({ path: name, change }) => [name, change]),
      [
        ['b', 'deleted'],
        ['c', 'added'],
      ],
    );
  });

  it('may have no path that leads out or is a setting, to write or to delete', async () => {
    const bad = ['../x', '/etc/x', 'x/../../y', '.git/config', 'x\0', '..\\x', '.Envrc', '', 'a:b'];
    const output = await take(
      bad.map((name) => [name, 'x']),
      ['../z', 'never'],
    );
    assert.deepEqual(output.changed, []);
    assert.deepEqual(refusedPaths(output), [...bad, '../z', 'never'].toSorted());
  });

  it('may not come twice, nor lie below a file', async () => {
    const output = await take([
      ['c', '1'],
      ['c', '2'],
      ['a/x', 'x'],
      ['c/x/y', 'y'],
    ]);
    assert.deepEqual(changedPaths(output), ['c']);
    assert.deepEqual(refusedPaths(output), ['a/x', 'c', 'c/x/y']);
    assert.deepEqual(changedPaths(await take([['a/x', 'x']], ['a'])), ['a', 'a/x']);
  });

  it('may be no flood of refusals', async () => {
    const names = Array.from({ length: 1_000 }, (_, i): [string, string] => [`../${i}`, '']);
    const output = await take([...names, [`/${'x'.repeat(100_000)}`, '']]);
    assert.equal(output.refused.length, LIMITS.outFiles + 1);
    assert.ok(JSON.stringify(output).length < 10_000);
  });
});
