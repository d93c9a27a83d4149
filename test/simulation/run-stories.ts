/** A program that tells stories of some kinds until one goes wrong: 1 and why, or 0 when all hold. */
import { STORIES, type Kind } from './story.ts';
import { tell } from './tell.ts';

const [count = '0', ...kinds] = process.argv.slice(2);

async function run(): Promise<void> {
  for (let seed = 0; seed < Number(count); seed += 1) {
    for (const kind of kinds) await tell(STORIES[kind as Kind](seed));
  }
}

run().catch((thrown: unknown) => {
  process.stdout.write(`${(thrown as Error).message}\n`);
  process.exitCode = 1;
});
