/** skein invite: a code with which one other node may join a space, once. */
import type { CliCommand } from '../../command.ts';
import { connect } from '../../connect.ts';
import { newCommandId } from '../../new-id.ts';

interface Invitation {
  readonly code: string;
  readonly space: string;
  readonly expiresAt: string;
  readonly addresses: readonly string[];
}

/** The command. */
export const command: CliCommand = {
  usage: 'invite [--repo <folder> | --space <id>] [--role <role>] [--expires-in <time>]',
  summary: 'a one-time code with which another node joins a space',
  words: [0, 0],
  options: {
    repo: { type: 'string', value: '<folder>', help: 'the space of this repository' },
    space: { type: 'string', value: '<id>', help: 'this space (default: the one of messages)' },
    role: {
      type: 'string',
      value: '<role>',
      help: 'writer (default), or reader: it may not write',
    },
    'expires-in': {
      type: 'string',
      value: '<time>',
      help: 'how long the code is good (default 1h)',
    },
  },
  run: async (typed) => {
    const client = await connect(typed);
    const input = {
      role: typed.value('role') ?? 'writer',
      expiresIn: typed.value('expires-in') ?? '1h',
      ...(typed.value('repo') === undefined ? {} : { repository: typed.value('repo') }),
      ...(typed.value('space') === undefined ? {} : { space: typed.value('space') }),
    };
    const made = await client.post<Invitation>({
      id: newCommandId(),
      name: 'network.invite',
      input,
    });
    if (typed.flag('json')) process.stdout.write(`${JSON.stringify(made)}\n`);
    else {
      process.stdout.write(`${made.code}\n`);
      process.stderr.write(
        `One node may join space ${made.space.slice(0, 12)} with it until ${made.expiresAt}:\n  skein join <code>\nIt will look for this node at ${made.addresses.join(', ')}.\n`,
      );
    }
    return 0;
  },
};
