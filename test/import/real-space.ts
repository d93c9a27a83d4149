/** A real space in a home of its own, and a bridge's door that leads straight to its ledger. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BridgeDoor, OutgoingMessage } from '#daemon/import/bridge/bridge.ts';
import { toImportInputs } from '#daemon/import/import-input.ts';
import { homePaths } from '#daemon/home/home-paths.ts';
import { prepareHome } from '#daemon/home/home.ts';
import { Spaces } from '#daemon/spaces.ts';
import { openNodeKey } from '#identity/node-key.ts';
import type { Ledger } from '#ledger/ledger.ts';
import { newCommandId } from '#cli/new-id.ts';
import { agentId } from '#protocol/address.ts';
import type { Entity } from '#protocol/entity.ts';
import type { Speaker } from '#protocol/command.ts';

const person: Speaker = { actor: 'person:owner', authority: 'human' };

/** A space that is open. */
export interface RealSpace {
  readonly ledger: Ledger;
  readonly door: BridgeDoor;
  readonly command: (name: string, input: unknown, id?: string) => Promise<void>;
  /** The events of these types, oldest first. */
  readonly events: (...types: readonly string[]) => readonly SpaceEvent[];
  readonly close: () => Promise<void>;
}

/** An event as tests look at it. */
export interface SpaceEvent {
  readonly id: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Opens the space of the home below `root`, makes both when they are not there; `epoch` must rise. */
export async function openRealSpace(root: string, epoch: number): Promise<RealSpace> {
  const paths = homePaths(join(root, 'home'), { XDG_RUNTIME_DIR: root });
  prepareHome(paths);
  const { key } = openNodeKey(paths.nodeKey);
  const spaces = new Spaces({
    paths,
    epoch,
    node: key.slice(0, 16),
    redact: (text) => ({ text, count: 0 }),
    report: (error) => void process.stderr.write(`${String(error)}\n`),
  });
  mkdirSync(join(root, 'git'), { recursive: true });
  const ledger = await spaces.forRepository({ top: root, commonDir: join(root, 'git') }, '');
  const command = async (name: string, input: unknown, id = newCommandId()): Promise<void> =>
    void (await ledger.execute({ id, name, input }, person));
  const events = (...types: readonly string[]): readonly SpaceEvent[] =>
    ledger.read
      .events({ after: 0, limit: 10_000 })
      .map(({ body }) => JSON.parse(body?.toString('utf8') ?? '{}') as SpaceEvent)
      .filter(({ type }) => types.includes(type));
  const door = makeDoor({ ledger, command, events }, key);
  return { ledger, door, command, events, close: () => spaces.close() };
}

/** What the door of a node will do for a bridge, on the ledger itself. */
function makeDoor(
  { ledger, command, events }: Pick<RealSpace, 'ledger' | 'command' | 'events'>,
  key: string,
): BridgeDoor {
  return {
    take: async (messages) => {
      for (const message of messages) {
        for (const { id, ...input } of toImportInputs(message)) {
          await command('message.import', input, id);
        }
      }
    },
    waiting: async (peer, most) => {
      const inbox = agentId(peer, key);
      await command('message.deliver', { inbox, most });
      const { body } = ledger.read.entity('inbox', inbox) as Entity<{
        readonly waiting: readonly { readonly message: string; readonly until: string | null }[];
      }>;
      const out = new Set(
        body.waiting.filter(({ until }) => until !== null).map(({ message }) => message),
      );
      const sent = events('message.sent');
      return sent.filter(({ id }) => out.has(id)).map((event) => outgoing(event, peer));
    },
    confirm: (peer, message) =>
      command('message.ack', { inbox: agentId(peer, key), message, processingMs: 0 }),
  };
}

function outgoing({ id, data }: SpaceEvent, peer: string): OutgoingMessage {
  const said = (name: string): string => String(data[name] ?? '');
  const [kind, text, sentAt] = [said('kind'), said('text'), said('sentAt')];
  return { id, from: 'person', to: peer, kind, text, sentAt, priority: 'normal' };
}
