/** A space as a bridge sees it: old peers are agents of the node, and the bridge speaks for them. */
import { PERSON } from '#protocol/address.ts';
import { SkeinError } from '#protocol/errors.ts';
import { MESSAGE_KINDS } from '#protocol/events/message.ts';
import type { BridgeDoor, OutgoingMessage } from '#daemon/import/bridge/bridge.ts';
import { toImportInputs } from '#daemon/import/import-input.ts';
import type { ImportedMessage } from '#daemon/import/old-bus.ts';
import { newCommandId } from '../new-id.ts';
import type { NodeClient } from '../node-client.ts';

/** Answers a client that speaks for the agent whose token is in this file. */
export type ClientFor = (tokenFile: string) => NodeClient;

/** A door, and what tells files that come from here: the space and the node. */
export interface OpenDoor {
  readonly door: BridgeDoor;
  readonly origin: string;
}

/** Whom the bridge stands for: the name in Skein and how the old peer spells it. */
export type Peers = ReadonlyMap<string, string>;

interface Added {
  /** Its id: `<name>@<node>`. */
  readonly agent: string;
  readonly space: string;
  readonly token: string | null;
}

interface Card {
  readonly name: string;
  readonly isHere: boolean;
  readonly role: string;
  readonly skills: readonly string[];
  readonly topics: readonly string[];
}

/** The bridge may be away for long, and then again and again: nothing is given up for that. */
const PATIENCE = { tries: 100 };
const NEW_PEER = { role: 'old peer', skills: [], topics: ['all'] };

/** Adds the peers that are not there yet; those that are keep their cards. */
export async function openBridgeDoor(
  client: NodeClient,
  clientFor: ClientFor,
  { peers, space }: { readonly peers: Peers; readonly space: string | undefined },
): Promise<OpenDoor> {
  const place = space === undefined ? {} : { space };
  const { agents } = await client.post<{ readonly agents: readonly Card[] }>({
    id: newCommandId(),
    name: 'agents.list',
    input: {},
    ...place,
  });
  const clients = new Map<string, NodeClient>();
  let here: Here = { space: '', node: '' };
  for (const name of peers.keys()) {
    const { role, skills, topics } =
      agents.find((each) => each.isHere && each.name === name) ?? NEW_PEER;
    const input = { name, role, skills, topics, ...PATIENCE };
    const added = await client.post<Added>({
      id: newCommandId(),
      name: 'agent.add',
      input,
      ...place,
    });
    if (added.token === null) throw noPeer(name);
    clients.set(name, clientFor(added.token));
    here = { space: added.space, node: added.agent.slice(added.agent.indexOf('@')) };
  }
  return { door: doorOf(clients, peers, here), origin: here.space + here.node };
}

/** The space, and how ids of agents of this node end: `@<node>`. */
interface Here {
  readonly space: string;
  readonly node: string;
}

const noPeer = (name: string): SkeinError =>
  new SkeinError('usage', `Cannot bridge ${name}: that is no old peer`, {
    fix: `Name agents that work with files, not "${PERSON}".`,
  });

function doorOf(
  clients: ReadonlyMap<string, NodeClient>,
  peers: Peers,
  { space, node }: Here,
): BridgeDoor {
  const post = <T>(peer: string, name: string, input: object, id = newCommandId()): Promise<T> => {
    const client = clients.get(peer);
    if (client === undefined) throw notOurs(peer);
    return client.post<T>({ id, name, input, space });
  };
  return {
    take: async (messages) => {
      for (const { from } of messages) if (!clients.has(from)) throw notOurs(from);
      for (const message of messages) {
        for (const { id, input } of sendInputs(message)) {
          await post(message.from, 'message.send', input, id);
        }
      }
    },
    waiting: async (peer, most) => {
      const { letters } = await post<{ readonly letters: readonly Partial<OutgoingMessage>[] }>(
        peer,
        'message.deliver',
        { most },
      );
      return letters.map((letter) => {
        const from = shortName(letter.from ?? '', node);
        return outgoing({ ...letter, from }, peers.get(peer) ?? peer);
      });
    },
    confirm: async (peer, message) => void (await post(peer, 'message.ack', { message })),
  };
}

/** Whoever may write files there must not speak for anybody else in Skein. */
const notOurs = (name: string): SkeinError =>
  new SkeinError('unauthorized', `is from "${name}", for whom this bridge does not stand`, {
    fix: `Start it with --peer ${name} if that is an old peer.`,
  });

function sendInputs(message: ImportedMessage): { readonly id: string; readonly input: object }[] {
  const type = message.extra['type'];
  const isKind = MESSAGE_KINDS.some((kind) => kind === type);
  // The pieces of what is too large beside it would come as messages: it stays in the archived file.
  const whole = toImportInputs({ ...message, status: 'unread' }).filter(({ handled }) => !handled);
  return whole.map(({ id, to, text, priority, replyTo, extra }) => {
    const answer = replyTo === undefined ? {} : { replyTo };
    const kind = isKind ? { kind: type } : replyTo === undefined ? {} : { kind: 'answer' };
    return { id, input: { to, text, priority, extra, ...answer, ...kind } };
  });
}

/** Old programs know agents of this node by their names; every node has a person. */
const shortName = (id: string, node: string): string =>
  id.endsWith(node) && id !== PERSON + node ? id.slice(0, -node.length) : id;

function outgoing(letter: Partial<OutgoingMessage>, to: string): OutgoingMessage {
  const { id = '', from = '', kind = 'announce', text = '', sentAt = '', replyTo } = letter;
  const { priority = 'normal' } = letter;
  const answer = replyTo === undefined ? {} : { replyTo };
  return { id, from, to, kind, text, sentAt, priority, ...answer };
}
