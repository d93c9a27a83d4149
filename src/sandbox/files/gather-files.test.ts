/** Reading a project's files: those asked for, and nothing by way of a link; each wall has its twin. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { sha256 } from '#lib/sha256.ts';
import { gatherFiles, type GatherRequest } from './gather-files.ts';

const LIMITS = { inFiles: 100, inBytes: 10_000, fileBytes: 1_000 };
let folder: string;
let root: string;

before(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'skein-gather-'));
  root = path.join(folder, 'project');
  for (const name of ['project/src/deep', 'project/.git', 'project/modules', 'outside']) {
    fs.mkdirSync(path.join(folder, name), { recursive: true });
  }
  const write = (name: string, text: string): void =>
    fs.writeFileSync(path.join(folder, name), text);
  write('project/a.txt', 'a');
  write('project/src/b.ts', 'b');
  write('project/src/deep/c.ts', 'c');
  write('project/.git/config', 'token');
  write('project/modules/d.js', 'd');
  write('outside/secret', 'secret');
  fs.chmodSync(path.join(root, 'a.txt'), 0o755);
  fs.symlinkSync('../outside/secret', path.join(root, 'link.txt'));
  fs.symlinkSync('../outside', path.join(root, 'linked'));
});

after(() => fs.rmSync(folder, { recursive: true }));

const gather = (
  include: GatherRequest['include'],
  more: Partial<GatherRequest> = {},
): Promise<readonly { readonly path: string }[]> =>
  gatherFiles(root, { include, limits: LIMITS, ...more });
const pathsOf = (files: readonly { readonly path: string }[]): string[] =>
  files.map((file) => file.path);
const pin = (name: string, text: string) => ({ path: name, sha256: sha256(text) });
const all = (): boolean => true;

describe('files chosen by a test', () => {
  it('are all regular files it takes, without .git and links', async () => {
    const expected = ['a.txt', 'modules/d.js', 'src/b.ts', 'src/deep/c.ts'];
    assert.deepEqual(pathsOf(await gather(all)), expected);
    assert.equal(fs.readFileSync(path.join(root, 'linked/secret'), 'utf8'), 'secret');
  });

  it('come with content and whether they run', async () => {
    const [file] = await gatherFiles(root, { include: (name) => name === 'a.txt', limits: LIMITS });
    assert.deepEqual(file, { path: 'a.txt', content: Uint8Array.from([97]), executable: true });
  });

  it('leave out folders', async () => {
    const looked: string[] = [];
    const exclude = (name: string): boolean => {
      looked.push(name);
      return name === 'src' || name === 'modules';
    };
    assert.deepEqual(pathsOf(await gather(all, { exclude })), ['a.txt']);
    assert.ok(!looked.includes('src/deep'), 'what lies below is not even listed');
  });
});

describe('files named with their content', () => {
  it('are read when it is theirs', async () => {
    const files = await gather([pin('src/b.ts', 'b'), pin('a.txt', 'a')]);
    assert.deepEqual(pathsOf(files), ['a.txt', 'src/b.ts']);
  });

  it('are an error that names them when it is another', async () => {
    await assert.rejects(gather([pin('src/b.ts', 'B')]), {
      name: 'conflict',
      message: /src\/b\.ts/,
    });
    await assert.rejects(gather([pin('gone', '')]), { name: 'not-found', message: /gone/ });
  });

  it('are refused by way of a link, in .git, and outside', async () => {
    const names = ['link.txt', 'linked/secret', '.git/config', '../outside/secret', 'src'];
    for (const name of [...names, path.join(folder, 'outside/secret')]) {
      await assert.rejects(gather([pin(name, 'secret')]), { name: 'path-refused' }, name);
    }
  });
});

describe('a named pipe', () => {
  it('is refused, not waited for', async () => {
    execFileSync('mkfifo', [path.join(root, 'pipe')]);
    await assert.rejects(gather([pin('pipe', '')]), { name: 'path-refused' });
  });
});

describe('limits', () => {
  const limits = (some: object) => ({ limits: { ...LIMITS, ...some } });

  it('are named', async () => {
    const refusal = (name: string) => ({ name: 'limit-reached', details: { limit: name } });
    await assert.rejects(gather(all, limits({ inFiles: 3 })), refusal('inFiles'));
    await assert.rejects(gather(all, limits({ inBytes: 3 })), refusal('inBytes'));
    await assert.rejects(gather(all, limits({ fileBytes: 0 })), refusal('fileBytes'));
    assert.equal((await gather(all, limits({ inFiles: 4, inBytes: 4, fileBytes: 1 }))).length, 4);
  });

  it('hold for files that are not as large as they say', async () => {
    const request = { include: () => true, limits: LIMITS };
    // its size is told as 0
    await assert.rejects(
      gatherFiles('/proc/self/net', { ...request, limits: { ...LIMITS, inBytes: 10 } }),
      { name: 'limit-reached' },
    );
  });
});
