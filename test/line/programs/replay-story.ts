/**
 * Shows the story of a swarm on the screen of "skein run", as far as a file says: a number of
 * events, then `end`, `exit`, `throw`, `terminate`, or `ask` for a question in between. For tests that look at a
 * terminal. Call: node replay-story.ts <file>
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { openScreen } from '#cli/terminal/mission-screen.ts';
import { BEGAN_MS, STORY } from '#cli/terminal/fixtures/swarm-story.ts';

const file = process.argv[2] ?? '';
/** As if it had begun just now: how long something takes is shown, and takes room. */
const laterMs = Date.now() - BEGAN_MS;
const screen = openScreen({ json: false, plain: false, verbose: false });
let told = 0;
let asked = '';
for (;;) {
  const step = readFileSync(file, 'utf8').trim();
  if (step === 'end') break;
  if (step === 'exit') process.exit(3);
  if (step === 'terminate') process.kill(process.pid, 'SIGTERM');
  if (step === 'throw') throw new TypeError('planted');
  if (step === 'ask' && asked === '') {
    asked = await screen.aside(async () => {
      const questions = createInterface({ input: process.stdin, output: process.stderr });
      try {
        return await questions.question('Carry out this plan? [y/N] ');
      } finally {
        questions.close();
      }
    });
  }
  while (told < Math.min(Number(step) || 0, STORY.length)) {
    const event = STORY[told];
    if (event !== undefined) {
      screen.event({ ...event, time: new Date(Date.parse(event.time) + laterMs).toISOString() });
    }
    told += 1;
  }
  await sleep(20);
}
screen.close();
process.stdout.write(`closed after ${told} events, answered ${JSON.stringify(asked)}\n`);
