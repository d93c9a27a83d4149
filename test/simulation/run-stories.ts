/** A program that tells stories until one goes wrong: 1 and why, or 0 when all of them hold. */
import assert from 'node:assert/strict';
import { plainStory, storyOf } from './story.ts';
import { tell } from './tell.ts';

const SEEDS = Number(process.argv[2] ?? 0);

async function run(): Promise<void> {
  const wishes = [{}, {}];
  const { changes } = await tell(plainStory(1, { wishes }));
  for (let seed = 0; seed < SEEDS; seed += 1) {
    const told = await tell(plainStory(seed, { wishes, crashAt: 1 + ((seed * 7) % changes) }));
    assert.deepEqual(told.statuses, ['done', 'done'], `a quiet mission has failed, seed ${seed}`);
    await tell(storyOf(seed));
  }
}

run().catch((thrown: unknown) => {
  process.stdout.write(`${(thrown as Error).message}\n`);
  process.exitCode = 1;
});
