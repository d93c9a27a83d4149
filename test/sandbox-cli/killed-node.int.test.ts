/** A node that is killed while a program runs: its successor says on the record what became of the run. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { RunLine, RunReport } from '#api/sandbox-door.ts';
import { openHome, told } from '../support/run-skein.ts';

const FOLDERS = [join('sandbox', 'runs'), 'scratch'];
const MAKE = { recursive: true } as const;

describe('a node that is killed', () => {
  it('leaves a run whose end the next one records, once, with the reason', async () => {
    const home = openHome();
    const program = join(home.person, 'loop.js');
    writeFileSync(program, 'for (;;) {}');
    const words = ['--tier', 'T0', '--limit', 'wall=600s', '--limit', 'cpu=600s', '--json'];
    const running = home.start(['sandbox', 'run', program, ...words]);
    await running.saw(/"type":"started"/u);
    const pid = await home.nodePid();
    assert.ok(pid !== undefined);
    process.kill(pid, 'SIGKILL');
    // As a command or a check leaves them.
    for (const folder of FOLDERS) mkdirSync(join(home.home, folder, 'left-1', 'in'), MAKE);
    const ended = await running.ended;
    assert.equal(ended.code, 75, told(ended));
    const started = JSON.parse(ended.stdout.split('\n')[0] ?? '') as RunLine;
    assert.ok(started.type === 'started');
    const report = async (): Promise<RunReport> => {
      const shown = await home.run('sandbox', 'show', started.run, '--json');
      assert.equal(shown.code, 0, told(shown));
      return JSON.parse(shown.stdout) as RunReport;
    };
    let seen = await report();
    // The next node has begun to answer before it has looked at what was left.
    for (let tries = 0; seen.end === null && tries < 200; tries += 1) seen = await report();
    assert.equal(seen.end?.status, 'killed');
    assert.match(seen.end?.error ?? '', /the node was killed/u);
    const at = seen.end?.at;
    const left = (): string[] => FOLDERS.flatMap((folder) => readdirSync(join(home.home, folder)));
    for (let tries = 0; left().length > 0 && tries < 200; tries += 1) await home.run('status');
    assert.deepEqual(left(), [], 'and nothing of it is on the disk');
    await home.run('down');
    assert.equal((await report()).end?.at, at);
  });
});
