/** An idle agent is an object and two subscriptions: a thousand of them cost less than 20 MB. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'node:test';
import type { IdleCost } from './idle-agents.ts';

const PROGRAM = fileURLToPath(new URL('./idle-agents.ts', import.meta.url));
const MOST_BYTES = 20_000_000;

describe('a thousand idle agents', () => {
  it('cost less than 20 MB beside eight at work, and still when they have heard of all of it', (context) => {
    const output = execFileSync(process.execPath, ['--expose-gc', PROGRAM], {
      encoding: 'utf8',
      // A program of its own, and no part of these tests.
      env: { ...process.env, NODE_TEST_CONTEXT: undefined },
    });
    const line = output.split('\n').find((each) => each.startsWith('{')) ?? '';
    const cost = JSON.parse(line) as IdleCost;
    const show = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
    context.diagnostic(
      `${cost.idle} idle agents: ${show(cost.idleBytes)}; after ${cost.atWork} at work were done: ${show(cost.afterBytes)}`,
    );
    assert.equal(cost.status, 'done');
    assert.equal(cost.heard, cost.atWork);
    assert.ok(cost.idleBytes > 0 && cost.idleBytes < MOST_BYTES, show(cost.idleBytes));
    assert.ok(cost.afterBytes < MOST_BYTES, show(cost.afterBytes));
  });
});
