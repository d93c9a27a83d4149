/** skein up: starts the node of this home; in the foreground when asked. */
import type { CliCommand } from '../../command.ts';
import { connect, typedPaths } from '../../connect.ts';

/** The command. */
export const command: CliCommand = {
  usage: 'up [--foreground]',
  summary: 'start the node (other commands start it when they need it)',
  words: [0, 0],
  options: { foreground: { type: 'boolean', help: 'serve in this process until it is stopped' } },
  run: async (typed) => {
    const paths = typedPaths(typed);
    if (!typed.flag('foreground')) {
      await connect(typed);
      process.stderr.write(`node is up, home ${paths.home}\n`);
      return 0;
    }
    const { startNode } = await import('#daemon/node.ts');
    const node = await startNode({ paths, idleMs: 2 ** 31 - 1, env: process.env });
    process.stderr.write(`node is up, home ${paths.home}; Ctrl-C stops it\n`);
    process.once('SIGINT', () => void node.close());
    process.once('SIGTERM', () => void node.close());
    await node.closed;
    return 0;
  },
};
