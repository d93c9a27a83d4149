/** The list of hosts that may be reached, and the one spelling of a host that it is compared in. */
import { isIP, isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';
import { SkeinError } from '#protocol/errors.ts';

/** A host in its one spelling (lower case, no final dot, IPv6 without brackets) and a port. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

/** An entry of the list; `port` is null for the usual two. */
interface ListedHost {
  readonly suffix: boolean;
  readonly host: string;
  readonly port: number | null;
}

/** Whether a target is on the list. */
export type HostList = (target: Target) => boolean;

const USUAL_PORTS: readonly number[] = [443, 80];
const MAX_HOST_LENGTH = 253;
const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/u;
const AUTHORITY = /^(?:\[([0-9A-Fa-f:.]{2,45})\]|([^[\]:/?#@\\\s%]{1,254}))(?::([0-9]{1,5}))?$/u;

/**
 * Reads `host`, `host:port`, `1.2.3.4:port`, `[::1]:port`; null for anything else, and for names that
 * resolvers read as numbers (`127.1`, `0x7f000001`: a name ends in no number, RFC 3696, 2).
 */
export function parseAuthority(text: string, defaultPort: number): Target | null {
  const [, ipv6, name, portText] = AUTHORITY.exec(text) ?? [];
  const port = portText === undefined ? defaultPort : Number(portText);
  if (port < 1 || port > 65_535) return null;
  if (ipv6 !== undefined) return isIPv6(ipv6) ? { host: plainIpv6(ipv6), port } : null;
  const host = parseName(name ?? '');
  return host === null ? null : { host, port };
}

// the shortest spelling (RFC 5952), as the parser of URLs writes it
const plainIpv6 = (address: string): string => new URL(`http://[${address}]`).hostname.slice(1, -1);

function parseName(name: string): string | null {
  if (isIP(name) === 4) return name;
  const host = domainToASCII(name).replace(/\.$/u, '');
  const labels = host.split('.');
  const isName = host.length <= MAX_HOST_LENGTH && labels.every((label) => LABEL.test(label));
  return isName && !/^(?:[0-9]+|0x[0-9a-f]*)$/u.test(labels.at(-1) ?? '') ? host : null;
}

/** Reads the list; throws `usage` for an entry that can't be one. */
export function parseHostList(patterns: readonly string[]): HostList {
  const listed = patterns.map(parsePattern);
  return ({ host, port }) =>
    listed.some((entry) => {
      const isPort = entry.port === null ? USUAL_PORTS.includes(port) : entry.port === port;
      const isHost = entry.suffix ? host.endsWith(`.${entry.host}`) : host === entry.host;
      return isPort && isHost;
    });
}

function parsePattern(pattern: string): ListedHost {
  const suffix = pattern.startsWith('*.');
  const target = parseAuthority(suffix ? pattern.slice(2) : pattern, USUAL_PORTS[0] ?? 0);
  const isBroad = suffix && (target?.host.includes('.') !== true || isIP(target.host) !== 0);
  if (target === null || isBroad) {
    const state = target === null ? 'it is no host' : 'it is too much';
    throw new SkeinError('usage', `Cannot allow ${JSON.stringify(pattern)}: ${state}`, {
      fix: 'Write api.example.com, *.example.com or api.example.com:8443.',
    });
  }
  return { suffix, host: target.host, port: /:[0-9]+$/u.test(pattern) ? target.port : null };
}
