/** The attacks hold on the real tiers, and each of them succeeds where there is no wall. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import type { AttackResult } from '#sandbox/attack/attack.ts';
import { ATTACKS, runAttacks } from '#sandbox/attack/run-attacks.ts';
import { bareSandbox } from './bare-sandbox.ts';

/** Not tried without walls: what would use up this machine, or needs a tier to mean anything. */
const NEEDS_WALLS =
  /^(?:memory|small-objects|long-text|web-assembly|memory-of-many|fill-folders|mount|many-workers|large-file|many-files|recursion|crash|loop|stubborn-loop|slow-pattern|sleep|slow-sort|output|error-output|output-without-lines|poison|huge-value|forge-the-end|close-its-pipes|no-text|chance-repeats|modules|leave-links|host-name|trace-others|open-files|browser-stores|read-by-import|remote-import) /u;

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

function hasPython(): boolean {
  try {
    execFileSync('python3', ['-V'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
