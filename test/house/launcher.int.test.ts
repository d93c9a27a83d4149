/**
 * The launcher hands over to the packaged Node when the running one is too old. An old Node is
 * played by ours with another version number, and by the system's own when that is old.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ROOT } from './source-files.ts';

interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

const MAIN = `
export async function main(argv: readonly string[]): Promise<number> {
  if (argv[0] === 'kill') process.kill(process.pid, 'SIGKILL');
  if (argv[0] === 'wait') {
    process.on('SIGINT', () => process.exit(130));
    process.stdout.write('waiting\\n');
    await new Promise((resolve) => setTimeout(resolve, 20_000));
  }
  const relaunched = process.env['SKEIN_RELAUNCHED'];
  process.stdout.write(JSON.stringify({ version: process.version, argv, relaunched }));
  return Number(argv[1] ?? 0);
}
`;

// Loaded before the launcher; the process that the launcher starts is spared.
const PRETEND = `
if (!process.env.SKEIN_RELAUNCHED) {
  const versions = { ...process.versions, node: '20.20.2' };
  if (process.env.PRETEND === 'old') Object.defineProperty(process, 'versions', { value: versions });
  if (process.env.PRETEND === 'old') delete process.execve;
  if (process.env.PRETEND === 'middle') Object.defineProperty(process, 'versions', { value: versions });
}
if (process.env.PRETEND === 'windows') Object.defineProperty(process, 'platform', { value: 'win32' });
`;

let folder: string;

/** A copy of the launcher over a program that says what it was given; with or without packages. */
function install(name: string, packages: boolean): string {
  const home = path.join(folder, name);
  fs.mkdirSync(path.join(home, 'src/cli'), { recursive: true });
  fs.cpSync(path.join(ROOT, 'bin'), path.join(home, 'bin'), { recursive: true });
  fs.copyFileSync(path.join(ROOT, 'package.json'), path.join(home, 'package.json'));
  fs.writeFileSync(path.join(home, 'src/cli/main.ts'), MAIN);
  fs.writeFileSync(path.join(home, 'pretend.cjs'), PRETEND);
  if (packages) fs.symlinkSync(path.join(ROOT, 'node_modules'), path.join(home, 'node_modules'));
  return home;
}

const commandOf = (home: string, args: readonly string[]): string[] => [
  '--require',
  path.join(home, 'pretend.cjs'),
  path.join(home, 'bin/skein.js'),
  ...args,
];

function start(home: string, pretend: string, ...args: readonly string[]): Ended {
  const env = { ...process.env, PRETEND: pretend };
  const options = { env, encoding: 'utf8' } as const;
  return spawnSync(process.execPath, commandOf(home, args), options);
}

/** A Node older than 26 in PATH, if this machine has one. */
const oldNode = (process.env['PATH'] ?? '')
  .split(path.delimiter)
  .map((entry) => path.join(entry, 'node'))
  .find((node) => {
    const { stdout } = spawnSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' });
    return stdout !== null && Number.parseInt(stdout, 10) < 26;
  });

describe('the launcher', () => {
  let home: string;
  let bare: string;

  before(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'skein launcher-'));
    home = install('with packages', true);
    bare = install('without', false);
  });

  after(() => fs.rmSync(folder, { recursive: true }));

  // 'none': ours is current; 'old': it spawns; 'middle': it becomes the other by execve.
  for (const pretend of ['none', 'old', 'middle']) {
    it(`keeps arguments and exit status (${pretend})`, () => {
      const ended = start(home, pretend, 'a b', '7');
      assert.equal(ended.stderr, '');
      assert.equal(ended.status, 7);
      const said = JSON.parse(ended.stdout);
      assert.deepEqual(said.argv, ['a b', '7']);
      assert.equal(said.relaunched, undefined, 'the mark does not reach the program');
      assert.ok(Number.parseInt(said.version.slice(1), 10) >= 26);
    });

    it(`ends by the signal that ended the program (${pretend})`, () => {
      assert.equal(start(home, pretend, 'kill').signal, 'SIGKILL');
    });

    it(`passes an interrupt on (${pretend})`, async () => {
      const env = { ...process.env, PRETEND: pretend };
      const child = spawn(process.execPath, commandOf(home, ['wait']), {
        env,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(child.stdout, 'data');
      child.kill('SIGINT');
      const [status] = await once(child, 'exit');
      assert.equal(status, 130);
    });
  }

  it('works with the old Node of this machine', { skip: noOldNode() }, () => {
    const args = [path.join(home, 'bin/skein.js'), 'a', '7'];
    const ended = spawnSync(oldNode ?? '', args, { encoding: 'utf8' });
    assert.equal(ended.status, 7, ended.stderr);
    assert.ok(Number.parseInt(JSON.parse(ended.stdout).version.slice(1), 10) >= 26);
  });

  it('says what to do when no packaged Node runs here', () => {
    const ended = start(bare, 'old', 'help');
    assert.equal(ended.status, 1);
    assert.match(
      ended.stderr,
      /^skein: Cannot start: Node 20\.20\.2 is too old.*\nfix: run "npm ci"/,
    );
  });

  it('does not start itself for ever when types are not stripped', () => {
    const env = { ...process.env, NODE_OPTIONS: '--no-strip-types' };
    const args = [path.join(home, 'bin/skein.js'), 'help'];
    const ended = spawnSync(process.execPath, args, { env, encoding: 'utf8', timeout: 20_000 });
    assert.equal(ended.status, 1);
    assert.match(ended.stderr, /Cannot start: .*\nfix: take --no-strip-types out/);
  });

  it('says that Windows has to wait', () => {
    const ended = start(home, 'windows', 'help');
    assert.equal(ended.status, 1);
    assert.match(ended.stderr, /Windows is not supported yet\nfix: /);
  });

  it('runs the scripts of package.json with Node 26 first in PATH', () => {
    const args = ['--require', path.join(home, 'pretend.cjs'), path.join(home, 'bin/node.js')];
    const script = 'process.stdout.write(process.version + " " + process.env.PATH)';
    const env = { ...process.env, PRETEND: 'old' };
    const ended = spawnSync(process.execPath, [...args, '-e', script], { env, encoding: 'utf8' });
    const [version = '', first = ''] = ended.stdout.split(path.delimiter)[0]?.split(' ') ?? [];
    assert.ok(Number.parseInt(version.slice(1), 10) >= 26, ended.stderr);
    assert.ok(fs.existsSync(path.join(first, 'node')));
  });

  it('is read by old Nodes: no syntax after 2022', () => {
    for (const file of ['skein.js', 'packaged-node.js', 'node.js']) {
      const text = fs.readFileSync(path.join(ROOT, 'bin', file), 'utf8');
      assert.doesNotMatch(text, /\b(await )?using \w+ =|with \{ type:|import\.meta\.dirname/);
    }
  });
});

function noOldNode(): string | false {
  if (oldNode !== undefined) return false;
  return 'SKIPPED: no Node older than 26 in PATH; install one (nvm install 20) to run it';
}
