/**
 * A program that tells stories of many nodes until one goes wrong: 1 and why, or 0 when all hold.
 * It is given the first seed, how many, and for each mix of faults their kinds with commas.
 */
import type { FaultKind } from '../sim-story.ts';
import { nodesStoryOf } from '../sim-story.ts';
import { tellOnce } from '../tell-nodes.ts';

const [first = '0', count = '0', ...mixes] = process.argv.slice(2);

async function run(): Promise<void> {
  const end = Number(first) + Number(count);
  for (let seed = Number(first); seed < end; seed += 1) {
    for (const mix of mixes) await tellMix(seed, mix);
  }
}

async function tellMix(seed: number, mix: string): Promise<void> {
  try {
    await tellOnce(nodesStoryOf(seed, mix.split(',') as FaultKind[]));
  } catch (thrown) {
    throw new Error(`seed ${seed}: ${(thrown as Error).message}`, { cause: thrown });
  }
}

run().catch((thrown: unknown) => {
  process.stdout.write(`${(thrown as Error).message}\n`);
  process.exitCode = 1;
});
