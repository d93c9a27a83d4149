/** A program that tells stories of many nodes until one goes wrong: 1 and why, or 0 when all hold. */
import type { FaultKind } from '../sim-story.ts';
import { nodesStoryOf } from '../sim-story.ts';
import { tellOnce } from '../tell-nodes.ts';

const [count = '0', ...kinds] = process.argv.slice(2);

async function run(): Promise<void> {
  for (let seed = 0; seed < Number(count); seed += 1) {
    try {
      await tellOnce(nodesStoryOf(seed, kinds as FaultKind[]));
    } catch (thrown) {
      throw new Error(`seed ${seed}: ${(thrown as Error).message}`, { cause: thrown });
    }
  }
}

run().catch((thrown: unknown) => {
  process.stdout.write(`${(thrown as Error).message}\n`);
  process.exitCode = 1;
});
