/** Bugs that are planted in the source are caught by the simulation; without them it is quiet. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { PLANTS } from './plants.ts';

const here = import.meta.dirname;
const SEEDS = '120';

/** What the stories came to with a bug in the source; '' = none. */
async function tellWith(bug: string): Promise<{ code: number; said: string }> {
  const args = ['--import', join(here, 'plant-bug.ts'), join(here, 'run-stories.ts'), SEEDS];
  const env = { ...process.env, SKEIN_TEST_PLANT: bug };
  try {
    const { stdout } = await promisify(execFile)(process.execPath, args, { env });
    return { code: 0, said: stdout };
  } catch (thrown) {
    const { code, stdout, stderr } = thrown as { code: number; stdout: string; stderr: string };
    return { code, said: stdout + stderr };
  }
}

describe('a planted bug is caught', { concurrency: 2 }, () => {
  for (const { bug, caught } of PLANTS) {
    it(bug, async (context) => {
      const { code, said } = await tellWith(bug);
      assert.equal(code, 1, `nobody noticed: ${said}`);
      context.diagnostic(said.split('\n')[0] ?? '');
      assert.match(said, /seed \d+/, said);
      assert.match(said, caught);
    });
  }

  it('and no bug is not', async () => {
    assert.deepEqual(await tellWith(''), { code: 0, said: '' });
  });
});

describe('a plant', () => {
  it('stands in the source exactly once', () => {
    for (const { bug, file, find } of PLANTS) {
      const source = readFileSync(join(here, '../..', file), 'utf8');
      assert.equal(source.split(find).length, 2, `${bug}: ${file} has changed`);
    }
  });
});
