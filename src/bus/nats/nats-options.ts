/** How a NATS server is reached, and what its refusals mean. The client is loaded here, when it is needed. */
import type { NatsConnection, NodeConnectionOptions } from '@nats-io/transport-node';
import { checkServerIdentity, type ConnectionOptions } from 'node:tls';
import { readSecretFile } from '#identity/secret-file.ts';
import { keyFromNkeySeed, nkeySigner, type NkeySigner } from '#identity/nkey.ts';
import { SkeinError } from '#protocol/errors.ts';
import { MAX_FRAME_BYTES } from '../wire-frame.ts';

/** Who connects. A file of credentials (`.creds`) must be readable by its owner only. */
export type NatsAuth =
  | { readonly type: 'token'; readonly token: string }
  | { readonly type: 'password'; readonly user: string; readonly password: string }
  | { readonly type: 'creds'; readonly file: string }
  | { readonly type: 'nkey'; readonly signer: NkeySigner };

/** Files of TLS, as PEM. Given, even empty, a server without TLS is refused. */
export interface NatsTls {
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

/** How a NATS server is reached. */
export interface NatsOptions {
  /** `host:port`, one or more of a cluster; it tells us of the others. */
  readonly servers: readonly string[];
  /** How the connection is called in the server's lists. */
  readonly name?: string;
  readonly auth?: NatsAuth;
  readonly tls?: NatsTls;
  /** How long the first connection may take (default 5,000). */
  readonly connectTimeoutMs?: number;
  /** How long to wait before each server is tried again; as much again by chance (default 250). */
  readonly reconnectWaitMs?: number;
  /** How often a silent server is asked whether it lives; two unanswered end it (default 5,000). */
  readonly pingIntervalMs?: number;
}

const DEFAULT_CONNECT_MS = 5_000;
const DEFAULT_RECONNECT_MS = 250;
const DEFAULT_PING_MS = 5_000;

/** A connection that comes back by itself. Throws `bus-disconnected`, `unauthorized` or `usage`. */
export async function connectNats(options: NatsOptions): Promise<NatsConnection> {
  if (options.servers.length === 0)
    throw new SkeinError('usage', 'Cannot open the bus: no NATS server is named');
  const settings = { ...toSettings(options), ...authenticator(options.auth) };
  const { connect } = await import('@nats-io/transport-node');
  let connection: NatsConnection;
  try {
    connection = await connect(settings);
  } catch (cause) {
    throw toBusError(cause, options.servers);
  }
  const most = connection.info?.max_payload ?? 0;
  if (most >= MAX_FRAME_BYTES) return connection;
  await connection.close();
  throw new SkeinError(
    'usage',
    `Cannot use the NATS server: it takes ${most} bytes a message, Skein needs ${MAX_FRAME_BYTES}`,
    { fix: 'Set max_payload: 1MB in its configuration.' },
  );
}

function toSettings(options: NatsOptions): NodeConnectionOptions {
  const waitMs = options.reconnectWaitMs ?? DEFAULT_RECONNECT_MS;
  return {
    servers: [...options.servers],
    name: options.name ?? 'skein',
    timeout: options.connectTimeoutMs ?? DEFAULT_CONNECT_MS,
    maxReconnectAttempts: -1,
    reconnectTimeWait: waitMs,
    reconnectJitter: waitMs,
    reconnectJitterTLS: waitMs,
    // A server that is being set up anew refuses everybody for a while.
    ignoreAuthErrorAbort: true,
    pingInterval: options.pingIntervalMs ?? DEFAULT_PING_MS,
    maxPingOut: 2,
    noAsyncTraces: true,
    ...(options.tls === undefined ? {} : { tls: checkedTls(options.tls, options.servers) }),
  };
}

/**
 * The client takes a server that is named by its address for `localhost`. Here a certificate must be
 * for the name that the client gives, or for one of the servers that were named to us.
 */
function checkedTls(tls: NatsTls, servers: readonly string[]): NatsTls {
  const named = servers.map((server) => {
    const { hostname } = new URL(server.includes('://') ? server : `nats://${server}`);
    return hostname.replace(/^\[|\]$/g, '');
  });
  const checked: Pick<ConnectionOptions, 'checkServerIdentity'> = {
    checkServerIdentity: (host, certificate) => {
      const hosts = host === 'localhost' ? named : [host, ...named];
      const [first, ...problems] = hosts.map((each) => checkServerIdentity(each, certificate));
      return problems.includes(undefined) ? undefined : first;
    },
  };
  return { ...tls, ...checked };
}

function authenticator(auth: NatsAuth | undefined): NodeConnectionOptions {
  if (auth === undefined) return {};
  if (auth.type === 'token') return { token: auth.token };
  if (auth.type === 'password') return { user: auth.user, pass: auth.password };
  const [shown, signer] = auth.type === 'creds' ? readCreds(auth.file) : [{}, auth.signer];
  const { nkey, sign } = signer;
  return {
    authenticator: (nonce) => ({ ...shown, nkey, sig: nonce === undefined ? '' : sign(nonce) }),
  };
}

const CREDS = /BEGIN NATS USER JWT-+\s*(\S+)\s*-+END[^]*BEGIN USER NKEY SEED-+\s*(\S+)\s*-+END/;

/** What a file of credentials shows to the server, and what signs for it. */
function readCreds(file: string): [{ readonly jwt: string }, NkeySigner] {
  const [, jwt, seed] = CREDS.exec(readSecretFile(file) ?? '') ?? [];
  if (jwt !== undefined && seed !== undefined) return [{ jwt }, nkeySigner(keyFromNkeySeed(seed))];
  throw new SkeinError('key-invalid', `Cannot use ${file}: it holds no credentials for NATS`);
}

/** What the client says, in our words. Secrets are in none of it: only names of servers are. */
export function toBusError(thrown: unknown, servers: readonly string[]): SkeinError {
  if (thrown instanceof SkeinError) return thrown;
  const outer = thrown as Error;
  // A request that fails has the reason below it.
  const error = outer.name === 'RequestError' && outer.cause ? (outer.cause as Error) : outer;
  const where = servers.join(', ');
  if (['AuthorizationError', 'UserAuthenticationExpiredError'].includes(error.name)) {
    return new SkeinError('unauthorized', `Cannot enter the bus at ${where}: ${error.message}`, {
      cause: thrown,
      fix: 'Add the nkey, user or token of this node to the configuration of the NATS server.',
    });
  }
  if (error.name === 'PermissionViolationError')
    return new SkeinError('subject-forbidden', `Cannot use the bus: ${error.message}`, {
      cause: thrown,
    });
  const why = error.message || 'no connection';
  return new SkeinError('bus-disconnected', `Cannot reach the bus at ${where}: ${why}`, {
    cause: thrown,
    fix: 'Start the NATS server, or name another one.',
  });
}
