/** What everybody relies on: a guest runs a program, answers, and gets nothing that it was not given. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { PROXY_SOCKET } from '#sandbox/jail/jail.ts';
import type { Jailed, JailRequest } from '#sandbox/jail/jail.ts';
import { guests, noGuests, runScript, scriptRequest } from './guest-fixture.ts';
import { reachKernel } from './own-kernel.ts';

const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'skein-guest-')));
after(() => fs.rmSync(folder, { recursive: true }));

const work = path.join(folder, 'work');
fs.mkdirSync(path.join(work, '.git'), { recursive: true });
fs.writeFileSync(path.join(work, '.git/config'), 'old');
fs.writeFileSync(path.join(folder, 'secret'), 'canary');
fs.symlinkSync(path.join(folder, 'secret'), path.join(work, 'link'));
const writable = { source: work, target: work, access: 'write' } as const;

describe('a guest of gVisor', { skip: noGuests }, () => {
  it('holds against all attempts to get out, on a kernel of its own', async () => {
    const report = await guests.probe();
    assert.deepEqual(
      report.attempts.filter(({ held }) => !held),
      [],
    );
    assert.deepEqual([report.holds, report.problem], [true, null]);
    assert.equal(report.attempts.at(-1)?.attack, 'reach-host-kernel');
    assert.deepEqual([report.enclosure.tier, report.enclosure.strength], ['T3', 'machine']);
  });

  it('runs a program and tells its output and exit code', async () => {
    const { out, error, end } = await runScript('echo out; echo error >&2; exit 7');
    assert.deepEqual([out, error], ['out\n', 'error\n']);
    assert.deepEqual([end.exitCode, end.signal, end.oom], [7, null, false]);
    const killed = await runScript('kill -9 $$');
    assert.equal(killed.end.exitCode, 137);
  });

  it('hands the input on, to its end', async () => {
    const guest = guests.start(scriptRequest('wc -c', {}, { stdio: ['pipe', 'pipe', 'ignore'] }));
    guest.stdin?.end('x'.repeat(300_000));
    let out = '';
    guest.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()));
    await guest.ended;
    assert.equal(out.trim(), '300000');
  });

  it('answers 127 with a line on stderr for a program that is not there', async () => {
    const { error, end } = await runScript('', {}, { argv: ['no-such-program'] });
    assert.equal(end.exitCode, 127);
    assert.match(error, /no-such-program.*No such file/);
  });

  it('is no guest when its folders are not there, which a program can not feign', async () => {
    const mounts = [{ source: '/no/such/folder', target: '/work', access: 'read' }] as const;
    const guest = guests.start(scriptRequest('true', {}, { mounts }));
    await assert.rejects(guest.ended, { name: 'sandbox-failed', message: /no\/such\/folder/ });
    const feigned = await runScript('echo \'{"msg":"creating container: no"}\' >&2; exit 128');
    assert.equal(feigned.end.exitCode, 128);
  });

  it('has exactly the environment of the request, and no open file of Skein', async () => {
    process.env['SKEIN_TEST_SECRET'] = 'canary-in-the-environment';
    const environment = { 'odd.name': `it's\na "value"` };
    const { out } = await runScript('', {}, { argv: ['env'], environment });
    const all = await runScript('cat /proc/[0-9]*/environ; echo $(echo /proc/self/fd/*)');
    delete process.env['SKEIN_TEST_SECRET'];
    assert.deepEqual(out.split('\n').toSorted().slice(1), [
      'HOME=/tmp',
      'PATH=/usr/local/bin:/usr/bin:/bin',
      'TMPDIR=/tmp',
      'a "value"',
      "odd.name=it's",
    ]);
    assert.doesNotMatch(all.out, /canary|\/root|\/home|\/proc\/self\/fd\/[4-9]/);
  });

  it('has no capability, also as user 0 of its kernel', async () => {
    const { out } = await runScript('grep ^Cap /proc/self/status; (exec 3> /dev/new) || echo held');
    const sets = [...out.matchAll(/^Cap(\w+):\s+([0-9a-f]+)$/gm)].map(([, , bits]) => bits);
    assert.ok(sets.length > 0, out);
    assert.deepEqual(new Set(sets), new Set(['0000000000000000']));
    assert.match(out, /held/);
  });

  it('sees the folder it is given, to be written, and nothing beside it', async () => {
    const script = 'echo new > file; cat link ../secret; echo over > ../beside; echo *; id -u';
    const { out } = await runScript(script, {}, { cwd: work, mounts: [writable] });
    assert.equal(out, `file link\n${process.getuid?.()}\n`);
    assert.equal(fs.readFileSync(path.join(work, 'file'), 'utf8'), 'new\n');
    assert.equal(fs.statSync(path.join(work, 'file')).uid, process.getuid?.());
    assert.deepEqual(fs.readdirSync(folder).toSorted(), ['secret', 'work']);
  });

  it('sees a folder to be read in one to be written, whatever the order', async () => {
    const git = path.join(work, '.git');
    const mounts: JailRequest['mounts'] = [{ source: git, target: git, access: 'read' }, writable];
    const bad = 'echo bad > .git/config; echo bad > .git/hook; mv .git old; rm -rf .git; echo on';
    assert.equal((await runScript(bad, {}, { cwd: work, mounts })).out, 'on\n');
    assert.equal(fs.readFileSync(path.join(git, 'config'), 'utf8'), 'old');
    assert.deepEqual(fs.readdirSync(git), ['config']);
    // The twin: without that mount it is written.
    await runScript('echo bad > .git/config', {}, { cwd: work, mounts: [writable] });
    assert.equal(fs.readFileSync(path.join(git, 'config'), 'utf8'), 'bad\n');
  });

  it('reaches a socket of the host only when it is the proxy', async () => {
    const server = net.createServer((socket) => socket.end('hello'));
    const proxySocket = path.join(work, 'proxy');
    server.listen(proxySocket);
    await once(server, 'listening');
    const node = fs.realpathSync(process.execPath);
    const mounts = [writable, { source: node, target: node, access: 'read' }] as const;
    const connect = (to: string, more: Partial<JailRequest>) => {
      const program = `require('net').connect('${to}').on('error', (e) => console.log(e.code)).pipe(process.stdout)`;
      const environment = { OPENSSL_CONF: '/dev/null' };
      return runScript('', {}, { argv: [node, '--eval', program], mounts, environment, ...more });
    };
    assert.match((await connect(proxySocket, {})).out, /^E[A-Z]+\n$/);
    assert.equal((await connect(PROXY_SOCKET, { proxySocket })).out, 'hello');
    server.close();
  });
});

describe('the question for a kernel of its own', { skip: process.platform !== 'linux' }, () => {
  it('finds the kernel of the host where there is no guest, and does not take silence for one', async () => {
    const plain = (argv: readonly string[]) => (request: JailRequest) => {
      const [program = '', ...args] = argv.length > 0 ? argv : request.argv;
      const child = spawn(program, args, { stdio: [...request.stdio] });
      const end = { exitCode: 0, signal: null, oom: false, cpuMs: null, peakBytes: null };
      const ended = once(child, 'close').then(() => end);
      const kill = async (): Promise<void> => void child.kill('SIGKILL');
      return { child, stdin: null, stdout: child.stdout, stderr: null, ended, kill } as Jailed;
    };
    assert.equal((await reachKernel({ start: plain([]) })).held, false);
    const silent = await reachKernel({ start: plain(['true']) });
    assert.deepEqual([silent.held, silent.detail], [false, 'the attempt could not be made']);
  });
});
