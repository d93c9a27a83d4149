/** skein down: stops the node; missions stop at their next safe point and can be resumed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { SkeinError } from '#protocol/errors.ts';
import type { CliCommand } from '../../command.ts';
import { connectIfUp, isUp, typedPaths } from '../../connect.ts';
import { newCommandId } from '../../new-id.ts';

const STOP_TIMEOUT_MS = 30_000;

/** The command. */
export const command: CliCommand = {
  usage: 'down',
  summary: 'stop the node; missions stop at a safe point and can be resumed',
  words: [0, 0],
  options: {},
  run: async (typed) => {
    const client = await connectIfUp(typed);
    if (client === undefined) {
      process.stderr.write('node is down already\n');
      return 0;
    }
    await client.post({ id: newCommandId(), name: 'node.stop', input: null });
    const { socket } = typedPaths(typed);
    const deadline = performance.now() + STOP_TIMEOUT_MS;
    while (await isUp(socket)) {
      if (performance.now() > deadline) {
        throw new SkeinError(
          'node-unreachable',
          'Cannot stop the node: it is still up after 30 s',
          {
            fix: 'See "skein status" for its pid.',
          },
        );
      }
      await sleep(20);
    }
    process.stderr.write('node is down\n');
    return 0;
  },
};
