/** Load: of this machine as it is, of graphics cards as their program prints them. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { totalmem, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { makeLoadSampler, parseCards, readMachine, type LoadSources } from './load.ts';

const GIB = 1024 ** 3;
const TWO_CARDS = 'NVIDIA A100-SXM4-40GB, 87, 1024, 40960\nTesla T4, with a comma, 0, 0, 15360\n';

/** A machine whose clock, processor and cards a test moves. */
function machine(answer: string | undefined): LoadSources & {
  readonly state: { ms: number; busyMs: number; asked: number };
  readonly asked: () => Promise<void>;
} {
  const state = { ms: 0, busyMs: 0, asked: 0 };
  let last: Promise<string | undefined> = Promise.resolve(undefined);
  return {
    state,
    monotonicMs: () => state.ms,
    cpuTimes: () => ({ busyMs: state.busyMs, totalMs: state.ms * 4 }),
    memory: () => ({ memoryUsed: GIB, memoryTotal: 2 * GIB }),
    gpu: () => {
      state.asked += 1;
      last = Promise.resolve(answer);
      return last;
    },
    asked: async () => {
      await last;
      await Promise.resolve();
    },
  };
}

describe('the load', () => {
  it('is the share of all cores since the last look, looked at once a second', () => {
    const sources = machine(undefined);
    const look = makeLoadSampler(sources);
    sources.state.ms = 10_000;
    look();
    sources.state.ms += 2_000;
    sources.state.busyMs += 4_000;
    assert.equal(look().cpu, 0.5);
    sources.state.ms += 999;
    assert.equal(look().cpu, 0.5);
    sources.state.ms += 1;
    assert.equal(look().cpu, 0);
  });

  it('has no cards where no program answers, and does not ask again for ten minutes', async () => {
    const sources = machine(undefined);
    const look = makeLoadSampler(sources);
    for (let second = 0; second < 599; second += 1) {
      sources.state.ms = second * 1_000;
      assert.equal(look().gpu, undefined);
      await sources.asked();
    }
    assert.equal(sources.state.asked, 1);
    sources.state.ms = 600_000;
    look();
    assert.equal(sources.state.asked, 2);
  });

  it('has the cards as they were asked last, at most every 30 s; nobody waits for them', async () => {
    const sources = machine(TWO_CARDS);
    const look = makeLoadSampler(sources);
    assert.equal(look().gpu, undefined);
    await sources.asked();
    sources.state.ms = 29_000;
    assert.equal(look().gpu?.length, 2);
    assert.equal(sources.state.asked, 1);
    sources.state.ms = 30_000;
    look();
    assert.equal(sources.state.asked, 2);
  });
});

describe('parseCards', () => {
  it('reads what the program prints, and leaves out what it can not say', () => {
    assert.deepEqual(parseCards(TWO_CARDS), [
      {
        name: 'NVIDIA A100-SXM4-40GB',
        utilisation: 0.87,
        memoryUsed: GIB,
        memoryTotal: 40 * GIB,
      },
      { name: 'Tesla T4, with a comma', utilisation: 0, memoryUsed: 0, memoryTotal: 15 * GIB },
    ]);
    for (const odd of [
      '',
      'No devices were found\n',
      'GRID, [N/A], 1, 2\n',
      ', , ,\n',
      '1, 2, 3\n',
    ]) {
      assert.deepEqual(parseCards(odd), [], odd);
    }
  });
});

describe('this machine', () => {
  it('has a processor that is busy by a share, and memory that is used in part', () => {
    const sources = readMachine(() => 0, '/nowhere');
    const { cpu, memoryUsed, memoryTotal } = makeLoadSampler(sources)();
    assert.ok(cpu > 0 && cpu <= 1, `cpu ${cpu}`);
    assert.ok(memoryTotal > 0 && memoryTotal <= totalmem());
    assert.ok(memoryUsed > 0 && memoryUsed < memoryTotal, `${memoryUsed} of ${memoryTotal}`);
  });

  it('is asked for its cards by running a program, which may be absent or fail', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'skein-load-'));
    try {
      const program = join(folder, 'cards');
      const write = (text: string): void => {
        writeFileSync(program, `#!/bin/sh\n${text}\n`);
        chmodSync(program, 0o755);
      };
      const ask = (): Promise<string | undefined> =>
        readMachine(() => 0, '/usr/bin:/bin', program).gpu();
      assert.equal(await ask(), undefined);
      write('exit 9');
      assert.equal(await ask(), undefined);
      write('[ "$2" = --format=csv,noheader,nounits ] && echo "Tesla T4, 5, 1, 2"');
      assert.deepEqual(parseCards((await ask()) ?? ''), [
        { name: 'Tesla T4', utilisation: 0.05, memoryUsed: 1024 ** 2, memoryTotal: 2 * 1024 ** 2 },
      ]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
