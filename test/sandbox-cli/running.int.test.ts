/** Programs by the command line: output, exit codes, files, limits, what the record says of them. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { RunLine, RunReport } from '#api/sandbox-door.ts';
import { told, type Ended } from '../support/run-skein.ts';
import { openSandboxHome, whySkipped, type SandboxHome } from './sandbox-home.ts';

describe('skein sandbox', { skip: whySkipped() }, () => {
  let home: SandboxHome;
  let folder = '';
  before(async () => {
    home = await openSandboxHome();
    folder = join(home.person, 'project');
    mkdirSync(join(folder, 'data'), { recursive: true });
    writeFileSync(join(folder, 'data', 'in.txt'), 'one\n');
    writeFileSync(join(folder, 'secret.txt'), 'not given\n');
  });

  after(() => home.node.close());

  const write = (name: string, source: string): string => {
    writeFileSync(join(folder, name), source);
    return name;
  };
  const run = (...args: readonly string[]): Promise<Ended> =>
    home.start(['sandbox', 'run', ...args], { cwd: folder }).ended;
  const linesOf = ({ stdout }: Ended): readonly RunLine[] =>
    stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as RunLine);

  it('prints what a program prints, and ends as it does', async () => {
    const source = `
import sys
print("to stdout", sys.argv[1:])
print("to stderr", file=sys.stderr)
sys.exit(7)
`;
    const ended = await run(write('ends.py', source), '--', 'a', '--b');
    assert.equal(ended.code, 7, told(ended));
    assert.equal(ended.stdout, "to stdout ['a', '--b']\n");
    assert.match(ended.stderr, /^to stderr$/mu);
    assert.match(ended.stderr, /held by T1/u);
    const value = await run(write('value.js', 'console.log(1 + 1)'));
    assert.deepEqual([value.code, value.stdout], [0, '2\n'], told(value));
  });

  it('gives copies of the files that were named, tells the change, and leaves them as they are', async () => {
    const source = `
import os
print(sorted(os.listdir(".")), os.path.exists("secret.txt"))
with open("data/in.txt", "a") as f: f.write("two\\n")
with open("out.txt", "w") as f: f.write("made\\n")
`;
    const ended = await run(write('files.py', source), '--file', 'data/**', '--json');
    assert.equal(ended.code, 0, told(ended));
    const end = linesOf(ended).at(-1);
    assert.ok(end?.type === 'finished');
    assert.match(end.result.stdout.text, /False\n$/u);
    assert.deepEqual(
      end.result.changed.map(({ path, change }) => [path, change]),
      [
        ['data/in.txt', 'changed'],
        ['out.txt', 'added'],
      ],
    );
    assert.equal(readFileSync(join(folder, 'data', 'in.txt'), 'utf8'), 'one\n');
    const diff = await home.ok('sandbox', 'show', end.run, '--diff');
    assert.match(diff, /^ one\n\+two$/mu);
    assert.match(diff, /^\+made$/mu);
  });

  it('ends with 124 at a limit, and says which', async () => {
    const ended = await run(write('loop.py', 'while True: pass'), '--limit', 'wall=3s');
    assert.equal(ended.code, 124, told(ended));
    assert.match(ended.stderr, /took too long/u);
    const wrong = await run('loop.py', '--limit', 'wal=1s');
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /Did you mean wall/u);
  });

  it('refuses a tier that is not here, and never runs it elsewhere', async () => {
    const ended = await run(write('x.py', 'print("ran")'), '--tier', 'T3');
    assert.equal(ended.code, 5, told(ended));
    assert.ok(!ended.stdout.includes('ran'));
  });

  it('shows a run by its record: who, which program, behind which walls, what came of it', async () => {
    const ended = await run(write('long.py', 'print("line\\n" * 3000)'), '--json');
    const [started] = linesOf(ended);
    assert.ok(started?.type === 'started', told(ended));
    const shown = JSON.parse(await home.ok('sandbox', 'show', started.run, '--json')) as RunReport;
    assert.equal(shown.by, 'person:owner');
    assert.equal(shown.source, 'print("line\\n" * 3000)');
    assert.equal(shown.enclosure.tier, 'T1');
    assert.equal(shown.end?.stdout.text, `${'line\n'.repeat(3_000)}\n`);
    assert.ok((shown.end?.durationMs ?? 0) > 0);
    assert.match(await home.ok('sandbox', 'show', started.run), /walls: .*no-network/u);
    const unknown = await home.run('sandbox', 'show', 'no-such-run');
    assert.equal(unknown.code, 3, told(unknown));
  });

  it('kills a run whose caller goes away, and records it', async () => {
    const running = home.start(
      ['sandbox', 'run', write('sleeps.py', 'while True: pass'), '--limit', 'wall=100s', '--json'],
      { cwd: folder },
    );
    await running.saw(/"type":"started"/u);
    running.child.kill('SIGINT');
    const ended = await running.ended;
    assert.equal(ended.code, 130, told(ended));
    const [started] = linesOf(ended);
    assert.ok(started?.type === 'started');
    for (;;) {
      const text = await home.ok('sandbox', 'show', started.run, '--json');
      const { end } = JSON.parse(text) as RunReport;
      if (end === null) continue;
      assert.equal(end.status, 'killed');
      break;
    }
  });

  it('lets an agent run programs and see its own runs, and opens no network for it', async () => {
    await home.ok('agents', 'add', 'bot');
    const mine = await run(write('one.js', 'console.log(1)'), '--json');
    const [started] = linesOf(mine);
    assert.ok(started?.type === 'started', told(mine));
    const own = await run('one.js', '--as', 'bot', '--json');
    assert.equal(own.code, 0, told(own));
    const [theirs] = linesOf(own);
    assert.ok(theirs?.type === 'started');
    const show = (id: string): Promise<Ended> =>
      home.run('sandbox', 'show', id, '--as', 'bot', '--json');
    assert.equal((JSON.parse((await show(theirs.run)).stdout) as RunReport).by, 'agent:bot');
    assert.match((await show(started.run)).stderr, /unauthorized/u);
    const asked = await run('one.js', '--as', 'bot', '--network', 'example.com');
    assert.match(asked.stderr, /unauthorized/u);
  });
});
