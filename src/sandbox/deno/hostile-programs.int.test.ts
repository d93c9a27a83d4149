/**
 * Programs that mean harm: they eat, flood, lie to the host or break their runtime. The host keeps its
 * word: a result that says what happened, in time, and a dead process.
 */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Language, SandboxRequest, SandboxResult, SandboxEvent } from '#sandbox/sandbox.ts';
import { openDeno } from './open-deno.ts';
import type { DenoTier } from './open-deno.ts';
import { findRuntimeFiles } from './runtime/runtime-files.ts';

const found = findRuntimeFiles();
const skip = 'problem' in found ? `${found.problem}. ${found.fix}` : false;

// kept between test runs: what is built there costs 15 s of processor time, and is checked at each use
const CACHE = path.resolve(import.meta.dirname, '../../../node_modules/.cache/skein-sandbox');

let tier: DenoTier;

const requestOf = (
  language: Language,
  source: string,
  more: Omit<SandboxRequest, 'program'> = {},
): SandboxRequest => ({ program: { type: 'code', language, source }, ...more });

const run = (
  language: Language,
  source: string,
  more: Omit<SandboxRequest, 'program'> = {},
): Promise<SandboxResult> => tier.run(requestOf(language, source, more)).result;

/** Processes of this one that are a runtime, by /proc; none elsewhere. */
function runtimes(): string[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc').filter((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return parent === String(process.pid) && stat.includes('(deno') && state !== 'Z';
    } catch {
      return false;
    }
  });
}

