/** skein up: starts the node of this home, and says how it meets others; what is said is kept. */
import { SkeinError } from '#protocol/errors.ts';
import type { CliCommand, Typed } from '../../command.ts';
import { connect, typedPaths } from '../../connect.ts';
import { newCommandId } from '../../new-id.ts';

/** The command. */
export const command: CliCommand = {
  usage: 'up [--listen <host:port>] [--peer <url>]... [--nats <host:port>]... [--foreground]',
  summary: 'start the node, and say how it meets other nodes (kept for the next time)',
  words: [0, 0],
  options: {
    foreground: { type: 'boolean', help: 'serve in this process until it is stopped' },
    name: { type: 'string', value: '<name>', help: 'what the node is called (default: the host)' },
    listen: {
      type: 'string',
      value: '<host:port>',
      help: 'accept links of members there; "off" ends it',
    },
    advertise: {
      type: 'string',
      multiple: true,
      value: '<url>',
      help: 'where others reach it, when that is another address (ws://... or wss://...)',
    },
    peer: {
      type: 'string',
      multiple: true,
      value: '<url>',
      help: 'keep a link to the node at ws://host:port; repeat it for more',
    },
    nats: {
      type: 'string',
      multiple: true,
      value: '<host:port>',
      help: 'meet over a NATS server, or the servers of a cluster',
    },
    'nats-creds': { type: 'string', value: '<file>', help: 'a file of NATS credentials' },
    'nats-nkey': {
      type: 'boolean',
      help: "authenticate with the node's nkey (skein status shows it)",
    },
    'nats-keep-nothing': {
      type: 'boolean',
      help: 'no pages wait at the server for nodes that are down: who runs it could read them',
    },
    'nats-ca': { type: 'string', value: '<file>', help: 'TLS, trusting this certificate' },
    hub: {
      type: 'string',
      multiple: true,
      value: '<key>',
      help: 'the node with this key is a hub: what it holds counts as "hub-fsync"',
    },
    workers: {
      type: 'string',
      value: '<n>',
      help: 'how many agents here may work for missions of others',
    },
    metrics: { type: 'string', value: '<host:port>', help: 'show metrics there; "off" ends it' },
    alone: { type: 'boolean', help: 'forget all of this: the node meets nobody' },
  },
  run: async (typed) => {
    const paths = typedPaths(typed);
    const change = changeOf(typed);
    if (typed.flag('foreground')) return serve(typed, change);
    const client = await connect(typed);
    if (Object.keys(change).length > 0) {
      const call = { id: newCommandId(), name: 'network.configure', input: change };
      const { problem } = await client.post<{ problem: string | null }>(call);
      if (problem !== null) process.stderr.write(`${problem}: it is tried again\n`);
    }
    process.stderr.write(`node is up, home ${paths.home}\n`);
    return 0;
  },
};

async function serve(typed: Typed, change: Change): Promise<number> {
  const paths = typedPaths(typed);
  const { startNode } = await import('#daemon/node.ts');
  const node = await startNode({ paths, idleMs: 2 ** 31 - 1, env: process.env, network: change });
  process.stderr.write(`node is up, home ${paths.home}; Ctrl-C stops it\n`);
  process.once('SIGINT', () => void node.close());
  process.once('SIGTERM', () => void node.close());
  await node.closed;
  return 0;
}

type Change = Readonly<Record<string, unknown>>;

/** What was typed, as settings; what was not typed stays as it is. */
function changeOf(typed: Typed): Change {
  const given = (name: string): readonly string[] | undefined => {
    const values = typed.values(name);
    return values.length === 0 ? undefined : values;
  };
  const place = (name: string): string | null | undefined => {
    const value = typed.value(name);
    return value === 'off' ? null : value;
  };
  const alone = typed.flag('alone')
    ? { listen: null, advertise: [], peers: [], nats: null, hubs: [], workers: 0, metrics: null }
    : {};
  const change = {
    name: typed.value('name'),
    listen: place('listen'),
    advertise: given('advertise'),
    peers: given('peer'),
    nats: natsOf(typed),
    hubs: given('hub'),
    workers: workersOf(typed.value('workers')),
    metrics: place('metrics'),
  };
  const said = Object.entries(change).filter(([, value]) => value !== undefined);
  return { ...alone, ...Object.fromEntries(said) };
}

function natsOf(typed: Typed): object | undefined {
  const servers = typed.values('nats').map((server) => server.replace(/^nats:\/\//u, ''));
  const [creds, ca] = [typed.value('nats-creds'), typed.value('nats-ca')];
  if (servers.length === 0) {
    const isSaid = typed.flag('nats-nkey') || typed.flag('nats-keep-nothing');
    if (creds === undefined && ca === undefined && !isSaid) return undefined;
    throw new SkeinError('usage', 'Cannot use NATS: no server is named', {
      fix: 'Name it: --nats <host:port>',
    });
  }
  return {
    servers,
    ...(creds === undefined ? {} : { creds }),
    ...(typed.flag('nats-nkey') ? { nkey: true } : {}),
    ...(typed.flag('nats-keep-nothing') ? { handOver: false } : {}),
    ...(ca === undefined ? {} : { tls: { caFile: ca } }),
  };
}

function workersOf(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,3}$/u.test(value)) return Number(value);
  throw new SkeinError('usage', `Cannot start ${value} workers: it is no number`);
}
