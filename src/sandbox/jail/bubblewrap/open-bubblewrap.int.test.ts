/** What everybody relies on: a jailed program runs, answers, and gets nothing that it was not given. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { text } from 'node:stream/consumers';
import { COMMAND_LIMITS } from '#sandbox/limits.ts';
import type { JailBackend, JailEnd, JailRequest } from '../jail.ts';
import { openBubblewrap } from './open-bubblewrap.ts';

const opened = await openBubblewrap();
const skip = 'problem' in opened ? `${opened.problem}. ${opened.fix}` : false;
const backend = opened as JailBackend;

const request = (argv: readonly string[], more: Partial<JailRequest> = {}): JailRequest => ({
  argv,
  cwd: '/tmp',
  environment: {},
  mounts: [],
  limits: COMMAND_LIMITS,
  stdio: ['ignore', 'pipe', 'pipe'],
  ...more,
});

interface Finished {
  readonly out: string;
  readonly error: string;
  readonly end: JailEnd;
}

async function run(argv: readonly string[], more: Partial<JailRequest> = {}): Promise<Finished> {
  const jailed = backend.start(request(argv, more));
  const [out, error, end] = await Promise.all([
    jailed.stdout === null ? '' : text(jailed.stdout),
    jailed.stderr === null ? '' : text(jailed.stderr),
    jailed.ended,
  ]);
  return { out, error, end };
}

/** An empty file without a name, which stands for what a program must not have. */
const LOOSE = /\/skein-jail-[\w-]+ \(deleted\)$/u;

describe('a jail of bubblewrap', { skip }, () => {
  it('runs a program and tells its output and exit code', async () => {
    const { out, error, end } = await run(['sh', '-c', 'echo out; echo error >&2; exit 7']);
    assert.equal(out, 'out\n');
    assert.equal(error, 'error\n');
    assert.deepEqual([end.exitCode, end.signal, end.oom], [7, null, false]);
  });

  it('answers 127 with a line on stderr for a program that is not there', async () => {
    const { error, end } = await run(['no-such-program']);
    assert.equal(end.exitCode, 127);
    assert.match(error, /no-such-program.*No such file/);
  });

  it('rejects a start whose folders are not there', async () => {
    const mounts = [{ source: '/no/such/folder', target: '/work', access: 'read' }] as const;
    const jailed = backend.start(request(['true'], { mounts }));
    await assert.rejects(jailed.ended, { name: 'sandbox-failed', message: /no\/such\/folder/ });
  });

  it('gives exactly the environment of the request, also to the first process', async () => {
    process.env['SKEIN_TEST_SECRET'] = 'canary-in-the-environment';
    const { out } = await run(['env'], { environment: { 'odd.name': `it's\na "value"` } });
    const all = await run(['cat', '/proc/1/environ', '/proc/1/cmdline', '/proc/self/environ']);
    delete process.env['SKEIN_TEST_SECRET'];
    assert.deepEqual(out.split('\n').toSorted().slice(1), [
      'HOME=/tmp',
      'PATH=/usr/local/bin:/usr/bin:/bin',
      'TMPDIR=/tmp',
      'a "value"',
      "odd.name=it's",
    ]);
    assert.doesNotMatch(all.out, /canary|\/work|\/root|\/home/);
  });

  it('hands on no descriptor that Skein was started with', async () => {
    const script = (start: string): string => `
      import { spawn } from 'node:child_process';
      import { openBubblewrap } from '${import.meta.resolve('./open-bubblewrap.ts')}';
      import { COMMAND_LIMITS as limits } from '${import.meta.resolve('#sandbox/limits.ts')}';
      const argv = ['sh', '-c', 'ls -l /proc/self/fd'];
      const stdio = ['ignore', 1, 2];
      ${start}`;
    const open = async (start: string): Promise<readonly string[]> => {
      const args = ['--input-type=module', '--eval', script(start)];
      const at = (descriptor: number) => ([1, 20].includes(descriptor) ? 'pipe' : 'ignore');
      const stdio: StdioOptions = Array.from({ length: 21 }, (_, descriptor) => at(descriptor));
      const child = spawn(process.execPath, args, { stdio });
      const out = child.stdout === null ? '' : await text(child.stdout);
      return out.split('\n').flatMap((line) => /20 -> (.*)$/.exec(line)?.[1] ?? []);
    };
    const jailed = await open(`(await openBubblewrap()).start({ argv, cwd: '/tmp', environment: {},
      mounts: [], limits, stdio });`);
    assert.match(jailed.join(), LOOSE);
    // The twin: what Node starts by itself has it.
    const plain = await open('spawn(argv[0], argv.slice(1), { stdio });');
    assert.match(plain.join(), /^(socket|pipe):/);
  });

  it('leaves a program nothing open but the standard streams', async () => {
    const { out } = await run(['sh', '-c', 'ls -l /proc/self/fd']);
    const open = out
      .split('\n')
      .flatMap((line) => /(\d+) -> (.*)$/.exec(line)?.slice(1, 3).join(' ') ?? [])
      .filter((line) => !/^[012] |\/proc\/\d+\/fd$/.test(line) && !LOOSE.test(line));
    assert.deepEqual(open, []);
  });

  it('kills all at any time, and says so every time', async () => {
    const early = backend.start(request(['sleep', '1000']));
    await Promise.all([early.kill(), early.kill()]);
    assert.equal((await early.ended).signal, 'SIGKILL');
    await early.kill();

    const late = backend.start(request(['sh', '-c', 'echo on; exec sleep 1000']));
    if (late.stdout !== null) await once(late.stdout, 'data');
    await late.kill();
    assert.equal((await late.ended).signal, 'SIGKILL');
  });
});
