/**
 * How a home meets others, in `network.json`: kept, so that any command that starts the node gets the
 * same. Without the file the node is alone.
 */
import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { z } from 'zod';
import { writeDurably } from '#ledger/store/durable-file.ts';
import { SkeinError } from '#protocol/errors.ts';
import { assertKnownFormat } from '#protocol/known-format.ts';

const FORMAT = 1;
const MAX_PEERS = 64;
const MAX_WORKERS = 64;

const address = z
  .string()
  .regex(/^(?:\[[0-9a-f:.]+\]|[A-Za-z0-9.-]+):\d{1,5}$/u, 'is not host:port');
const peer = z.string().regex(/^wss?:\/\/[^\s/]+\/?$/u, 'is not ws://host:port or wss://host:port');

const natsSettings = z.object({
  servers: z.array(address).min(1).max(16),
  /** A `.creds` file; else the node's own nkey when `nkey` is set. */
  creds: z.string().optional(),
  nkey: z.boolean().optional(),
  user: z.string().optional(),
  password: z.string().optional(),
  token: z.string().optional(),
  /** False: no page waits at the server, where who administers it can read it. */
  handOver: z.boolean().optional(),
  tls: z
    .object({
      caFile: z.string().optional(),
      certFile: z.string().optional(),
      keyFile: z.string().optional(),
    })
    .optional(),
});

const config = z.object({
  /** How the node is called where people read it. */
  name: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/u, 'is not 1 to 64 of A-Z a-z 0-9 _ -'),
  /** Where it listens for other nodes; null = nowhere. */
  listen: address.nullable(),
  /** Where others reach it, when that is not where it listens. */
  advertise: z.array(peer).max(16),
  /** Nodes it keeps a link to. */
  peers: z.array(peer).max(MAX_PEERS),
  nats: natsSettings.nullable(),
  /** Keys of nodes whose receipts count as those of a hub. */
  hubs: z.array(z.string().regex(/^[0-9a-f]{64}$/u, 'is not a key')).max(MAX_PEERS),
  /** How many agents of this node may work on the missions of others. */
  workers: z.int().min(0).max(MAX_WORKERS),
  /** Where metrics are shown without a token; null = only on the socket. */
  metrics: address.nullable(),
});

/** The settings. */
export type NetworkConfig = Readonly<z.infer<typeof config>>;

/** How a NATS server is reached, as it is kept. */
export type NatsSettings = NonNullable<NetworkConfig['nats']>;

/** The settings of a node that is alone. */
export const aloneConfig = (): NetworkConfig => ({
  name:
    hostname()
      .replaceAll(/[^A-Za-z0-9_-]/gu, '-')
      .slice(0, 64) || 'node',
  listen: null,
  advertise: [],
  peers: [],
  nats: null,
  hubs: [],
  workers: 0,
  metrics: null,
});

/** Reads the settings; without a file those of a node alone. Throws `config-invalid`. */
export function readNetworkConfig(file: string): NetworkConfig {
  if (!existsSync(file)) return aloneConfig();
  const { format, ...kept } = parse(file);
  assertKnownFormat(format, FORMAT, file);
  return checkConfig({ ...aloneConfig(), ...kept });
}

function parse(file: string): { readonly format: number } {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as { readonly format: number };
  } catch (cause) {
    throw new SkeinError('config-invalid', `Cannot read ${file}: it is no JSON`, {
      cause,
      fix: 'Mend it, or remove it and say again how the node meets others: skein up.',
    });
  }
}

/** Keeps the settings (mode 0600: there may be a password). */
export const writeNetworkConfig = (file: string, settings: NetworkConfig): void =>
  writeDurably(file, `${JSON.stringify({ format: FORMAT, ...settings }, null, 2)}\n`);

/** Checks settings that somebody typed or edited. Throws `config-invalid` that names the field. */
export function checkConfig(settings: unknown): NetworkConfig {
  const parsed = config.safeParse(settings);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join('.') ?? '';
  throw new SkeinError(
    'config-invalid',
    `Cannot use these network settings: ${field} ${issue?.message}`,
    {
      fix: 'See: skein help up',
    },
  );
}

/** Whether others can reach this node or are reached by it: then it doesn't leave when it is idle. */
export const isConnected = ({ listen, peers, nats }: NetworkConfig): boolean =>
  listen !== null || peers.length > 0 || nats !== null;

/** Changes what was typed and keeps it, for a node that is not up. Throws `config-invalid`. */
export const changeNetworkConfig = (file: string, change: object): void =>
  writeNetworkConfig(file, checkConfig({ ...readNetworkConfig(file), ...change }));
