/** What is built is built once, whole, and again when it does not match its hashes. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { BuiltFolder } from './built-folder.ts';
import { parsePs, readProc } from './process-usage.ts';
import { dataLimit, denoArguments } from './start-process.ts';
import { denoPackage } from './runtime-files.ts';

describe('a built folder', () => {
  let root = '';
  let builds = 0;
  before(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'skein-built-'));
  });
  after(() => rm(root, { recursive: true, force: true }));

  const open = (name: string): BuiltFolder =>
    new BuiltFolder(path.join(root, name), async (folder) => {
      builds += 1;
      await writeFile(path.join(folder, 'file'), 'content');
    });

  it('is built once, by whoever comes first', async () => {
    builds = 0;
    const one = open('a');
    await Promise.all([one.ready(), one.ready(), open('a').ready(), open('a').ready()]);
    assert.equal(builds, 1);
    assert.deepEqual((await readdir(root)).toSorted(), ['a']);
  });

  it('is built again when a byte of it changed, also while it is in use', async () => {
    const one = open('b');
    await one.ready();
    builds = 0;
    await one.ready();
    assert.equal(builds, 0);
    const file = path.join(one.path, 'file');
    await writeFile(file, 'Content');
    await one.ready();
    assert.deepEqual([builds, await readFile(file, 'utf8')], [1, 'content']);
  });

  it('takes over from a builder that died, and waits for no one else', async () => {
    await writeFile(path.join(root, 'c.lock'), '2147483646');
    await open('c').ready();
    assert.ok(!(await readdir(root)).includes('c.lock'));
  });

  it('takes old ones of its kind away, and no others', async () => {
    for (const name of ['kind-1', 'kind-2', 'other-1']) await mkdir(path.join(root, name));
    for (const name of ['kind-1', 'other-1']) await utimes(path.join(root, name), 0, 0);
    await open('kind-3').ready();
    const names = (await readdir(root)).filter((name) => /^(?:kind|other)-/u.test(name));
    assert.deepEqual(names.toSorted(), ['kind-2', 'kind-3', 'other-1']);
  });

  it('that can not be built says so, and leaves no lock', async () => {
    const broken = new BuiltFolder(path.join(root, 'd'), async () => {
      throw new TypeError('no');
    });
    await assert.rejects(broken.ready());
    assert.ok(!(await readdir(root)).includes('d.lock'));
  });
});

describe('a process', () => {
  it('starts with no permission but to read what it needs to start', () => {
    const limits = { memoryBytes: 2 ** 28, cpuMs: 1, openFiles: 1, fileBytes: 1, processes: 1 };
    const launch = { script: '/x/main.js', runtime: 'javascript', args: [], limits } as const;
    const none = denoArguments({ ...launch, read: [] });
    assert.ok(!none.some((argument) => /^(--allow|-A)/.test(argument)));
    for (const flag of ['--no-remote', '--no-npm', '--no-config', '--no-prompt', '--cached-only']) {
      assert.ok(none.includes(flag), flag);
    }
    const some = denoArguments({ ...launch, read: ['/a,b', '/c'] });
    assert.deepEqual(
      some.filter((argument) => argument.startsWith('--allow')),
      ['--allow-read=/a,,b,/c'],
    );
    assert.ok(dataLimit({ runtime: 'python', limits }) > dataLimit({ ...launch }));
  });

  it('is measured, by proc or ps', () => {
    assert.deepEqual(parsePs(' 1024 1:02.50\n'), {
      cpuMs: 62_500,
      residentBytes: 2 ** 20,
      peakBytes: null,
    });
    assert.equal(parsePs(''), null);
    assert.equal(readProc(2_147_483_646), null);
    if (process.platform !== 'linux') return;
    assert.ok((readProc(process.pid)?.peakBytes ?? 0) > 2 ** 20);
  });

  it('is of the package for its system', () => {
    assert.equal(denoPackage('linux', 'x64'), '@deno/linux-x64-glibc');
    assert.equal(denoPackage('darwin', 'arm64'), '@deno/darwin-arm64');
  });
});
