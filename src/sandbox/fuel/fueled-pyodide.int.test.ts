/** Python with fuel, in real Deno processes: exact from run to run, and no handler outlives its end. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { FUEL_EXPORT } from './inject-fuel.ts';
import { fueledPyodide } from './fueled-pyodide.ts';
import type { FueledPyodide } from './fueled-pyodide.ts';

const require = createRequire(import.meta.url);
const DENO_PACKAGE = `@deno/${process.platform}-${process.arch}${process.platform === 'linux' ? '-glibc' : ''}`;

function folderOf(name: string): string | null {
  try {
    return path.dirname(require.resolve(`${name}/package.json`));
  } catch {
    return null;
  }
}

const deno = folderOf(DENO_PACKAGE);
const pyodide = folderOf('pyodide');
const skip =
  deno === null || pyodide === null
    ? `${DENO_PACKAGE} or pyodide is not installed: npm install --include=optional`
    : false;

interface Told {
  readonly value: string;
  readonly error: string;
  readonly used: string;
  readonly isOver: boolean;
}

const cache = mkdtempSync(path.join(tmpdir(), 'skein-fuel-'));
const memory = path.join(cache, 'memory.bin');
const FIXTURE = path.join(import.meta.dirname, 'python-fixture.ts');
const FLAGS = ['--no-remote', '--no-npm', '--no-config', '--no-prompt', '--no-lock', '--quiet'];
const LIMIT_MS = 120_000;
let fueled: FueledPyodide;

async function python(program: string, limit = ''): Promise<string> {
  const read = `--allow-read=${cache},${import.meta.dirname}`;
  const { stdout } = await promisify(execFile)(
    path.join(deno ?? '', 'deno'),
    ['run', ...FLAGS, read, `--allow-write=${cache}`, FIXTURE].concat(
      [fueled.folder, fueled.counterExport, memory],
      [program, limit],
    ),
    { env: { DENO_DIR: '/dev/null/none', NO_COLOR: '1' }, timeout: LIMIT_MS },
  );
  return stdout;
}

// What Pyodide says about its end comes before the last line.
const run = async (program: string, limit: number): Promise<Told> =>
  JSON.parse((await python(program, String(limit))).trim().split('\n').at(-1) ?? '') as Told;

describe('Python with fuel', { skip }, () => {
  before(async () => {
    fueled = await fueledPyodide(pyodide ?? '', cache);
    await python('make');
  });
  after(() => rmSync(cache, { recursive: true }));

  const PROGRAM = `
import json, random, time
def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
words = {str(n): n for n in range(3000)}
json.dumps([fib(15), random.random(), time.time(), sorted(words)[:3], len({*words})])`;

  it('the same program uses the same fuel, each time in a process of its own', async () => {
    const seen = new Set<string>();
    for (let time = 0; time < 5; time += 1) {
      seen.add(JSON.stringify(await run(PROGRAM, Number.MAX_SAFE_INTEGER)));
    }
    assert.equal(seen.size, 1, [...seen].join('\n'));
    const { value, used, isOver } = JSON.parse([...seen][0] ?? '') as Told;
    assert.deepEqual([isOver, JSON.parse(value).length], [false, 5]);
    const more = await run(PROGRAM.replace('fib(15)', 'fib(16)'), Number.MAX_SAFE_INTEGER);
    assert.ok(Number(more.used) > Number(used), 'more work uses more');
  });

  const CATCHING = (rounds: string): string => `
count = 0
while ${rounds}:
    try:
        while ${rounds}:
            count += 1
    except BaseException:
        pass
count`;

  it('a limit ends a loop that catches all; with enough fuel the same loop ends by itself', async () => {
    const endless = await run(CATCHING('True'), 300_000_000);
    assert.deepEqual([endless.isOver, endless.value], [true, '']);
    assert.ok(Number(endless.used) < 301_000_000);
    const finite = await run(CATCHING('count < 1000'), 300_000_000);
    assert.deepEqual([finite.isOver, finite.value, finite.error], [false, '1000', '']);
  });

  it('is made once, and whole', async () => {
    const other = path.join(cache, 'other');
    const [one, two] = await Promise.all([1, 2].map(() => fueledPyodide(pyodide ?? '', other)));
    assert.deepEqual(one, two);
    assert.deepEqual(readdirSync(other), [path.basename(one?.folder ?? '')], 'no draft is left');
    assert.ok(existsSync(path.join(one?.folder ?? '', 'pyodide.asm.wasm')));
    assert.equal(one?.counterExport, FUEL_EXPORT);
  });
});
