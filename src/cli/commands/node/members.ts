/** skein members: which nodes belong to a space; and ends that a node does. */
import type { SpaceState } from '#ledger/state/space-reducer.ts';
import type { NodeCard } from '#registry/registry-reducer.ts';
import type { CliCommand, Typed } from '../../command.ts';
import { connect } from '../../connect.ts';
import { newCommandId } from '../../new-id.ts';
import type { NodeClient } from '../../node-client.ts';
import { printRows } from '../../terminal/print-rows.ts';

/** A member, or one who was. */
interface Member {
  readonly space: string;
  readonly key: string;
  readonly name: string | null;
  readonly role: string;
}

interface Found<B> {
  readonly entities: readonly { readonly space: string; readonly id: string; readonly body: B }[];
}

/** The command. */
export const command: CliCommand = {
  usage: 'members [--space <id>] [--remove <key>]',
  summary: 'the nodes of each space; --remove ends that one belongs to it',
  words: [0, 0],
  options: {
    space: { type: 'string', value: '<id>', help: 'only this space, or how its id begins' },
    remove: { type: 'string', value: '<key>', help: 'remove the node whose key begins so' },
  },
  run: async (typed) => {
    const client = await connect(typed);
    if (typed.value('remove') !== undefined) return remove(client, typed);
    const rows = await membersOf(client, typed.value('space') ?? '');
    printRows({ rows, head: [] }, typed.flag('json'), ({ space, key, name, role }, { dim }) => [
      `${key.slice(0, 16)}  ${role.padEnd(7)} ${(name ?? '').padEnd(20)} ${dim(`space ${space.slice(0, 12)}`)}`,
    ]);
    return 0;
  },
};

async function membersOf(client: NodeClient, prefix: string): Promise<Member[]> {
  const [spaces, nodes] = await Promise.all([
    client.get<Found<SpaceState>>('/v1/entities/space'),
    client.get<Found<NodeCard>>('/v1/entities/node'),
  ]);
  const names = new Map(nodes.entities.map(({ space, id, body }) => [`${space} ${id}`, body.name]));
  return spaces.entities
    .filter(({ space }) => space.startsWith(prefix))
    .flatMap(({ space, body }) =>
      [
        ...Object.entries(body.members),
        ...Object.keys(body.removed).map((key) => [key, 'removed'] as const),
      ].map(([key, role]) => ({ space, key, name: names.get(`${space} ${key}`) ?? null, role })),
    );
}

async function remove(client: NodeClient, typed: Typed): Promise<number> {
  const input = { key: typed.value('remove'), space: typed.value('space') };
  const { key } = await client.post<{ key: string }>({
    id: newCommandId(),
    name: 'network.remove',
    input,
  });
  process.stderr.write(
    `${key.slice(0, 16)} is no member any more; what it wrote up to now stays\n`,
  );
  return 0;
}
