/** QuickJS in its own process: what a program gets, how it ends, and that it is exact. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { SkeinError } from '#protocol/errors.ts';
import { fueledCopy } from '#sandbox/fuel/fueled-copy.ts';
import type { SandboxEvent, SandboxRequest, SandboxResult } from '#sandbox/sandbox.ts';
import { openQuickjs } from './open-quickjs.ts';
import type { QuickjsTier } from './quickjs.ts';

const folder = mkdtempSync(join(tmpdir(), 'skein-quickjs-'));
let tier: QuickjsTier;
before(async () => {
  tier = await openQuickjs({ cacheFolder: folder, pool: 1 });
});
after(async () => {
  await tier.close();
  rmSync(folder, { recursive: true });
});

type More = Omit<SandboxRequest, 'program'> & { readonly args?: readonly string[] };
const requestOf = (source: string, { args, ...more }: More = {}): SandboxRequest => ({
  program: {
    type: 'code',
    language: 'javascript',
    source,
    ...(args === undefined ? {} : { args }),
  },
  ...more,
});
const run = (source: string, more?: More): Promise<SandboxResult> =>
  tier.run(requestOf(source, more)).result;
const MEGABYTE = 1024 * 1024;

describe('a program', () => {
  it('gives the value of its last expression as JSON, and its output', async () => {
    const result = await run(
      'print("a", { b: 1 }); console.error("c"); const n = 20; [n * 2, "ö"]',
    );
    assert.equal(result.status, 'ok');
    assert.equal(result.exitCode, 0);
    assert.equal(result.value, '[40,"ö"]');
    assert.equal(result.stdout.text, 'a {"b":1}\n');
    assert.equal(result.stderr.text, 'c\n');
    assert.ok((result.fuel ?? 0) > 0, 'fuel is measured without a limit, too');
    assert.ok((result.peakBytes ?? 0) > MEGABYTE);
    assert.equal(result.enclosure.tier, 'T0');
  });

  it('finds input, args and files, and can change none of the files', async () => {
    const files = [
      { path: 'a/b.txt', content: Buffer.from('text') },
      { path: 'raw', content: Uint8Array.of(255, 254) },
    ];
    const source = `files['a/b.txt'] = 'other'; delete files.raw;
      [input.n, args, files['a/b.txt'], files.raw instanceof Uint8Array, [...files.raw], Object.keys(files)]`;
    const result = await run(source, { files, args: ['x', 'y'], stdin: Buffer.from('{"n":7}') });
    assert.equal(
      result.value,
      '[7,["x","y"],"text",true,[255,254],["a/b.txt","raw"]]',
      result.stderr.text,
    );
    assert.deepEqual(result.changed, []);
  });

  it('may await, and fails when it waits for nothing', async () => {
    assert.equal((await run('const v = await Promise.resolve(3); v + 1')).value, '4');
    assert.equal((await run('Promise.resolve(3)')).value, '3');
    assert.equal((await run('await new Promise(() => {})')).status, 'error');
  });

  it('may have types, when it is TypeScript', async () => {
    const typescript = (source: string): Promise<SandboxResult> =>
      tier.run({ program: { type: 'code', language: 'typescript', source } }).result;
    assert.equal((await typescript('const n: number = 4; n as unknown')).value, '4');
    const bad = await typescript('enum A { b }');
    assert.equal(bad.status, 'error');
    assert.match(bad.stderr.text, /enum/);
    assert.equal((await run('const n: number = 4')).status, 'error', 'JavaScript may not');
  });

  it('has no value when JSON can say none', async () => {
    for (const source of ['undefined', '(() => 1)', 'let x = 1', 'Symbol("s")']) {
      const { status, value } = await run(source);
      assert.deepEqual([status, value], ['ok', null], source);
    }
  });

  it('that fails says why, and shows nothing of the host', async () => {
    const thrown = await run('function f() { throw new TypeError("not so") }\nf()');
    assert.deepEqual([thrown.status, thrown.exitCode], ['error', 1]);
    assert.match(thrown.stderr.text, /TypeError: not so\n.*at f .*program\.js:1/s);
    assert.doesNotMatch(thrown.stderr.text, /file:|node:|\/work|virtual-machine/);
    assert.match((await run('let x = ;')).stderr.text, /SyntaxError/);
    assert.equal((await run('throw null')).stderr.text, 'Uncaught null\n');
    assert.equal((await run('({ toJSON() { throw 1 } })')).status, 'error');
    const odd = 'throw Object.defineProperty(new Error(), "name", { get() { throw 1 } })';
    assert.equal((await run(odd)).status, 'error');
  });

  it('recurses without end into an error of its own', async () => {
    const source = 'const f = () => f() + 1; try { f() } catch (error) { error.name }';
    assert.equal((await run(source)).value, '"RangeError"');
    const parse = await run('try { JSON.parse("[".repeat(1e6)) } catch (error) { error.name }');
    assert.equal(parse.value, '"RangeError"');
  });
});

describe('the limits of a run', () => {
  it('fuel, also against a program that catches all', async () => {
    const source =
      'print("before"); for (;;) { try { for (;;) {} } catch {} finally { continue } }';
    const result = await run(source, { limits: { fuel: 20_000_000 } });
    assert.deepEqual([result.status, result.exitCode, result.fuel], ['fuel', null, 20_000_000]);
    assert.equal(result.stdout.text, 'before\n');
  });

  it('fuel to the instruction: what was used is enough, one less is not', async () => {
    const deterministic = { seed: 1, timeMs: 0 };
    const source = 'let s = 0; for (let n = 0; n < 1000; n += 1) s += n; s';
    const { fuel } = await run(source, { deterministic });
    const exact = await run(source, { deterministic, limits: { fuel: fuel ?? 0 } });
    assert.deepEqual([exact.status, exact.fuel], ['ok', fuel]);
    const less = await run(source, { deterministic, limits: { fuel: (fuel ?? 0) - 1 } });
    assert.equal(less.status, 'fuel');
  });

  it('wall time and processor time, also in native code that looks at no clock', async () => {
    const loop = await run('print(1); for (;;) {}', { limits: { wallMs: 200 } });
    assert.deepEqual([loop.status, loop.stdout.text], ['timeout', '1\n']);
    assert.ok((loop.fuel ?? 0) > 0);
    const cpu = await run('for (;;) {}', { limits: { cpuMs: 100, wallMs: 30_000 } });
    assert.equal(cpu.status, 'timeout');
    const native = 'Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)';
    const killed = await run(native, { limits: { wallMs: 200 } });
    assert.deepEqual([killed.status, killed.signal], ['timeout', 'SIGKILL']);
    const regex = await run('/^(a+)+$/.test("a".repeat(50) + "b")', { limits: { wallMs: 200 } });
    assert.equal(regex.status, 'timeout');
  });

  it('memory, by many things or one; a program may catch it and go on', async () => {
    const limits = { memoryBytes: 16 * MEGABYTE };
    const many = await run('const all = []; for (;;) all.push(new Uint8Array(1e6))', { limits });
    assert.deepEqual([many.status, many.exitCode], ['memory', null]);
    assert.ok((many.peakBytes ?? 0) <= 20 * MEGABYTE, String(many.peakBytes));
    assert.equal((await run('new Uint8Array(1e9)', { limits })).status, 'memory');
    const caught = 'try { new Uint8Array(1e9) } catch { 5 }';
    assert.deepEqual((await run(caught, { limits })).value, '5');
    const larger = await run('new Uint8Array(3e8).length', {
      limits: { memoryBytes: 400 * MEGABYTE },
    });
    assert.equal(larger.value, '300000000');
  });

  it('output: head and tail are kept, eight times as much ends it, and so does a large value', async () => {
    const limits = { outputBytes: 1_000 };
    const kept = await run('for (let n = 0; n < 500; n += 1) print(n)', { limits });
    assert.equal(kept.status, 'ok');
    assert.equal(kept.stdout.totalBytes, 1_890);
    assert.match(kept.stdout.text, /^0\n1\n.*\[890 bytes here are not kept\].*499\n$/s);
    const flood = await run('for (;;) print("x".repeat(500))', { limits });
    assert.equal(flood.status, 'output');
    assert.ok(flood.stdout.totalBytes <= 9_000);
    assert.equal((await run('"x".repeat(2000)', { limits })).status, 'output');
  });

  it('a kill, a signal, and the close of the tier', async () => {
    const endless = requestOf('print("on"); for (;;) {}', { limits: { wallMs: 60_000 } });
    const killed = tier.run(endless);
    for await (const event of killed.events) if (event.type === 'started') void killed.kill();
    assert.equal((await killed.result).status, 'killed');
    const aborted = tier.run({ ...endless, signal: AbortSignal.abort() });
    assert.equal((await aborted.result).status, 'killed');
    const other = await openQuickjs({ cacheFolder: folder, pool: 0 });
    const running = other.run(endless);
    for await (const event of running.events) if (event.type === 'started') void other.close();
    assert.equal((await running.result).status, 'killed');
    await assert.rejects(other.run(endless).result, { name: 'sandbox-failed' });
  });

  it('refuses what QuickJS can not do', async () => {
    const command: SandboxRequest = { program: { type: 'command', argv: ['true'] } };
    await assert.rejects(tier.run(command).result, { name: 'usage' });
    await assert.rejects(run('1', { stdin: Buffer.from('no json') }), { name: 'usage' });
    await assert.rejects(run('1', { network: { allow: [] } }), { name: 'usage' });
    await assert.rejects(run('1', { limits: { wallMs: 0 } }), { name: 'usage' });
  });
});

describe('what happens is told', () => {
  it('in order, as it happens', async () => {
    const started = tier.run(requestOf('print("a"); print("b")', { limits: { outputBytes: 10 } }));
    const events: SandboxEvent[] = [];
    for await (const event of started.events) events.push(event);
    assert.deepEqual(
      events.map(({ type }) => type),
      ['started', 'stdout'],
    );
    const flood = tier.run(requestOf('for (;;) print("xxxxxxx")', { limits: { outputBytes: 10 } }));
    const types: string[] = [];
    for await (const event of flood.events) types.push(event.type);
    assert.equal(types.at(-1), 'limit-hit');
  });
});

describe('before the start', () => {
  it("somebody may wait, and hears what holds it; what that throws is the run's error", async () => {
    const order: string[] = [];
    const held = tier.run(
      requestOf('print(1)', {
        beforeStart: async ({ tier: name }, { wallMs }) => {
          await Promise.resolve();
          order.push(`${name} ${wallMs}`);
        },
      }),
    );
    for await (const event of held.events) order.push(event.type);
    assert.deepEqual(order, ['T0 10000', 'started', 'stdout']);
    const refused = tier.run(
      requestOf('print(1)', {
        beforeStart: () => Promise.reject(new SkeinError('storage-failed', 'Cannot write: full')),
      }),
    );
    const events: SandboxEvent[] = [];
    for await (const event of refused.events) events.push(event);
    await assert.rejects(refused.result, { name: 'storage-failed' });
    assert.deepEqual(events, [], 'nothing ran');
  });
});

describe('exactness', () => {
  const source = `const o = {}; for (let n = 0; n < 300; n += 1) o['k' + Math.random()] = new Date();
    print(Object.keys(o).length, Date.now(), performance.now(), performance.timeOrigin, /(a+)+b/.test('aaaaaaaac'));
    [new Date().toString(), Math.random(), [3, 1, 2].sort()]`;

  it('the same program and input use the same fuel over 20 runs, each in a process of its own', async () => {
    const deterministic = { seed: 7, timeMs: 1_700_000_000_000 };
    const seen = new Set<string>();
    for (let time = 0; time < 20; time += 1) {
      const { fuel, value, stdout } = await run(source, { deterministic });
      seen.add(JSON.stringify([fuel, value, stdout]));
    }
    assert.equal(seen.size, 1, [...seen].join('\n'));
    assert.match([...seen][0] ?? '', /1700000000000 0 [0-9]+ false/);
    const other = await run(source, { deterministic: { ...deterministic, seed: 8 } });
    assert.ok(
      !seen.has(JSON.stringify([other.fuel, other.value, other.stdout])),
      'the seed counts',
    );
  });

  it('without it, chance and time are real', async () => {
    const [one, two] = [
      await run('[Math.random(), Date.now()]'),
      await run('[Math.random(), Date.now()]'),
    ];
    const [[chance, time], [otherChance]] = [one, two].map(({ value }) =>
      JSON.parse(value ?? ''),
    ) as [[number, number], [number, number]];
    assert.notEqual(chance, otherChance);
    assert.ok(Math.abs(time - Date.now()) < 3_600_000);
  });
});

describe('evaluate', () => {
  const options = { seed: 1, timeMs: 5, fuel: 10_000_000 };

  it('is pure in its arguments, whatever ran before in its process', async () => {
    const rule = 'input.files.every((file) => !file.startsWith(".git/")) && Date.now() === 5';
    const first = await tier.evaluate(rule, { files: ['a', 'b'] }, options);
    assert.deepEqual([first.status, first.value], ['ok', 'true']);
    await tier.evaluate('Array.prototype.every = () => false; globalThis.x = 1', null, options);
    const all = await Promise.all(
      Array.from({ length: 20 }, () => tier.evaluate(rule, { files: ['a', 'b'] }, options)),
    );
    for (const evaluation of all) assert.deepEqual(evaluation, first);
    const inRun = await run(rule, {
      stdin: Buffer.from('{"files":["a","b"]}'),
      deterministic: { seed: 1, timeMs: 5 },
    });
    assert.equal(inRun.fuel, first.fuel, 'a run counts as an evaluation does');
  });

  it('ends at its fuel, and the next one has its own', async () => {
    const endless = await tier.evaluate('for (;;) {}', null, options);
    assert.deepEqual([endless.status, endless.fuel], ['fuel', options.fuel]);
    const failed = await tier.evaluate('undefinedName', null, options);
    assert.equal(failed.status, 'error');
    assert.match(failed.error, /ReferenceError/);
    assert.equal((await tier.evaluate('1', undefined, options)).value, '1');
    await assert.rejects(tier.evaluate('1', null, { ...options, fuel: 0 }), { name: 'usage' });
  });
});

describe('the probe', () => {
  it('finds that it holds', async () => {
    const report = await tier.probe();
    assert.deepEqual(
      report.attempts.filter(({ held }) => !held),
      [],
    );
    assert.ok(report.holds && report.enclosure.mechanism === 'quickjs');
  });

  it('sees a wall that is gone: without its process nothing holds', async () => {
    const closed = await openQuickjs({ cacheFolder: folder, pool: 0 });
    await closed.close();
    const report = await closed.probe();
    assert.ok(!report.holds && report.problem !== null && report.fix !== null);
  });
});

it('the copy with fuel is made once', async () => {
  const binary = new URL(import.meta.resolve('quickjs-wasi/quickjs.wasm'));
  const [one, two] = await Promise.all([1, 2].map(() => fueledCopy(binary.pathname, folder)));
  assert.equal(one, two);
});
