/** T1 within a jail (T1+): the same programs and the same probe, behind both walls. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openBubblewrap } from '#sandbox/jail/bubblewrap/open-bubblewrap.ts';
import type { SandboxRequest } from '#sandbox/sandbox.ts';
import { openDeno } from './open-deno.ts';
import type { DenoTier } from './open-deno.ts';
import { findRuntimeFiles } from './runtime/runtime-files.ts';

const found = findRuntimeFiles();
const jail = await openBubblewrap();
const missing = 'problem' in found ? found : jail;
const skip = 'problem' in missing ? `${missing.problem}. ${missing.fix}` : false;

// kept between test runs: what is built there costs 15 s of processor time, and is checked at each use
const CACHE = path.resolve(import.meta.dirname, '../../../node_modules/.cache/skein-sandbox');

const code = (language: 'python' | 'typescript', source: string): SandboxRequest['program'] => ({
  type: 'code',
  language,
  source,
});

describe('a Deno process in a jail', { skip }, () => {
  let tier: DenoTier;
  before(async () => {
    assert.ok(!('problem' in jail));
    const opened = await openDeno({ cacheFolder: CACHE, pool: 1, jail });
    assert.ok(!('problem' in opened));
    tier = opened;
  });
  after(() => tier.close());

  it('is T1+: two walls, and both are named', () => {
    assert.ok(!('problem' in jail));
    const { tier: name, mechanism, strength, walls } = tier.enclosure;
    assert.deepEqual([name, mechanism, strength], ['T1+', 'deno in bubblewrap', 'double']);
    for (const wall of [...jail.walls, 'no-permissions']) assert.ok(walls.includes(wall), wall);
  });

  it('runs programs with files, tools and output', async () => {
    const files = [{ path: 'a.txt', content: new TextEncoder().encode('a') }];
    const callTool = async (name: string): Promise<unknown> => name;
    const inPython = await tier.run({
      program: code(
        'python',
        'import tools\nopen("a.txt", "a").write("b"); print(tools.call("t"))\n3',
      ),
      files,
      callTool,
    }).result;
    assert.deepEqual(
      [inPython.stderr.text, inPython.stdout.text, inPython.value],
      ['', 't\n', '3'],
    );
    assert.deepEqual(
      inPython.changed.map(({ path: name }) => name),
      ['a.txt'],
    );
    const inScript = await tier.run({
      program: code('typescript', 'console.log(await tools.call("t")); export default 3 as number'),
      callTool,
    }).result;
    assert.deepEqual([inScript.stdout.text, inScript.value], ['t\n', '3']);
  });

  it('keeps the limits, from outside and by the jail', async () => {
    const [loop, memory] = await Promise.all([
      tier.run({ program: code('python', 'while True: pass'), limits: { wallMs: 500 } }).result,
      tier.run({
        program: code('typescript', 'const a = []; for (;;) a.push(new Uint8Array(1e6).fill(1))'),
        limits: { memoryBytes: 128 * 2 ** 20, wallMs: 60_000, cpuMs: 60_000 },
      }).result,
    ]);
    assert.deepEqual([loop.status, memory.status], ['timeout', 'memory']);
  });

  it('counts Python as it does without a jail', async () => {
    const program = code('python', 'sum(range(1000))');
    const deterministic = { seed: 1, timeMs: 0 };
    const bare = await openDeno({ cacheFolder: CACHE, pool: 0 });
    assert.ok(!('problem' in bare));
    const request = { program, deterministic };
    const [one, other] = [await tier.run(request).result, await bare.run(request).result];
    await bare.close();
    assert.deepEqual([one.status, one.value], ['ok', '499500'], one.stderr.text);
    assert.ok((one.fuel ?? 0) > 0);
    assert.equal(one.fuel, other.fuel);
  });

  it('holds against every attempt of the probe', async () => {
    const report = await tier.probe();
    assert.deepEqual(
      report.attempts.filter(({ held }) => !held),
      [],
    );
    assert.equal(report.holds, true);
  });
});