describe('a hostile program', { skip }, () => {
  before(async () => {
    const opened = await openDeno({ cacheFolder: CACHE, pool: 0 });
    assert.ok(!('problem' in opened));
    tier = opened;
  });
  after(async () => {
    assert.deepEqual(runtimes(), [], 'every process is dead with its result');
    await tier.close();
  });

  it('that never ends is killed: loops, loops that catch all, regular expressions', async () => {
    const limits = { limits: { wallMs: 500 } };
    const results = await Promise.all([
      run(
        'python',
        'while True:\n  try:\n    while True: pass\n  except BaseException: pass',
        limits,
      ),
      run('javascript', 'for (;;) { try { for (;;); } catch {} }', limits),
      run('javascript', '/^(a+)+$/.test("a".repeat(50) + "b")', limits),
      run('javascript', 'await new Promise((done) => setTimeout(done, 1e6))', limits),
      run('javascript', 'await new Promise(() => {})', limits),
    ]);
    for (const { status, exitCode, signal } of results) {
      assert.deepEqual([status, exitCode, signal], ['timeout', null, 'SIGKILL']);
    }
    const twin = await run('javascript', '/^(a+)+$/.test("a".repeat(5) + "b")');
    assert.equal(twin.status, 'ok');
  });

  it('that burns processor time is stopped by that limit, and a sleeper is not', async () => {
    const burn = tier.run(requestOf('javascript', 'for (;;);', { limits: { cpuMs: 300 } }));
    const events: SandboxEvent[] = [];
    for await (const event of burn.events) events.push(event);
    assert.equal((await burn.result).status, 'timeout');
    assert.deepEqual(events.at(-1), { type: 'limit-hit', limit: 'cpuMs' });
    const sleep = 'await new Promise((done) => setTimeout(done, 1000))';
    assert.equal((await run('javascript', sleep, { limits: { cpuMs: 500 } })).status, 'ok');
  });

  it('that eats memory meets its limit, whichever way', async () => {
    const limits = { limits: { memoryBytes: 128 * 2 ** 20, wallMs: 60_000, cpuMs: 60_000 } };
    const bombs: readonly (readonly [Language, string])[] = [
      ['python', 'a = []\nwhile True: a.append(bytearray(10**6))'],
      ['javascript', 'const a = []; for (;;) a.push(new Uint8Array(1e6).fill(1))'],
      [
        'javascript',
        'const a = []; for (;;) a.push(new Uint8Array(new SharedArrayBuffer(1e6)).fill(1))',
      ],
      ['javascript', 'const a = []; for (;;) a.push({ a: [a.length] })'],
      [
        'javascript',
        'const m = new WebAssembly.Memory({ initial: 1, maximum: 65536 }); for (;;) { m.grow(64); new Uint8Array(m.buffer).fill(1); }',
      ],
    ];
    for (const [language, source] of bombs) {
      const result = await run(language, source, limits);
      assert.equal(result.status, 'memory', `${source}\n${result.stderr.text}`);
      assert.ok((result.peakBytes ?? 0) < 700 * 2 ** 20, `${source} had ${result.peakBytes}`);
    }
    const twin = 'a = [bytearray(10**6) for _ in range(180)]; len(a)';
    assert.equal((await run('python', twin, limits)).status, 'memory');
    assert.equal((await run('python', twin)).value, '180');
  });

  it('that calls itself for ever fails alone', async () => {
    const inPython = await run('python', 'def f(): f()\nf()');
    assert.deepEqual([inPython.status, inPython.exitCode], ['error', 1]);
    const inScript = await run('javascript', 'const f = () => f() + 1; f()');
    assert.deepEqual([inScript.status, inScript.exitCode], ['error', 1]);
  });

  it('that floods its output is killed, and head and tail are kept', async () => {
    const limits = { limits: { outputBytes: 10_000 } };
    const flood = await run('python', 'print("head")\nwhile True: print("x" * 1000)', limits);
    assert.equal(flood.status, 'output');
    assert.ok(flood.stdout.text.length < 11_000 && flood.stdout.text.startsWith('head\n'));
    assert.ok(flood.stdout.totalBytes < 200_000, 'it is killed soon');
    const line = await run(
      'javascript',
      'for (;;) Deno.stderr.writeSync(new Uint8Array(1e5))',
      limits,
    );
    assert.equal(line.status, 'output');
    const much = await run(
      'python',
      'for i in range(2000): print("y" * 19)\nprint("tail")',
      limits,
    );
    assert.equal(much.status, 'ok');
    assert.match(much.stdout.text, /^y[^]*bytes here are not kept[^]*tail\n$/);
    assert.equal(much.stdout.totalBytes, 40_005);
  });

  it('that leaves too many or forbidden files gets the rest named', async () => {
    const limits = { limits: { outFiles: 3, outBytes: 2_000, fileBytes: 1_000 } };
    const many = await run(
      'python',
      'for i in range(5000): open(f"f{i:04}", "w").write("x")',
      limits,
    );
    assert.equal(many.changed.length, 3);
    assert.ok(many.refused.length > 3 && many.refused.length <= 1_002);
    const large = await run('javascript', 'Deno.writeFileSync("f", new Uint8Array(1001))', limits);
    assert.deepEqual([large.changed, large.refused.map((file) => file.path)], [[], ['f']]);
    const odd = await run(
      'python',
      `import os
os.makedirs(".git/hooks"); open(".git/hooks/post-commit", "w").write("x")
open("back\\\\slash", "w").write("x"); open("fine", "w").write("x")`,
    );
    assert.deepEqual(
      odd.changed.map((file) => file.path),
      ['fine'],
    );
    assert.deepEqual(odd.refused.map((file) => file.path).toSorted(), [
      '.git/hooks/post-commit',
      'back\\slash',
    ]);
  });

  it('that leaves a link gives no file of it, even if the runtime breaks', async () => {
    const result = await run(
      'python',
      'import os\nopen("a", "w").write("x")\nos.symlink("/etc/passwd", "link")',
    );
    assert.ok(!result.changed.some((file) => file.path === 'link'));
    assert.ok(result.changed.every(({ content }) => !Buffer.from(content ?? []).includes('root:')));
  });

  it('that breaks its runtime fails alone', async () => {
    const crash = 'import js\njs.Deno.exit(7)';
    const exited = await run('python', crash);
    assert.deepEqual([exited.status, exited.exitCode], ['error', 7]);
    assert.equal((await run('python', 'import os\nos.abort()')).status, 'error');
    const poison = `Object.prototype.toJSON = () => 'x'; Object.prototype.status = 'ok'; Array.prototype.push = () => { throw 1 };
Map.prototype.get = () => undefined; JSON.stringify = () => '{"exitCode":0,"value":"{","isMemory":false}'; JSON.parse = null;`;
    const poisoned = await run('javascript', poison);
    assert.ok(['ok', 'error'].includes(poisoned.status));
    assert.equal(({} as Record<string, unknown>)['status'], undefined);
  });

  it('that is killed, or whose caller goes away, is dead when it is said', async () => {
    const started = tier.run(requestOf('python', 'while True: pass'));
    for await (const event of started.events) {
      if (event.type !== 'started') continue;
      await started.kill();
      break;
    }
    assert.equal((await started.result).status, 'killed');
    const controller = new AbortController();
    const request = requestOf('python', 'while True: pass', { signal: controller.signal });
    controller.abort();
    assert.equal((await tier.run(request).result).status, 'killed');
    assert.deepEqual(runtimes(), []);
  });

  it('can ask tools for ever only within their limits', async () => {
    let calls = 0;
    const callTool = async (): Promise<unknown> => (calls += 1);
    const source =
      'for (let i = 0; i < 1500; i += 1) await tools.call("t").catch(() => 0); export default 1';
    const result = await run('javascript', source, { callTool });
    assert.deepEqual([result.status, calls], ['ok', 1_000]);
    const large = 'await tools.call("t", "x".repeat(2e6))';
    assert.match((await run('javascript', large, { callTool })).stderr.text, /too large/);
    const answers = async (): Promise<unknown> => 'x'.repeat(2e6);
    const fromHost = await run('python', 'import tools\ntools.call("t")', { callTool: answers });
    assert.match(fromHost.stderr.text, /larger than/);
  });
});

