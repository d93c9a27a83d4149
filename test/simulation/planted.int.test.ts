/**
 * Bugs that are planted in the source are caught by the simulation; without them it is quiet. With
 * SKEIN_LONG=1 all stories are told from the first seed on, and more of the quiet ones.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { PLANTS } from './plants.ts';
import { STORIES } from './story.ts';

const here = import.meta.dirname;

const isLong = process.env['SKEIN_LONG'] !== undefined;

/** More than any of them has needed, also from the first seed on (the rarest: 166). */
const SEEDS = '400';

/** Without a bug the same stories hold: so many of each kind. */
const QUIET_SEEDS = isLong ? '12' : '4';

/** What the stories came to with a bug in the source; '' = none. */
async function tellWith(
  bug: string,
  words: readonly string[],
): Promise<{ code: number; said: string }> {
  const args = ['--import', join(here, 'plant-bug.ts'), join(here, 'run-stories.ts'), ...words];
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
  for (const { bug, among, from = 0, caught } of PLANTS) {
    it(bug, async (context) => {
      const { code, said } = await tellWith(bug, [String(isLong ? 0 : from), SEEDS, among]);
      assert.equal(code, 1, `nobody noticed: ${said}`);
      context.diagnostic(said.split('\n')[0] ?? '');
      assert.match(said, /seed \d+/, said);
      assert.match(said, caught);
    });
  }

  it('and no bug is not', async () => {
    const words = ['0', QUIET_SEEDS, ...Object.keys(STORIES)];
    assert.deepEqual(await tellWith('', words), { code: 0, said: '' });
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
