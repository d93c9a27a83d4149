/**
 * A program that tells stories of some kinds until one goes wrong: 1 and why, or 0 when all hold.
 * It is given the first seed, how many, and the kinds.
 */
import { STORIES, type Kind } from './story.ts';
import { tell } from './tell.ts';

const [first = '0', count = '0', ...kinds] = process.argv.slice(2);

async function run(): Promise<void> {
  const end = Number(first) + Number(count);
  for (let seed = Number(first); seed < end; seed += 1) {
    for (const kind of kinds) await tell(STORIES[kind as Kind](seed));
  }
}

run().catch((thrown: unknown) => {
  process.stdout.write(`${(thrown as Error).message}\n`);
  process.exitCode = 1;
});
