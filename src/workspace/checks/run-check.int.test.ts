/** Checks as real processes: what they see, how they end, and that nothing of them stays. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { tempFolder } from '#workspace/fixtures/temp-repository.ts';
import type { CheckResult } from './check.ts';
import { runCheck, type CheckRun } from './run-check.ts';

const cwd = tempFolder();

const run = (command: string, more: Partial<CheckRun> = {}): Promise<CheckResult> =>
  runCheck({ cwd, check: { name: 'test', command }, startedAt: 42, ...more });

/** Waits until `file` has a pid in it, and returns the pid. */
async function pidIn(file: string): Promise<number> {
  for (let tries = 0; tries < 3_000; tries += 1) {
    const text = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
    if (text !== '') return Number(text);
    await sleep(20);
  }
  throw new Error(`no pid in ${file}`);
}

function isAlive(pid: number): boolean {
  try {
    // a dead process that nobody waited for is dead all the same
    const state = execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
    return !state.startsWith('Z');
  } catch {
    return false;
  }
}

async function isGone(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 3_000 && isAlive(pid); tries += 1) await sleep(20);
  return !isAlive(pid);
}

test('exit code, output in order, times and bytes are told', async () => {
  const chunks: Buffer[] = [];
  const result = await run('echo one; echo two >&2; echo three > /dev/stderr; exit 3', {
    onOutput: (chunk) => chunks.push(chunk),
  });
  assert.equal(result.exitCode, 3);
  assert.equal(result.signal, null);
  assert.equal(result.output, 'one\ntwo\nthree\n');
  assert.equal(result.outputBytes, 14);
  assert.equal(Buffer.concat(chunks).toString(), result.output);
  assert.equal(result.startedAt, 42);
  assert.deepEqual([result.timedOut, result.cancelled], [false, false]);
  assert.equal((await run('kill -KILL $$')).signal, 'SIGKILL');
});

test('it sees PATH and LANG only, a home and a temp folder of its own, no terminal', async () => {
  process.env['SECRET_TOKEN'] = 'secret';
  process.env['GIT_DIR'] = '/nowhere';
  process.env['LANG'] = 'de_DE.UTF-8';
  const { output } = await run(
    'env; echo HERE; pwd; tty; touch "$HOME/x" "$TMPDIR/y"; ls -A "$HOME"',
  );
  delete process.env['GIT_DIR'];
  const variables = new Map(
    output.split('\n').map((line): [string, string] => {
      const [name = '', ...value] = line.split('=');
      return [name, value.join('=')];
    }),
  );
  assert.equal(variables.get('PATH'), process.env['PATH']);
  assert.equal(variables.get('LANG'), 'de_DE.UTF-8');
  assert.equal(variables.get('CI'), '1');
  assert.equal(variables.get('TERM'), 'dumb');
  assert.doesNotMatch(output, /secret|nowhere/u);
  assert.notEqual(variables.get('HOME'), process.env['HOME']);
  assert.match(output, /HERE\n.*skein-test.*\nnot a tty\nx\n/u);
  for (const name of ['HOME', 'TMPDIR']) assert.equal(existsSync(variables.get(name) ?? ''), false);
});

test('its standard input is empty', async () => {
  assert.equal((await run('cat; read -r x || echo ended')).output, 'ended\n');
});

test('of much output the end is kept and all of it counted', async () => {
  const result = await run('head -c 3000000 /dev/zero | tr "\\0" x; echo END');
  assert.equal(result.outputBytes, 3_000_004);
  assert.match(result.output, /^\[\d+ bytes before this are not kept\]\nx+END\n$/u);
  assert.ok(result.output.length < 263_000);
});

test('at its limit it is ended with its children, the deaf ones by force', async () => {
  const file = join(cwd, 'deaf');
  const command = `sh -c 'trap "" TERM; echo $$ > ${file}; sleep 100 & wait; sleep 100'; true`;
  const result = await run(command, { timeoutMs: 300 });
  assert.equal(result.timedOut, true);
  assert.notEqual(result.exitCode, 0);
  assert.equal(await isGone(await pidIn(file)), true);
});

test('what it leaves in the background is ended, and does not hold the answer back', async () => {
  const file = join(cwd, 'background');
  const result = await run(`sleep 100 & echo $! > ${file}; echo done`);
  assert.equal(result.exitCode, 0);
  assert.equal(result.output, 'done\n');
  assert.equal(await isGone(await pidIn(file)), true);
  assert.ok(result.durationMs < 20_000);
});

test('aborting ends it, also before it begins', async () => {
  const abort = new AbortController();
  const file = join(cwd, 'abort');
  const running = run(`echo $$ > ${file}; sleep 100`, { signal: abort.signal });
  const pid = await pidIn(file);
  abort.abort();
  const result = await running;
  assert.deepEqual([result.cancelled, result.timedOut, result.exitCode], [true, false, null]);
  assert.equal(await isGone(pid), true);
  assert.equal((await run('sleep 100', { signal: abort.signal })).cancelled, true);
});

test('when Skein itself is killed, the check goes too', async () => {
  const file = join(cwd, 'orphan');
  const script = join(cwd, 'parent.ts');
  const module = new URL('./run-check.ts', import.meta.url).href;
  writeFileSync(
    script,
    `import { runCheck } from ${JSON.stringify(module)};
     await runCheck({ cwd: ${JSON.stringify(cwd)}, startedAt: 0,
       check: { name: 'x', command: 'echo $$ > ${file}; sleep 100; sleep 100' } });`,
  );
  const parent = spawn(process.execPath, [script], {
    stdio: 'ignore',
    // what the killed one can't clear up is removed with our folder
    env: { ...process.env, TMPDIR: cwd },
  });
  const pid = await pidIn(file);
  assert.equal(isAlive(pid), true);
  parent.kill('SIGKILL');
  assert.equal(await isGone(pid), true);
});

test('a folder that is missing is an error, a program that is missing a result', async () => {
  await assert.rejects(run('true', { cwd: join(cwd, 'none') }), { name: 'workspace-failed' });
  assert.equal((await run('no-such-program-here')).exitCode, 127);
});

test('many at once keep their outputs apart', async () => {
  const numbers = [1, 2, 3, 4, 5, 6, 7, 8];
  const results = await Promise.all(numbers.map((number) => run(`echo ${number}; exit ${number}`)));
  assert.deepEqual(
    results.map(({ exitCode }) => exitCode),
    numbers,
  );
  assert.deepEqual(
    results.map(({ output }) => output.trim()),
    numbers.map(String),
  );
});
