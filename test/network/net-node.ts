/** Real nodes that meet: homes with a port and a name of their own, to be joined, killed, frozen and compared. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NetworkStatus } from '#daemon/network/network-status.ts';
import { freePort } from '../bus/nats-server.ts';
import { becomes, newId, openBusHome, type BusHome } from '../bus-cli/bus-home.ts';

/**
 * `SKEIN_TEST_LONG=1` asks for the numbers that are promised instead of a taste of them: thousands of
 * messages while nodes die and links break, a hundred thousand events to catch up with.
 */
export const isLong = process.env['SKEIN_TEST_LONG'] === '1';

/** What a node says of itself, as far as these tests read it. */
export interface StatusNow {
  readonly pid: number;
  readonly key: string;
  readonly rssBytes: number;
  readonly network: NetworkStatus;
}

/** What `skein verify --json` says of one space. */
export interface Verified {
  readonly space: string;
  readonly events: number;
  readonly commits: number;
  readonly stateHash: string | null;
  readonly damage: readonly { readonly kind: string; readonly detail: string }[];
}

/** A node of its own home. */
export interface NetNode extends BusHome {
  readonly name: string;
  readonly port: number;
  readonly address: string;
  /** Starts it as it was; `how` are options of `skein up`. */
  readonly up: (...how: readonly string[]) => Promise<void>;
  /** Ends it with SIGKILL; resolves when it is gone. */
  readonly kill: () => Promise<void>;
  readonly signal: (signal: NodeJS.Signals) => Promise<number>;
  readonly status: () => Promise<StatusNow>;
  /** One command over the socket; the same id may be said again. Throws what is refused as text. */
  readonly post: <T>(name: string, input: object, how?: Posting) => Promise<T>;
  /** The only space (or the one named) as `verify` sees it. */
  readonly verified: (space?: string) => Promise<Verified>;
}

/** In whose name, and with which id. */
export interface Posting {
  readonly as?: string;
  readonly id?: string;
  readonly space?: string;
}

const endings: (() => unknown)[] = [];
after(async () => {
  for (const end of endings) await end();
});

/** Does this when all tests of the file are over, wherever it is said. */
export const atEnd = (end: () => unknown): void => void endings.push(end);

const frozen = new Set<number>();
after(() => {
  // A frozen node would not hear that it is to go.
  for (const pid of frozen) trySignal(pid, 'SIGCONT');
});

/** A home whose node listens on a port of its own; nothing runs yet. */
export async function openNetNode(name: string): Promise<NetNode> {
  const home = openBusHome();
  const port = await freePort();
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  atEnd(() => agent.destroy());
  let last = 0;
  const status: NetNode['status'] = async () => {
    const { body } = await home.ask({ path: '/v1/status', token: home.token() });
    const now = JSON.parse(body) as StatusNow;
    last = now.pid;
    return now;
  };
  const signal: NetNode['signal'] = async (kind) => {
    const pid = kind === 'SIGCONT' ? last : (await status()).pid;
    assert.ok(pid > 0, `${name} is not up`);
    process.kill(pid, kind);
    if (kind === 'SIGSTOP') frozen.add(pid);
    if (kind === 'SIGCONT') frozen.delete(pid);
    return pid;
  };
  const post: NetNode['post'] = async (command, input, how = {}) => {
    const body = {
      id: how.id ?? newId(),
      input,
      ...(how.space === undefined ? {} : { space: how.space }),
    };
    const answer = await postTo(agent, socketIn(home.person), {
      path: `/v1/commands/${command}`,
      token: home.token(how.as),
      body,
    });
    return JSON.parse(answer) as never;
  };
  return {
    ...home,
    name,
    port,
    address: `ws://127.0.0.1:${port}`,
    up: async (...how) => void (await home.ok('up', ...how)),
    kill: async () => {
      const pid = await signal('SIGKILL');
      while (trySignal(pid, 0)) await sleep(5);
    },
    signal,
    status,
    post,
    verified: async (space = '') => {
      const found = await home.data<Verified>('verify');
      const [one] = found.filter((each) => each.space.startsWith(space));
      assert.ok(one, 'there is no such space');
      return one;
    },
  };
}

/** Starts it, listening. */
export async function openListening(name: string): Promise<NetNode> {
  const node = await openNetNode(name);
  await node.up('--name', name, '--listen', `127.0.0.1:${node.port}`);
  return node;
}

/** `joiner` becomes a member of the space of `owner`'s messages; answers its id. */
export async function meet(owner: NetNode, joiner: NetNode): Promise<string> {
  const [invited] = await owner.data<{ code: string; space: string }>('invite');
  assert.ok(invited);
  await joiner.ok('join', invited.code, '--default');
  return invited.space;
}

/**
 * Resolves when all have the same state, and their records are whole; answers its hash. They may hold
 * more than that: what a fork has made void is not carried to others.
 */
export async function agree(nodes: readonly NetNode[], space = ''): Promise<string> {
  let seen: readonly Verified[] = [];
  const look = async (): Promise<boolean> => {
    seen = await Promise.all(nodes.map((node) => node.verified(space)));
    const [first] = seen;
    return seen.every(({ stateHash }) => stateHash !== null && stateHash === first?.stateHash);
  };
  await becomes('all have the same state', look).catch((cause: unknown) => {
    throw new Error(`They do not agree: ${JSON.stringify(seen)}`, { cause });
  });
  for (const each of seen) assert.deepEqual(each.damage, []);
  return seen[0]?.stateHash ?? '';
}

/** Resolves when `node` is linked with so many others. */
export const linked = (node: NetNode, count = 1): Promise<void> =>
  becomes(`${node.name} has ${count} links`, async () => {
    const { network } = await node.status();
    return (network.sync?.peers.length ?? 0) >= count;
  });

/** One event of a space as `skein log --json` tells it. */
export interface LoggedEvent {
  readonly id: string;
  readonly type: string;
  readonly subject?: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** All events of a space in the order of this node. */
export const logOf = (node: NetNode, space: string): Promise<readonly LoggedEvent[]> =>
  node.data<LoggedEvent>('log', '--space', space);

function trySignal(pid: number, kind: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, kind);
  } catch {
    return false;
  }
}

/** The socket of the node whose person has this folder. */
export function socketIn(person: string): string {
  const folder = join(person, 'skein');
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return join(folder, names.find((name) => name.endsWith('.sock')) ?? 'none.sock');
}

interface Posted {
  readonly path: string;
  readonly token: string;
  readonly body: object;
}

function postTo(agent: Agent, socketPath: string, { path, token, body }: Posted): Promise<string> {
  const text = JSON.stringify(body);
  const headers = {
    host: 'skein',
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  };
  return new Promise((resolve, reject) => {
    const asked = request({ agent, socketPath, method: 'POST', path, headers }, (response) => {
      let answer = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
      response.once('error', reject);
      response.once('end', () => {
        if (response.statusCode === 200) resolve(answer);
        else reject(new Error(answer));
      });
    });
    asked.setTimeout(60_000, () => asked.destroy(new Error(`${path}: no answer in a minute`)));
    asked.once('error', reject);
    asked.end(text);
  });
}
