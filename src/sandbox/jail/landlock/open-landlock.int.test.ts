// A jail of Landlock in the kernel: what gets out of it, with all walls and without each of them.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { COMMAND_LIMITS } from '#sandbox/limits.ts';
import type { Groups } from '../cgroup/cgroup.ts';
import type { JailBackend, Jailed, JailEnd, JailRequest } from '../jail.ts';
import { landlockVersion } from './landlock-version.ts';
import { openLandlock } from './open-landlock.ts';
import type { LandlockOptions } from './open-landlock.ts';

const LIMIT_MS = 30_000;
const WAYS = ['unshare', 'plain'] as const;

const version = process.platform === 'linux' ? landlockVersion() : { problem: 'this is not Linux' };
const skip =
  typeof version !== 'number'
    ? version.problem
    : version < 6 && 'the scope of signals of Landlock is missing: needs Linux 6.12';

let work = '';
let serial = 0;
const newMark = (): string => `landlock-test-${process.pid}-${(serial += 1)}`;

before(() => {
  work = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'skein-landlock-')));
});
after(() => fs.rmSync(work, { recursive: true, force: true }));

/** Control groups that hold nothing: what they would end has to be ended without them. */
const HOLLOW: Groups = {
  version: 'v2',
  limits: { memory: false, processes: true },
  open: () => ({
    joinFiles: [],
    usage: () => ({ cpuMs: null, peakBytes: null, oom: false }),
    kill: () => {},
    remove: () => true,
  }),
};

async function open(options: LandlockOptions): Promise<JailBackend> {
  const backend = await openLandlock(options);
  assert.ok(!('problem' in backend), JSON.stringify(backend));
  return backend;
}

const request = (script: string, more: Partial<JailRequest> = {}): JailRequest => ({
  argv: ['sh', '-c', script],
  cwd: work,
  environment: {},
  mounts: [{ source: work, target: work, access: 'write' }],
  limits: COMMAND_LIMITS,
  stdio: ['ignore', 'pipe', 'pipe'],
  ...more,
});

interface Done extends JailEnd {
  readonly output: string;
}

async function run(backend: JailBackend, asked: JailRequest): Promise<Done> {
  const jailed = backend.start(asked);
  let output = '';
  jailed.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  jailed.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const end = await jailed.ended;
  return { ...end, output };
}

/** Attempts of the probe that came through. */
async function through(options: LandlockOptions): Promise<readonly string[]> {
  const report = await (await open(options)).probe();
  assert.ok(report.attempts.length > 0, report.problem ?? '');
  return report.attempts.filter(({ held }) => !held).map(({ attack }) => attack);
}

const marked = (mark: string): string[] =>
  fs.readdirSync('/proc').filter((pid) => {
    try {
      return fs.readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0').includes(mark);
    } catch {
      return false;
    }
  });

async function until(what: () => boolean): Promise<void> {
  for (const end = Date.now() + LIMIT_MS; Date.now() < end; await wait(10)) if (what()) return;
  assert.fail('it did not come');
}

/** A daemon of its own session, known by its mark. */
const daemon = (mark: string): string =>
  `(setsid sh -c 'sleep 600; :' ${mark} > /dev/null 2>&1 &);`;

