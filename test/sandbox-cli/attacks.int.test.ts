/** The attacks hold on the real tiers, and each of them succeeds where there is no wall. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Attack, AttackResult } from '#sandbox/attack/attack.ts';
import { ATTACKS, runAttacks } from '#sandbox/attack/run-attacks.ts';
import { openDeno } from '#sandbox/deno/open-deno.ts';
import type { Unavailable } from '#sandbox/deno/runtime/runtime-files.ts';
import { openJail } from '#sandbox/jail/open-jail.ts';
import { openSandbox } from '#sandbox/open-sandbox.ts';
import { openQuickjs } from '#sandbox/quickjs/open-quickjs.ts';
import type { Sandbox, Tier } from '#sandbox/sandbox.ts';
import { bareSandbox } from './bare-sandbox.ts';
import { CACHE } from './sandbox-home.ts';

/** Not tried without walls: what would use up this machine, or needs a tier to mean anything. */
const NEEDS_WALLS =
  /^(?:memory|small-objects|long-text|web-assembly|memory-of-many|fill-folders|mount|many-workers|large-file|many-files|recursion|crash|loop|stubborn-loop|slow-pattern|sleep|slow-sort|output|error-output|output-without-lines|poison|huge-value|forge-the-end|close-its-pipes|no-text|chance-repeats|modules|leave-links|host-name|trace-others|open-files|browser-stores|read-by-import|remote-import) /u;

/** What a language can't do in any other way than another one of its tier is tried in that one. */
const isSampled = ({ name, group, dialect }: Attack, tier: Tier): boolean => {
  if (tier === 'T0') return !['files', 'secrets', 'network'].includes(group);
  if (tier !== 'T1' || dialect !== 'python') return true;
  const own =
    /^(?:read-outside|write-by-link|leave-links|environment|open-files|tcp|unix-socket) /u;
  return !['files', 'secrets', 'network'].includes(group) || own.test(name);
};

const line = ({ name, verdict, how }: AttackResult): string => `${name}: ${verdict} (${how})`;

describe('the attacks', () => {
  it('are many, in every group, each with a name of its own', () => {
    const names = ATTACKS.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
    assert.ok(names.length >= 70, `${names.length} attacks`);
  });

  it('succeed without walls', async () => {
    const attacks = ATTACKS.filter(({ name }) => !NEEDS_WALLS.test(name)).filter(
      ({ dialect }) => dialect !== 'python' || hasPython(),
    );
    const results = [
      ...(await runAttacks(bareSandbox, { tier: 'T2', attacks })),
      ...(await runAttacks(bareSandbox, {
        tier: 'T1',
        attacks: attacks.filter(({ dialect }) => dialect === 'javascript'),
      })),
    ];
    assert.deepEqual(results.filter(({ verdict }) => verdict !== 'broke').map(line), []);
  });
});

/** These take their time by design, or much of the machine: `skein sandbox attack` runs them all. */
const SLOW =
  /^(?:small-objects|memory-of-many|many-workers|many-files|large-file|fill-folders|error-output|output-without-lines|stubborn-loop|slow-pattern|slow-sort|sleep|close-its-pipes|recursion|huge-value|web-assembly|long-text) /u;

describe('the attacks on the tiers of this machine', () => {
  let folder = '';
  before(() => (folder = mkdtempSync(join(tmpdir(), 'skein-attacked-'))));
  after(() => rmSync(folder, { recursive: true, force: true }));

  type Attacked = Pick<Sandbox, 'run' | 'close'>;
  const open = {
    T0: (): Promise<Attacked> => openQuickjs({ cacheFolder: folder }),
    T1: async (): Promise<Attacked | Unavailable> => openDeno({ cacheFolder: CACHE, pool: 1 }),
    T2: async (): Promise<Attacked | Unavailable> => {
      const { jail, reports } = await openJail();
      const [{ problem, fix } = { problem: null, fix: null }] = reports;
      if (jail === null) return { problem: problem ?? 'there is no jail', fix: fix ?? '' };
      const places = { folder, searchPath: process.env['PATH'] ?? '', forbidden: [] };
      return openSandbox({ ...places, findJail: async () => ({ jail, reports }) });
    },
  } as const;

  for (const tier of ['T0', 'T1', 'T2'] as const) {
    it(`fail on ${tier}`, async (context) => {
      const opened = await open[tier]();
      if ('problem' in opened) {
        context.skip(`${tier} does not hold here: ${opened.problem}; ${opened.fix}`);
        return;
      }
      const attacks = ATTACKS.filter((attack) => !SLOW.test(attack.name))
        .filter((attack) => isSampled(attack, tier))
        .filter(({ dialect }) => tier !== 'T2' || dialect === 'shell' || hasPython());
      try {
        const results = await runAttacks(opened, { tier, attacks });
        assert.ok(results.length >= 10, `${results.length} were tried`);
        assert.deepEqual(results.filter(({ verdict }) => verdict !== 'held').map(line), []);
      } finally {
        await opened.close();
      }
    });
  }
});

function hasPython(): boolean {
  try {
    execFileSync('python3', ['-V'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
