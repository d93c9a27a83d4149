/**
 * Which addresses of the internet may be connected to: those that are global and belong to somebody else.
 * The rows are the special-purpose registries of IANA (RFC 6890) and what clouds answer their own
 * machines at. An operator may open the rows of a private network for a name, never the others.
 */
import { BlockList, isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

/** A row: the network, its name, and whether an operator may open it. */
interface SpecialNetwork {
  readonly network: string;
  readonly reason: string;
  readonly isPrivate?: boolean;
}

const SPECIAL: readonly SpecialNetwork[] = [
  { network: '0.0.0.0/8', reason: 'this network (RFC 1122)' },
  { network: '10.0.0.0/8', reason: 'private (RFC 1918)', isPrivate: true },
  { network: '100.64.0.0/10', reason: "a carrier's shared space (RFC 6598)", isPrivate: true },
  { network: '127.0.0.0/8', reason: 'loopback (RFC 1122)', isPrivate: true },
  { network: '168.63.129.16/32', reason: "Azure's metadata" },
  { network: '169.254.0.0/16', reason: 'link-local, where clouds tell metadata (RFC 3927)' },
  { network: '172.16.0.0/12', reason: 'private (RFC 1918)', isPrivate: true },
  { network: '192.0.0.0/24', reason: 'for protocols (RFC 6890)' },
  { network: '192.0.2.0/24', reason: 'for documentation (RFC 5737)' },
  { network: '192.88.99.0/24', reason: '6to4 relays (RFC 7526)' },
  { network: '192.168.0.0/16', reason: 'private (RFC 1918)', isPrivate: true },
  { network: '198.18.0.0/15', reason: 'for benchmarks (RFC 2544)' },
  { network: '198.51.100.0/24', reason: 'for documentation (RFC 5737)' },
  { network: '203.0.113.0/24', reason: 'for documentation (RFC 5737)' },
  { network: '224.0.0.0/4', reason: 'multicast (RFC 5771)' },
  { network: '240.0.0.0/4', reason: 'reserved, or broadcast (RFC 1112, RFC 919)' },
  { network: '::/128', reason: 'unspecified (RFC 4291)' },
  { network: '::1/128', reason: 'loopback (RFC 4291)', isPrivate: true },
  { network: '::ffff:0:0/96', reason: 'an IPv4 address in IPv6 (RFC 4291)' },
  { network: '64:ff9b::/96', reason: 'an IPv4 address in IPv6 (RFC 6052)' },
  { network: '64:ff9b:1::/48', reason: 'local translation (RFC 8215)' },
  { network: '100::/64', reason: 'discarded (RFC 6666)' },
  { network: '2001::/23', reason: 'for protocols, such as Teredo (RFC 2928, RFC 4380)' },
  { network: '2001:db8::/32', reason: 'for documentation (RFC 3849)' },
  { network: '2002::/16', reason: 'an IPv4 address in IPv6 (RFC 3056)' },
  { network: '3fff::/20', reason: 'for documentation (RFC 9637)' },
  { network: 'fc00::/7', reason: 'unique local (RFC 4193)', isPrivate: true },
  { network: 'fd00:ec2::/32', reason: "Amazon's metadata" },
  { network: 'fe80::/10', reason: 'link-local (RFC 4291)' },
  { network: 'fec0::/10', reason: 'site-local (RFC 3879)' },
  { network: 'ff00::/8', reason: 'multicast (RFC 4291)' },
];

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 4 ? 'ipv4' : 'ipv6');

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits] = network.split('/');
    list.addSubnet(address, Number(bits), familyOf(address));
  }
  return list;
}

const ROWS = SPECIAL.map((row) => ({ ...row, list: listOf([row.network]) }));
const GLOBAL_IPV6 = listOf(['2000::/3']);

/** What this machine calls itself: a service that listens everywhere answers there too. */
const isOwn = (address: string): boolean =>
  Object.values(networkInterfaces()).some((all) => all?.some((own) => own.address === address));

/**
 * Why `address` may not be connected to, or null; completes "it leads to an address that is ...".
 * `allowPrivate` opens loopback, private networks and this machine, and nothing else.
 */
export function addressProblem(address: string, allowPrivate = false): string | null {
  if (isIP(address) === 0 || address.includes('%')) return 'no plain IP address';
  const family = familyOf(address);
  const found = ROWS.filter((row) => familyOf(row.network.split('/')[0] ?? '') === family).filter(
    ({ list }) => list.check(address, family),
  );
  const problem = found.find(({ isPrivate }) => !(allowPrivate && isPrivate === true));
  if (problem !== undefined) return problem.reason;
  if (found.length > 0) return null;
  if (family === 'ipv6' && !GLOBAL_IPV6.check(address, family)) return 'not global (RFC 4291)';
  return !allowPrivate && isOwn(address) ? 'one of this machine' : null;
}
