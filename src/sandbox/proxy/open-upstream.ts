/**
 * From a name to a connection: the name is resolved once, each address is checked, and the connection goes
 * to an address that was, so a name that changes its mind afterwards changes nothing (DNS rebinding).
 */
import { lookup } from 'node:dns/promises';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { setTimeout as wait } from 'node:timers/promises';
import { addressProblem } from './address-table.ts';
import type { HostList, Target } from './host-list.ts';
import type { ProxyLimits, ResolveHost } from './proxy.ts';

/** Who decides what may be reached. */
export interface UpstreamRules {
  readonly isListed: HostList;
  readonly resolve: ResolveHost;
  readonly limits: ProxyLimits;
  readonly allowPrivate: ReadonlySet<string>;
  readonly ca: string | undefined;
  /** When the proxy closes. */
  readonly closing: AbortSignal;
}

/** Why there is no connection. */
export interface NoUpstream {
  readonly type: 'refused' | 'failed';
  readonly reason: string;
}

/** A connection, not read from yet, to an address that was checked. */
export interface Upstream {
  readonly type: 'open';
  readonly socket: Socket;
  readonly address: string;
}

const MAX_ADDRESSES = 4;

/** Said, so that no variable of the environment says otherwise. */
const TLS_OPTIONS = { rejectUnauthorized: true, ALPNProtocols: ['http/1.1'] };

/** The system's resolver, as other programs of this machine are answered. */
export const systemResolve: ResolveHost = async (host) =>
  (await lookup(host, { all: true })).map(({ address }) => address);

/** Connects to a target that is on the list, with TLS (and its certificate checked) when asked. */
export async function openUpstream(
  rules: UpstreamRules,
  target: Target,
  secure: boolean,
): Promise<Upstream | NoUpstream> {
  if (!rules.isListed(target)) return { type: 'refused', reason: 'it is not on the list' };
  const signal = AbortSignal.any([rules.closing, AbortSignal.timeout(rules.limits.connectMs)]);
  const addresses = await resolveChecked(rules, target.host, signal);
  if ('type' in addresses) return addresses;
  let problem = 'it has no address';
  const tried = addresses.slice(0, MAX_ADDRESSES);
  for (const address of tried) {
    // one that never answers leaves time for the others
    const own = AbortSignal.timeout(Math.ceil(rules.limits.connectMs / tried.length));
    try {
      const socket = await dial(
        { rules, target, secure, signal: AbortSignal.any([signal, own]) },
        address,
      );
      return { type: 'open', socket, address };
    } catch (error) {
      problem = `no connection to ${address} (${codeOf(error)})`;
    }
  }
  return { type: 'failed', reason: problem };
}

async function resolveChecked(
  { resolve, allowPrivate }: UpstreamRules,
  host: string,
  signal: AbortSignal,
): Promise<readonly string[] | NoUpstream> {
  let addresses: readonly string[];
  try {
    addresses = isIP(host) === 0 ? await inTime(resolve(host), signal) : [host];
  } catch (error) {
    return { type: 'failed', reason: `its name can't be resolved (${codeOf(error)})` };
  }
  // one bad address is enough: an honest name has none
  for (const address of addresses) {
    const problem = addressProblem(address, allowPrivate.has(host));
    if (problem !== null) {
      return { type: 'refused', reason: `it leads to an address that is ${problem}: ${address}` };
    }
  }
  return addresses;
}

/** `work`, given up at the signal. */
async function inTime<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const done = new AbortController();
  const both = AbortSignal.any([signal, done.signal]);
  const never = wait(2 ** 30, undefined as never, { signal: both, ref: false });
  try {
    return await Promise.race([work, never]);
  } finally {
    done.abort();
    never.catch(() => undefined);
  }
}

interface Call {
  readonly rules: UpstreamRules;
  readonly target: Target;
  readonly secure: boolean;
  readonly signal: AbortSignal;
}

/** One connection to one address; rejects when it isn't there in time. */
function dial({ rules, target, secure, signal }: Call, address: string): Promise<Socket> {
  const { host, port } = target;
  return new Promise((resolve, reject) => {
    const plain = connect({ host: address, port, noDelay: true, allowHalfOpen: !secure });
    const named = isIP(host) === 0 ? { servername: host } : {};
    const ca = rules.ca === undefined ? {} : { ca: rules.ca };
    const socket = secure
      ? connectTls({ ...TLS_OPTIONS, socket: plain, host, ...named, ...ca })
      : plain;
    const settle = (error?: Error): void => {
      signal.removeEventListener('abort', giveUp);
      for (const each of new Set([plain, socket])) each.off('error', settle);
      if (error === undefined) return resolve(socket);
      // errors may still come from both
      for (const each of new Set([plain, socket])) each.on('error', () => undefined).destroy();
      return reject(error);
    };
    const giveUp = (): void => settle(signal.reason as Error);
    for (const each of new Set([plain, socket])) each.on('error', settle);
    socket.once(secure ? 'secureConnect' : 'connect', () => settle());
    signal.addEventListener('abort', giveUp);
    if (signal.aborted) giveUp();
  });
}

/** A code for the record; texts of errors may hold what a server sent. */
function codeOf(error: unknown): string {
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown };
  return String(typeof code === 'string' ? code : name);
}
