/**
 * Bugs that are planted where nodes meet are caught by stories of many nodes; without them all is
 * quiet. With SKEIN_LONG=1 all stories are told from the first seed on, and more of the quiet ones.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { NODE_PLANTS } from './node-plants.ts';

const here = import.meta.dirname;

/** More than any of them has needed by far. */
const SEEDS = '60';

const isLong = process.env['SKEIN_LONG'] !== undefined;

/** Without a bug the first of the same stories hold. */
const QUIET_SEEDS = isLong ? '3' : '1';

/** What the stories came to with a bug in the source; '' = none. */
async function tellWith(
  bug: string,
  words: readonly string[],
): Promise<{ code: number; said: string }> {
  const args = ['--import', join(here, 'plant-nodes.ts'), join(here, 'run-nodes.ts'), ...words];
  const env = { ...process.env, SKEIN_TEST_PLANT: bug };
  try {
    const { stdout } = await promisify(execFile)(process.execPath, args, { env });
    return { code: 0, said: stdout };
  } catch (thrown) {
    const { code, stdout, stderr } = thrown as { code: number; stdout: string; stderr: string };
    return { code, said: stdout + stderr };
  }
}

describe('a bug planted where nodes meet is caught', { concurrency: 2 }, () => {
  for (const { bug, kinds, from = 0, caught } of NODE_PLANTS) {
    it(bug, async (context) => {
      const { code, said } = await tellWith(bug, [String(isLong ? 0 : from), SEEDS, kinds.join()]);
      assert.equal(code, 1, `nobody noticed: ${said}`);
      context.diagnostic(said.slice(0, 200).split('\n')[0] ?? '');
      assert.match(said, caught);
    });
  }

  it('and no bug is not', async () => {
    const mixes = new Set(NODE_PLANTS.map(({ kinds }) => kinds.join()));
    assert.deepEqual(await tellWith('', ['0', QUIET_SEEDS, ...mixes]), { code: 0, said: '' });
  });
});

describe('a plant', () => {
  it('stands in the source exactly once', () => {
    for (const { bug, file, find } of NODE_PLANTS) {
      const source = readFileSync(join(here, '../../../..', file), 'utf8');
      assert.equal(source.split(find).length, 2, `${bug}: ${file} has changed`);
    }
  });
});