for (const way of WAYS) {
  describe(`a jail of Landlock, ${way}`, { skip }, () => {
    test('nothing gets out of it', async () => {
      const backend = await open({ way });
      const report = await backend.probe();
      assert.equal(report.problem, null);
      assert.ok(report.holds);
    });

    test('a program ends as it does outside', async () => {
      const backend = await open({ way });
      assert.equal((await run(backend, request('exit 3'))).exitCode, 3);
      const killed = await run(backend, request('kill -TERM $$'));
      assert.deepEqual([killed.exitCode, killed.signal], [null, 'SIGTERM']);
      const lost = await run(backend, { ...request(''), argv: ['no-such-program'] });
      assert.equal(lost.exitCode, 127);
      const own = await run(backend, request('exit 0', { cwd: '/no/such/folder' })).catch(
        (cause: unknown) => cause,
      );
      assert.equal((own as Error).name, 'sandbox-failed');
    });

    test('it sees the environment of the request, and temporary files of its own', async () => {
      const backend = await open({ way });
      const script = 'env; echo kept > $TMPDIR/file && cat $TMPDIR/file; cat /proc/1/environ';
      const { output } = await run(backend, request(script, { environment: { GIVEN: 'yes' } }));
      const names = output.match(/^\w+(?==)/gm)?.toSorted();
      const known = ['GIT_CONFIG_GLOBAL', 'GIT_CONFIG_NOSYSTEM', 'GIVEN', 'HOME', 'OPENSSL_CONF'];
      assert.deepEqual(names, [...known, 'PATH', 'PWD', 'TMPDIR']);
      assert.match(output, /^kept$/m);
      const folder = /^TMPDIR=(.*)$/m.exec(output)?.[1] ?? '';
      assert.match(folder, /skein-jail-/);
      assert.equal(fs.existsSync(folder), false);
    });

    test('it writes its folder, and changes neither a file outside nor its mode', async () => {
      const outside = path.join(os.tmpdir(), newMark());
      fs.writeFileSync(outside, 'before', { mode: 0o600 });
      const script = `echo a > in; mkdir f; mv in f/in; chmod 777 ${outside}; echo > ${outside}`;
      const modeOf = (): number => fs.statSync(outside).mode & 0o777;
      try {
        await run(await open({ way }), request(script));
        assert.equal(fs.readFileSync(path.join(work, 'f/in'), 'utf8'), 'a\n');
        assert.equal(fs.readFileSync(outside, 'utf8'), 'before');
        assert.equal(modeOf(), 0o600);
        if (way === 'unshare') return;
        await run(await open({ way, without: ['seccomp'] }), request(script));
        assert.equal(modeOf(), 0o777, 'the twin');
      } finally {
        fs.rmSync(outside);
        fs.rmSync(path.join(work, 'f'), { recursive: true });
      }
    });

    test('limits hold: memory, file size, processor time, processes', async () => {
      const backend = await open({ way });
      const few = { ...COMMAND_LIMITS, memoryBytes: 64 * 1024 * 1024, fileBytes: 1000 };
      const tail = 'head -c 200000000 /dev/zero | tail > /dev/null; echo $?';
      const memory = await run(backend, request(tail, { limits: few, memory: 'address' }));
      assert.doesNotMatch(memory.output, /^0$/m);
      await run(backend, request('head -c 5000 /dev/zero > big', { limits: few }));
      assert.equal(fs.statSync(path.join(work, 'big')).size, 1000);
      const short = { ...COMMAND_LIMITS, cpuMs: 1000 };
      const busy = await run(backend, request('while :; do :; done', { limits: short }));
      assert.ok(busy.signal !== null);
      const script = 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 0.2 & done; wait; echo all';
      const limits = { ...COMMAND_LIMITS, processes: 6 };
      assert.doesNotMatch((await run(backend, request(script, { limits }))).output, /^all$/m);
      assert.match((await run(backend, request(script))).output, /^all$/m);
    });

    test('killed at any moment, nothing is left of it', async () => {
      const backend = await open({ way, groups: HOLLOW });
      const mark = newMark();
      const folders = (): string[] =>
        fs.readdirSync(os.tmpdir()).filter((name) => ownFolders.includes(name));
      const known = new Set(fs.readdirSync(os.tmpdir()));
      let ownFolders: string[] = [];
      for (const delayMs of [0, 5, 20, 40, 60, 80, 100, 150]) {
        const jailed = backend.start(request(`${daemon(mark)} ${daemon(mark)} sleep 600`));
        ownFolders = ownFolders.concat(
          fs
            .readdirSync(os.tmpdir())
            .filter((name) => name.startsWith('skein-jail-') && !known.has(name)),
        );
        await wait(delayMs);
        await Promise.all([jailed.kill(), jailed.kill()]);
        assert.deepEqual(marked(mark), []);
        const end = await jailed.ended;
        assert.equal(end.exitCode, null);
      }
      assert.ok(ownFolders.length > 0);
      await until(() => folders().length === 0);
    });

    test('a keeper that somebody kills takes all with it', async () => {
      const mark = newMark();
      const jailed: Jailed = (await open({ way, groups: HOLLOW })).start(
        request(`${daemon(mark)} sleep 600`),
      );
      await until(() => marked(mark).length > 0);
      jailed.child.kill('SIGKILL');
      assert.equal((await jailed.ended).signal, 'SIGKILL');
      await until(() => marked(mark).length === 0);
    });

    test('it dies with Skein', async () => {
      const mark = newMark();
      const code = `
        const { openLandlock } = await import(${JSON.stringify(new URL('open-landlock.ts', import.meta.url).href)});
        const backend = await openLandlock({ way: '${way}' });
        backend.start(${JSON.stringify(request(`${daemon(mark)} sleep 600`))});
        setInterval(() => {}, 1000);
      `;
      const host = spawn(process.execPath, ['--input-type=module', '--eval', code], {
        stdio: 'ignore',
      });
      await until(() => marked(mark).length > 0);
      host.kill('SIGKILL');
      await once(host, 'exit');
      await until(() => marked(mark).length === 0);
      const left = (): boolean =>
        fs.readdirSync(os.tmpdir()).some((name) => name.startsWith(`skein-jail-${host.pid}-`));
      assert.ok(left());
      await open({ way });
      assert.ok(!left());
    });

    test(
      'an ordinary user has it as well',
      {
        skip: process.getuid?.() !== 0 && 'only root can become another user',
      },
      () => {
        const code = `
        const { openLandlock } = await import(${JSON.stringify(new URL('open-landlock.ts', import.meta.url).href)});
        const backend = await openLandlock({ way: '${way}' });
        console.log(JSON.stringify('problem' in backend ? backend : await backend.probe()));
      `;
        const user = ['--reuid=65534', '--regid=65534', '--clear-groups'];
        const argv = [...user, process.execPath, '--input-type=module', '--eval', code];
        const done = spawnSync('setpriv', argv, { encoding: 'utf8', timeout: LIMIT_MS });
        const report = JSON.parse(done.stdout) as { readonly problem: string | null };
        assert.equal(report.problem, null, done.stdout + done.stderr);
      },
    );
  });
}