/** Writes bytes into the pipe below everything that the driver put in place. */
const raw = (bytes: string, then = ''): string => `
const { writeSync } = await import('node:fs');
const frame = (kind, text) => {
  const payload = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  const bytes = new Uint8Array(5 + payload.length);
  new DataView(bytes.buffer).setUint32(0, payload.length);
  bytes[4] = kind;
  bytes.set(payload, 5);
  return bytes;
};
const file = (path, text) => {
  const name = new TextEncoder().encode(path);
  return frame(20, new Uint8Array([name.length >> 8, name.length & 255, ...name, ...new TextEncoder().encode(text)]));
};
const all = (bytes) => { for (let at = 0; at < bytes.length;) at += writeSync(1, bytes.subarray(at)); };
for (const part of [${bytes}]) all(part);
${then}
await new Promise((done) => setTimeout(done, 1e6));`;

const END = `frame(23, '{"exitCode":0,"value":"5","isMemory":false}')`;

describe('a program that forges frames', { skip }, () => {
  before(async () => {
    const opened = await openDeno({ cacheFolder: CACHE, pool: 0 });
    assert.ok(!('problem' in opened));
    tier = opened;
  });
  after(() => tier.close());

  it('may lie about itself only: the first end counts', async () => {
    const forged = await run('javascript', raw(`${END}, frame(17, 'late'), ${END}`));
    assert.deepEqual([forged.status, forged.value, forged.stdout.text], ['ok', '5', '']);
  });

  it('fails with a frame that may not be', async () => {
    const broken = [
      `new Uint8Array([255, 255, 255, 255, 17])`,
      `new Uint8Array([0, 1, 0, 1, 17])`,
      `frame(99, 'x')`,
      `frame(16, '')`,
      `frame(1, '{}')`,
      `frame(23, '{"exitCode":"0","value":null,"isMemory":false}')`,
      `frame(23, '{"exitCode":0,"value":"not json","isMemory":false}')`,
      `frame(23, new Uint8Array([0xff, 0xfe]))`,
      `frame(20, new Uint8Array([255, 255, 1]))`,
      `frame(20, new Uint8Array([0, 2, 0xff, 0xfe, 1]))`,
      `frame(18, 'x'), frame(21, '"never given"')`,
      `frame(19, '{"id":"x","name":1}')`,
      `frame(22, '[]')`,
    ];
    for (const bytes of broken) {
      const result = await run('javascript', raw(`${bytes}, ${END}`));
      assert.deepEqual([result.status, result.value], ['error', null], bytes);
    }
  });

  it('gets no file out that has no business there', async () => {
    const paths = ['../out', '/etc/x', 'a/../../b', 'nul\\0', '.git/config', 'a//b', 'C:/x', ''];
    const frames = paths.map(
      (name) => `file(${JSON.stringify(name).replace('\\\\0', '\\u0000')}, 'x')`,
    );
    const result = await run('javascript', raw(`${frames.join(', ')}, file('fine', 'x'), ${END}`));
    assert.deepEqual(
      result.changed.map((file) => file.path),
      ['fine'],
    );
    assert.equal(result.refused.length, paths.length);
    const limits = { limits: { outBytes: 100, fileBytes: 100, outFiles: 2 } };
    const flood = await run(
      'javascript',
      raw(`file('a', 'x'), file('b', 'x'), file('c', 'x'), ${END}`),
      limits,
    );
    assert.equal(flood.status, 'error');
    const large = await run('javascript', raw(`file('a', 'x'.repeat(9000)), ${END}`), limits);
    assert.equal(large.status, 'error');
  });
});
