/** Bugs that are planted where nodes meet are caught by stories of many nodes; without them all is quiet. */
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

/** Without a bug the first of the same stories hold. */
const QUIET_SEEDS = '3';

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
  for (const { bug, kinds, caught } of NODE_PLANTS) {
    it(bug, async (context) => {
      const { code, said } = await tellWith(bug, [SEEDS, ...kinds]);
      assert.equal(code, 1, `nobody noticed: ${said}`);
      context.diagnostic(said.slice(0, 200).split('\n')[0] ?? '');
      assert.match(said, caught);
    });
  }

  for (const words of new Set(NODE_PLANTS.map(({ kinds }) => kinds.join(' ')))) {
    it(`and no bug is not: ${words}`, async () => {
      assert.deepEqual(await tellWith('', [QUIET_SEEDS, ...words.split(' ')]), {
        code: 0,
        said: '',
      });
    });
  }
});

describe('a plant', () => {
  it('stands in the source exactly once', () => {
    for (const { bug, file, find } of NODE_PLANTS) {
      const source = readFileSync(join(here, '../../../..', file), 'utf8');
      assert.equal(source.split(find).length, 2, `${bug}: ${file} has changed`);
    }
  });
});