describe('without a wall', { skip }, () => {
  const OUT = ['read-file-outside', 'write-file-outside', 'signal-host'];
  const includes = (found: readonly string[], expected: readonly string[]): void => {
    for (const name of expected) assert.ok(found.includes(name), `${name}: ${found.join(' ')}`);
  };

  test('without rules and sweep a program reads, writes and kills outside', async () => {
    includes(await through({ way: 'plain', without: ['landlock', 'sweep'], groups: HOLLOW }), [
      ...OUT,
      'leave-daemon',
    ]);
  });

  test('without rules only the namespaces are left', async () => {
    const found = await through({ way: 'unshare', without: ['landlock'] });
    includes(found, ['read-file-outside']);
    assert.ok(!found.includes('signal-host'));
  });

  test('without the filter a Unix socket can be reached, and a namespace be made', async () => {
    const found = await through({ way: 'plain', without: ['seccomp'] });
    includes(found, [...(Number(version) < 9 ? ['connect-unix'] : []), 'nest-namespaces']);
    assert.ok(!found.includes('connect-tcp') && !found.includes('connect-abstract'));
  });

  test('without both there is a network', async () => {
    const found = await through({ way: 'plain', without: ['landlock', 'seccomp', 'sweep'] });
    includes(found, ['connect-tcp', 'connect-unix', 'connect-abstract']);
  });

  test('without the sweep a daemon is left', async () => {
    assert.deepEqual(await through({ way: 'plain', without: ['sweep'], groups: HOLLOW }), [
      'leave-daemon',
    ]);
  });

  test('a folder in a folder may be kept from being written, where there are mounts', async () => {
    const inner = path.join(work, '.git');
    fs.mkdirSync(inner);
    const mounts = request('').mounts;
    const kept = [...mounts, { source: inner, target: inner, access: 'read' as const }];
    const backend = await open({ way: 'unshare' });
    await run(backend, request('echo > .git/config', { mounts: kept }));
    assert.deepEqual(fs.readdirSync(inner), []);
    await run(backend, request('echo > .git/config', { mounts }));
    assert.deepEqual(fs.readdirSync(inner), ['config']);
  });
});
