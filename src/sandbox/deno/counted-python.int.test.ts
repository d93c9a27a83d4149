/** Python that is counted: exact from process to process, and stopped at its limit whatever it catches. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Language, SandboxEvent, SandboxRequest, SandboxResult } from '#sandbox/sandbox.ts';
import { openDeno } from './open-deno.ts';
import type { DenoTier } from './open-deno.ts';
import { findRuntimeFiles } from './runtime/runtime-files.ts';

const found = findRuntimeFiles();
const skip = 'problem' in found ? `${found.problem}. ${found.fix}` : false;

// kept between test runs: what is built there costs 15 s of processor time, and is checked at each use
const CACHE = path.resolve(import.meta.dirname, '../../../node_modules/.cache/skein-sandbox');

let tier: DenoTier;

type More = Omit<SandboxRequest, 'program'>;
const requestOf = (source: string, more: More, language: Language): SandboxRequest => ({
  program: { type: 'code', language, source },
  ...more,
});
const run = (source: string, more: More = {}, language: Language = 'python') =>
  tier.run(requestOf(source, more, language)).result;

const PROGRAM = `
import asyncio, datetime, json, random, time, os, uuid
def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
class Node: pass
nodes = [Node() for _ in range(2000)]
for node in nodes: node.ring = nodes
words = {str(n): n for n in range(3000)}
await asyncio.sleep(0.01)
time.sleep(100)
open("f", "w").write(str(uuid.uuid4()))
print(json.dumps([fib(12), random.random(), time.time(), str(datetime.datetime.now()), sorted(words)[:3], os.urandom(3).hex()]))
print(len(os.stat("f")), os.stat("f").st_mtime, sorted({"a", "b"}, key=id) != [], hash("a"))`;

const CATCHING = (rounds: string): string => `
count = 0
open("f", "w").write("left")
print("before", flush=True)
while ${rounds}:
    try:
        while ${rounds}: count += 1
    except BaseException: pass
count`;

describe('Python that is counted', { skip }, () => {
  before(async () => {
    const opened = await openDeno({ cacheFolder: CACHE, pool: 0 });
    assert.ok(!('problem' in opened));
    tier = opened;
  });
  after(() => tier.close());

  const exact = { deterministic: { seed: 7, timeMs: 1_700_000_000_000 } };
  const seen = ({ status, fuel, stdout, changed, value }: SandboxResult): string =>
    JSON.stringify([status, fuel, value, stdout.text, changed.map(({ after: hash }) => hash)]);

  it('uses the same fuel and prints the same in five runs, each in a process of its own', async () => {
    const results: SandboxResult[] = [];
    for (let time = 0; time < 5; time += 1) results.push(await run(PROGRAM, exact));
    const [first] = results;
    assert.deepEqual([first?.status, first?.stderr.text], ['ok', '']);
    assert.ok((first?.fuel ?? 0) > 1_000_000);
    assert.equal(new Set(results.map(seen)).size, 1, results.map(seen).join('\n'));
    const other = { deterministic: { ...exact.deterministic, seed: 8 } };
    const less = await run(`fib = lambda n: 144\n${PROGRAM.replace(/def fib.*/, '')}`, other);
    assert.ok((less.fuel ?? 0) < (first?.fuel ?? 0), 'less work uses less');
    assert.notEqual(less.stdout.text, first?.stdout.text, 'the seed counts');
  });

  it('stops at its limit, whatever it catches; what it printed and left is there', async () => {
    const started = tier.run(
      requestOf(CATCHING('True'), { limits: { fuel: 100_000_000, wallMs: 60_000 } }, 'python'),
    );
    const events: SandboxEvent[] = [];
    for await (const event of started.events) events.push(event);
    const result = await started.result;
    assert.deepEqual([result.status, result.exitCode, result.fuel], ['fuel', null, 100_000_000]);
    assert.deepEqual(events.at(-1), { type: 'limit-hit', limit: 'fuel' });
    assert.equal(result.stdout.text, 'before\n');
    assert.match(result.stderr.text, /File "main.py"[^]*The fuel is used up/);
    assert.equal(Buffer.from(result.changed[0]?.content ?? []).toString(), 'left');
    const finite = await run(CATCHING('count < 1000'), { limits: { fuel: 100_000_000 } });
    assert.deepEqual([finite.status, finite.value], ['ok', '1000'], finite.stderr.text);
    assert.ok((finite.fuel ?? 0) < 100_000_000);
  });

  it('stops in a task beside it, too', async () => {
    const source = `import asyncio
async def spin():
    while True:
        try:
            while True: pass
        except BaseException: pass
asyncio.create_task(spin())
await asyncio.sleep(1000)`;
    const result = await run(source, { limits: { fuel: 100_000_000, wallMs: 60_000 } });
    assert.deepEqual([result.status, result.fuel], ['fuel', 100_000_000]);
  });

  it('ends within its fuel to the instruction: what was used is enough, one less is not', async () => {
    const { fuel } = await run('sum(range(1000))', exact);
    const limited = (limit: number) =>
      run('sum(range(1000))', { ...exact, limits: { fuel: limit } });
    const enough = await limited(fuel ?? 0);
    assert.deepEqual([enough.status, enough.value, enough.fuel], ['ok', '499500', fuel]);
    assert.equal((await limited((fuel ?? 0) - 1)).status, 'fuel');
  });

  it('is only that: JavaScript tells no fuel, and what nothing counts is refused', async () => {
    const script = await run('export default 1', exact, 'javascript');
    assert.deepEqual([script.status, script.fuel], ['ok', null]);
    const limits = { fuel: 1_000_000 };
    await assert.rejects(run('1', { limits }, 'javascript'), { name: 'usage', fix: /T0/ });
    await assert.rejects(tier.session({ language: 'python', limits }), { name: 'usage' });
  });
});
