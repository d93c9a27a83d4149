/** In whose name a command about messages speaks, and in which space. */
import { join } from 'node:path';
import { readSecretFile } from '#identity/secret-file.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { CliOption, Typed } from '../command.ts';
import { connectAtOnce, connectIfUp, typedPaths } from '../connect.ts';
import { newCommandId } from '../new-id.ts';
import type { NodeClient } from '../node-client.ts';

/** The options of all who speak. */
export const SPEAK_OPTIONS = {
  as: {
    type: 'string',
    value: '<agent>',
    help: 'speak as this agent of the node (default: whose token is in $SKEIN_TOKEN, else the person)',
  },
  space: {
    type: 'string',
    value: '<space>',
    help: 'the space: its name, id, or how that begins (default: that of this home)',
  },
} as const satisfies Record<string, CliOption>;

/** A connection for messages. */
export interface BusClient {
  readonly client: NodeClient;
  /** Sends a command in the space that was typed; with an `id` it may be repeated. */
  readonly post: <T>(name: string, input: object, id?: string) => Promise<T>;
  /** A path with the space that was typed, and what else is asked for. */
  readonly path: (base: string, query?: Readonly<Record<string, string>>) => string;
}

/** Connects in the name of who was typed, starting the node when it is not up. */
export async function speak(typed: Typed): Promise<BusClient> {
  return makeBusClient(typed, connectAtOnce(typed, tokenOf(typed)));
}

/** The same for a node that is up, else undefined. */
export async function speakIfUp(typed: Typed): Promise<BusClient | undefined> {
  const client = await connectIfUp(typed, tokenOf(typed));
  return client === undefined ? undefined : makeBusClient(typed, client);
}

function makeBusClient(typed: Typed, client: NodeClient): BusClient {
  const space = typed.value('space');
  const named = space === undefined ? {} : { space };
  return {
    client,
    post: (name, input, id = newCommandId()) => client.post({ id, name, input, ...named }),
    path: (base, query = {}) => {
      const words = new URLSearchParams({ ...named, ...query }).toString();
      return words === '' ? base : `${base}?${words}`;
    },
  };
}

/** The token of who speaks; undefined for the person. */
function tokenOf(typed: Typed): string | undefined {
  const name = typed.value('as');
  const given = process.env['SKEIN_TOKEN'];
  if (name === undefined) return given === '' ? undefined : given;
  if (/^[\w-]{1,64}$/u.test(name)) {
    const found = readSecretFile(join(typedPaths(typed).agentTokens, `${name}.token`));
    if (found !== undefined) return found.trim();
  }
  throw new SkeinError('not-found', `Cannot speak as ${name.slice(0, 80)}: it has no token here`, {
    fix: 'Add it first: skein agents add <name>',
  });
}
