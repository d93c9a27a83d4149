/** How a node meets others, in lines: where it listens, whom it is linked to, how far behind anybody is. */

/** What `/v1/status` says of it; see `NetworkStatus` of the node. */
export interface ShownNetwork {
  readonly name: string;
  readonly listening: readonly string[];
  readonly nats: {
    readonly servers: readonly string[];
    readonly version: string | null;
    /** A node that runs since an earlier version does not say it. */
    readonly handOver?: string | null;
  } | null;
  readonly problem: string | null;
  readonly sync: {
    readonly peers: readonly { readonly peer: string; readonly rttMs: number | null }[];
    readonly addresses: readonly {
      readonly address: string;
      readonly peer: string | null;
      readonly problem: string | null;
    }[];
    readonly spaces: readonly {
      readonly space: string;
      readonly chains: readonly {
        readonly chain: string;
        readonly frozen: boolean;
        readonly behind: number;
        readonly lag: Readonly<Record<string, number>>;
      }[];
      readonly waiting: readonly { readonly chain: string; readonly why: string }[];
    }[];
    readonly refused: Readonly<Record<string, number>>;
  } | null;
}

/** The lines; a node that is alone has one. */
export function networkLines({ name, listening, nats, problem, sync }: ShownNetwork): string[] {
  if (sync === null && problem === null) return [`network: ${name}, alone`];
  const ways = [
    ...listening.map((address) => `listens at ${address}`),
    ...(nats === null ? [] : [`NATS ${nats.servers.join(', ')} ${natsState(nats)}`]),
  ];
  return [
    `network: ${[name, ...ways].join('; ')}`,
    ...(problem === null ? [] : [`  ${problem}: it is tried again`]),
    ...(sync === null ? [] : syncLines(sync)),
  ];
}

function natsState({ version, handOver = null }: NonNullable<ShownNetwork['nats']>): string {
  if (version === null) return '(not reached)';
  if (handOver === null) return `(server ${version})`;
  const isOn = handOver === 'on';
  return `(server ${version}, ${isOn ? 'keeps pages for nodes that are down' : `keeps no pages: ${handOver}`})`;
}

type Sync = NonNullable<ShownNetwork['sync']>;

function syncLines({ peers, addresses, spaces, refused }: Sync): string[] {
  const linked = peers.map(({ peer, rttMs }) => {
    const trip = rttMs === null ? '' : `, ${Math.round(rttMs)} ms there and back`;
    return `  linked to ${peer.slice(0, 16)}${trip}`;
  });
  const tried = addresses
    .filter(({ problem, peer }) => problem !== null && !peers.some((each) => each.peer === peer))
    .map(({ address, problem }) => `  not linked: ${shortAddress(address)}: ${problem}`);
  const counts = Object.entries(refused).map(([reason, count]) => `${reason} ${count}`);
  return [
    ...linked,
    ...tried,
    ...spaces.flatMap(spaceLines),
    ...(counts.length === 0 ? [] : [`  refused: ${counts.join(', ')}`]),
  ];
}

function spaceLines({ space, chains, waiting }: Sync['spaces'][number]): string[] {
  const name = `  space ${space.slice(0, 12)}`;
  const behind = chains.reduce((sum, chain) => sum + chain.behind, 0);
  const lag = chains.flatMap((chain) => Object.values(chain.lag)).reduce((sum, n) => sum + n, 0);
  const state = [
    ...(behind === 0 ? [] : [`${behind} commits behind`]),
    ...(lag === 0 ? [] : [`others lack ${lag}`]),
  ];
  return [
    ...(state.length === 0 ? [] : [`${name}: ${state.join(', ')}`]),
    ...chains
      .filter(({ frozen }) => frozen)
      .map(({ chain }) => `${name}: chain ${chain.slice(0, 12)} is frozen: it forked, or was cut`),
    ...waiting.map(({ chain, why }) => `${name}: chain ${chain.slice(0, 12)} waits: ${why}`),
  ];
}

const shortAddress = (address: string): string =>
  address.replace(/^nats:([0-9a-f]{12})[0-9a-f]*:([0-9a-f]{16})[0-9a-f]*$/u, 'NATS $2 in space $1');
