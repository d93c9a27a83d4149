/** skein join: joins a space with a code that "skein invite" made at another node. */
import type { CliCommand } from '../../command.ts';
import { connect } from '../../connect.ts';
import { newCommandId } from '../../new-id.ts';

interface Joined {
  readonly space: string;
  readonly owner: string;
  readonly isDefault: boolean;
}

/** The command. */
export const command: CliCommand = {
  usage: 'join <code> [--default]',
  summary: 'join a space with a code of "skein invite"; "-" reads it from stdin',
  words: [1, 1],
  options: {
    default: { type: 'boolean', help: 'messages without --space belong there from now on' },
  },
  run: async (typed) => {
    const [word = ''] = typed.words;
    const code = (word === '-' ? await readStdin() : word).trim();
    const client = await connect(typed);
    const input = { code, isDefault: typed.flag('default') };
    const joined = await client.post<Joined>({ id: newCommandId(), name: 'network.join', input });
    if (typed.flag('json')) process.stdout.write(`${JSON.stringify(joined)}\n`);
    else {
      const space = joined.space.slice(0, 12);
      const how = joined.isDefault
        ? 'messages go there by default'
        : `messages stay in the space they were in: say --space ${space}, or join again with --default`;
      process.stderr.write(`joined space ${space} of node ${joined.owner.slice(0, 16)}; ${how}\n`);
    }
    return 0;
  },
};

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
