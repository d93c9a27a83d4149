/** `skein send` as a shell runs it, beside an empty program of the same Node. */
import { join } from 'node:path';
import { atMost, duration, type Finding } from '../report.ts';
import { takeTurns } from '../rounds.ts';
import { temporaryFolder } from '../support/bench-space.ts';
import { stopNode, timeNode, timeSkein } from '../support/skein-process.ts';

const MOST_RATIO = 2;

/** From start to exit, the node being up; the message is durable then. */
export async function sendFromShell(rounds: number): Promise<Finding[]> {
  const folder = temporaryFolder();
  const home = join(folder.path, 'home');
  const send = (): number => timeSkein(home, 'send', 'topic:news', 'hello to all who listen');
  try {
    // Starts the node, and fills the cache of compiled code.
    send();
    const times = await takeTurns(rounds, {
      node: () => timeNode(['-e', '0'], home).durationMs,
      send,
    });
    const ratio = times.send / times.node;
    return [
      {
        work: 'skein send, from start to exit, node up',
        figure: duration(times.send),
        peer: `node -e 0: ${duration(times.node)}`,
        ratio,
        goal: atMost(ratio, MOST_RATIO, `${MOST_RATIO} x`),
      },
    ];
  } finally {
    await stopNode(home);
    folder.dispose();
  }
}
