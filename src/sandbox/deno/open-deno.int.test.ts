/** The tier as its users meet it: programs, files, output, tools, sessions, limits. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { SkeinError } from '#protocol/errors.ts';
import type {
  InputFile,
  Language,
  SandboxEvent,
  SandboxRequest,
  SandboxResult,
} from '#sandbox/sandbox.ts';
import { openDeno } from './open-deno.ts';
import type { DenoTier } from './open-deno.ts';
import { findRuntimeFiles } from './runtime/runtime-files.ts';

const found = findRuntimeFiles();
const skip = 'problem' in found ? `${found.problem}. ${found.fix}` : false;

// kept between test runs: what is built there costs 15 s of processor time, and is checked at each use
const CACHE = path.resolve(import.meta.dirname, '../../../node_modules/.cache/skein-sandbox');

let tier: DenoTier;

type More = Omit<SandboxRequest, 'program'> & { readonly args?: readonly string[] };

function requestOf(language: Language, source: string, { args, ...more }: More): SandboxRequest {
  return { program: { type: 'code', language, source, ...(args ? { args } : {}) }, ...more };
}

const run = (language: Language, source: string, more: More = {}): Promise<SandboxResult> =>
  tier.run(requestOf(language, source, more)).result;
const python = (source: string, more?: More): Promise<SandboxResult> => run('python', source, more);
const script = (source: string, more?: More): Promise<SandboxResult> =>
  run('typescript', source, more);

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const file = (name: string, content: string): InputFile => ({ path: name, content: text(content) });
const changes = ({ changed }: SandboxResult): readonly (readonly [string, string, string])[] =>
  changed.map(({ path: name, change, content }) => [
    name,
    change,
    content === null ? '' : Buffer.from(content).toString(),
  ]);

describe('programs in a Deno process', { skip }, () => {
  before(async () => {
    const opened = await openDeno({ cacheFolder: CACHE, pool: 1 });
    assert.ok(!('problem' in opened));
    tier = opened;
  });
  after(() => tier.close());

  it('run Python: arguments, environment, input, output and the value of the last expression', async () => {
    const source = `
import os, sys
print("args", sys.argv[1:], sorted(os.environ.items()))
print(input(), sys.stdin.read().strip(), file=sys.stderr)
{"sum": sum([1, 2])}`;
    const result = await python(source, {
      args: ['a', 'b'],
      environment: { NAME: 'värde' },
      stdin: text('first\nsecond\n'),
    });
    assert.equal(result.stdout.text, "args ['a', 'b'] [('NAME', 'värde')]\n");
    assert.equal(result.stderr.text, 'first second\n');
    assert.deepEqual([result.status, result.exitCode, result.signal], ['ok', 0, null]);
    assert.deepEqual([result.value, result.fuel], ['{"sum": 3}', null]);
    assert.ok((result.peakBytes ?? 1) > 0 && (result.cpuMs ?? 0) >= 0);
  });

  it('run TypeScript: imports among its files in a circle, JSON, enums, arguments, its export', async () => {
    const source = `
import { two } from './lib/two.ts';
import data from './data.json' with { type: 'json' };
enum Colour { Red = 7 }
console.log(two, data.three, Deno.args, Deno.env.get('NAME'), process.env.NAME, Colour.Red);
console.error('to the other');
setTimeout(() => console.log('later', new TextDecoder().decode(input)), 5);
const input = new Uint8Array(3);
Deno.stdin.readSync(input);
export default { colour: Colour.Red };`;
    const result = await script(source, {
      args: ['a'],
      environment: { NAME: 'x' },
      stdin: text('abc'),
      files: [
        file('lib/two.ts', `import { one } from './one.ts'; export const two: number = one() + 1;`),
        file(
          'lib/one.ts',
          `import { two } from './two.ts'; export const one = () => (two, 1);`.replace(
            '(two, 1)',
            '1',
          ),
        ),
        file('data.json', '{"three":3}'),
      ],
    });
    assert.equal(result.stderr.text, 'to the other\n');
    assert.equal(result.stdout.text, "2 3 [ 'a' ] x x 7\nlater abc\n");
    assert.deepEqual([result.status, result.value, result.changed], ['ok', '{"colour":7}', []]);
  });

  it('end as they say: exit codes, exceptions with their place, errors of syntax', async () => {
    const [exit, failed, syntax, scriptExit, scriptFailed] = await Promise.all([
      python('import sys; print("x"); sys.exit(3)'),
      python('def f():\n  raise ValueError("deep")\nf()'),
      python('def f(:'),
      script('console.log("x"); Deno.exit(4); console.log("never")'),
      script('const a: number = 1;\nthrow new Error("deep");'),
    ]);
    assert.deepEqual([exit.status, exit.exitCode, exit.stdout.text], ['error', 3, 'x\n']);
    assert.deepEqual([failed.status, failed.exitCode], ['error', 1]);
    assert.match(
      failed.stderr.text,
      /^Traceback.*\n {2}File "main.py", line 3[^]*ValueError: deep\n$/,
    );
    assert.match(syntax.stderr.text, /SyntaxError/);
    assert.equal(syntax.exitCode, 1);
    assert.deepEqual([scriptExit.exitCode, scriptExit.stdout.text], [4, 'x\n']);
    assert.deepEqual([scriptFailed.status, scriptFailed.exitCode], ['error', 1]);
    assert.match(scriptFailed.stderr.text, /deep[^]*main\.ts:2/);
  });

  it('give back what they changed in their folder, and nothing else', async () => {
    const files = [file('kept.txt', 'kept'), file('old/gone.txt', 'x'), file('a.txt', 'a')];
    const expected = [
      ['a.txt', 'changed', 'ab'],
      ['new/b.txt', 'added', 'b'],
      ['old/gone.txt', 'deleted', ''],
    ];
    const inPython = await python(
      `import os
open("a.txt", "a").write("b")
os.makedirs("new"); open("new/b.txt", "w").write("b")
os.remove("old/gone.txt"); open("/tmp/elsewhere", "w").write("x")`,
      { files },
    );
    assert.deepEqual([inPython.stderr.text, changes(inPython)], ['', expected]);
    const inScript = await script(
      `await Deno.writeTextFile('a.txt', (await Deno.readTextFile('a.txt')) + 'b');
Deno.mkdirSync('new'); Deno.writeFileSync('/work/new/b.txt', new TextEncoder().encode('b'));
await Deno.remove('old/gone.txt');
for await (const { name } of Deno.readDir('.')) console.log(name);`,
      { files },
    );
    assert.deepEqual([inScript.stderr.text, changes(inScript)], ['', expected]);
    assert.equal(inScript.stdout.text, 'a.txt\nkept.txt\nnew\nold\n');
    assert.equal(inScript.changed[0]?.before, inPython.changed[0]?.before);
  });

  it('call tools of the host, and get its answers and its errors', async () => {
    const callTool = async (name: string, args: unknown): Promise<unknown> => {
      if (name === 'fails') throw new SkeinError('not-found', 'Cannot find it: gone');
      return { name, args };
    };
    const inPython = await python(
      `import tools
print(tools.call("add", {"a": [1, None]}), tools.search("x"), await tools.call_async("b"))
try: tools.call("fails")
except tools.ToolError as error: print(error)`,
      { callTool },
    );
    assert.equal(
      inPython.stdout.text,
      "{'name': 'add', 'args': {'a': [1, None]}} {'name': 'tools.search', 'args': {'query': 'x'}} " +
        "{'name': 'b', 'args': None}\nfails: Cannot find it: gone\n",
    );
    const inScript = await script(
      `const all = await Promise.all([tools.call('a', 1), tools.call('b'), tools.search('x')]);
console.log(JSON.stringify(all));
await tools.call('fails').catch((error) => console.log(error.message));`,
      { callTool },
    );
    assert.equal(
      inScript.stdout.text,
      '[{"name":"a","args":1},{"name":"b","args":null},{"name":"tools.search","args":{"query":"x"}}]\n' +
        'fails: Cannot find it: gone\n',
    );
    const none = await python('import tools');
    assert.match(none.stderr.text, /ModuleNotFoundError/);
  });

  it('tell what happens while it happens, once somebody listens', async () => {
    const request = requestOf('javascript', `console.log('a'); await tools.call('t')`, {
      callTool: async () => 1,
    });
    const started = tier.run(request);
    const events: SandboxEvent[] = [];
    for await (const event of started.events) events.push(event);
    const result = await started.result;
    assert.deepEqual(
      events.map(({ type }) => type),
      ['started', 'stdout', 'tool-called'],
    );
    assert.deepEqual(events[0], {
      type: 'started',
      enclosure: tier.enclosure,
      limits: result.limits,
    });
  });

  it('give the same for the same seed and time, and else something new', async () => {
    // that of Python is counted as well, and has a test of its own
    const at = (seed: number) => ({ deterministic: { seed, timeMs: 86_400_000 } });
    const source = `
console.log(Math.random(), Date.now(), new Date(), crypto.randomUUID(), crypto.getRandomValues(new Uint8Array(3)), performance.now(), new Date() instanceof Date)`;
    const [one, two, other] = await Promise.all([
      run('javascript', source, at(7)),
      run('javascript', source, at(7)),
      run('javascript', source, at(8)),
    ]);
    assert.deepEqual([one.stderr.text, one.status], ['', 'ok']);
    assert.equal(one.stdout.text, two.stdout.text);
    assert.notEqual(one.stdout.text, other.stdout.text);
    const free = 'import random; print(random.random())';
    const [first, second] = await Promise.all([python(free), python(free)]);
    assert.notEqual(first.stdout.text, second.stdout.text);
  });

  it('take a runtime of the pool once, and the pool fills again', async () => {
    await tier.prepare();
    assert.equal(tier.pooled(), 1);
    const first = await python(
      'import json; json.dumps = None; x = 1; open("/tmp/f", "w"); open("g", "w")',
    );
    assert.equal(first.status, 'ok');
    await tier.prepare();
    const next = await python(
      'import json, os; print(json.dumps(1), "x" in globals(), os.listdir("/tmp"), os.listdir("."))',
    );
    assert.equal(next.stdout.text, '1 False [] []\n');
  });

  it('are refused with a reason when they can not be run here', async () => {
    const refusals: readonly (readonly [SandboxRequest, string])[] = [
      [{ program: { type: 'command', argv: ['true'] } }, 'usage'],
      [requestOf('python', '1', { network: { allow: ['example.com'] } }), 'sandbox-unavailable'],
      [requestOf('python', '1', { files: [file('../x', '')] }), 'path-refused'],
      [
        requestOf('python', '1', { files: [file('a', 'abc')], limits: { inBytes: 2 } }),
        'limit-reached',
      ],
      [requestOf('python', '1', { limits: { wallMs: 0 } }), 'usage'],
    ];
    for (const [request, name] of refusals) {
      await assert.rejects(tier.run(request).result, { name });
    }
    const stored = requestOf('python', 'print(1)', {
      beforeStart: async () => {
        throw new SkeinError('storage-failed', 'Cannot store it: full');
      },
    });
    await assert.rejects(tier.run(stored).result, { name: 'storage-failed' });
  });
});

describe('a session', { skip }, () => {
  before(async () => {
    const opened = await openDeno({ cacheFolder: CACHE, pool: 0 });
    assert.ok(!('problem' in opened));
    tier = opened;
  });
  after(() => tier.close());

  it('keeps globals and files, for itself', async () => {
    const [one, other] = await Promise.all([
      tier.session({ language: 'python' }),
      tier.session({ language: 'python' }),
    ]);
    const first = await one.run(requestOf('python', 'x = 5; open("f", "w").write("1")', {})).result;
    assert.deepEqual(changes(first), [['f', 'added', '1']]);
    const second = one.run(requestOf('python', 'x += 1; open("f", "a").write("2"); x', {}));
    assert.deepEqual(
      [(await second.result).value, changes(await second.result)],
      ['6', [['f', 'changed', '12']]],
    );
    const alone = await other.run(requestOf('python', '"x" in globals()', {})).result;
    assert.equal(alone.value, 'false');
    await one.close();
    await assert.rejects(one.run(requestOf('python', '1', {})).result, { name: 'sandbox-failed' });
    await other.close();
  });

  it('of JavaScript keeps what is global', async () => {
    const session = await tier.session({ language: 'javascript' });
    await session.run(
      requestOf('javascript', 'globalThis.x = 5; Deno.writeTextFileSync("f", "1")', {}),
    ).result;
    const request = requestOf('typescript', 'export default [x, Deno.readTextFileSync("f")]', {});
    const result = await session.run(request).result;
    assert.deepEqual([result.stderr.text, result.value, result.changed], ['', '[5,"1"]', []]);
    await session.close();
  });

  it('ends with a run that met a limit', async () => {
    const session = await tier.session({ language: 'python' });
    const request = requestOf('python', 'while True: pass', { limits: { wallMs: 300 } });
    assert.equal((await session.run(request).result).status, 'timeout');
    await assert.rejects(session.run(requestOf('python', '1', {})).result, {
      name: 'sandbox-failed',
    });
  });
});

describe('without its packages', () => {
  it('the tier says what to install', async () => {
    const files = findRuntimeFiles('@deno/not-there', 'pyodide-not-there');
    const opened = await openDeno({ cacheFolder: CACHE, files });
    assert.ok('problem' in opened);
    assert.match(
      opened.fix,
      /npm install --include=optional.*@deno\/not-there and pyodide-not-there/,
    );
  });
});
