/** The engine that keeps histories the same, with the carriers that the settings name. */
import { randomFillSync } from 'node:crypto';
import type { Server } from 'node:http';
import type { Signer } from '#identity/signer.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { DialHello, HelloOptions } from '#sync/hello/handshake.ts';
import type { Link } from '#sync/link/link.ts';
import type { Surroundings } from '#sync/link/wire.ts';
import { dialWs, serveLinks } from '#sync/link/ws-link.ts';
import { RefusalTally, type RefusalCounter } from '#sync/refusal.ts';
import { startSync } from '#sync/sync-engine.ts';
import type { PeerMethod, Sync, SyncNews } from '#sync/sync.ts';
import { softwareVersion } from '../software.ts';
import type { NetworkConfig } from './network-config.ts';
import type { HomePaths } from '../home/home-paths.ts';
import { openNats, type Carried, type CarriedSpace, type NatsMeeting } from './nats-meeting.ts';
import { openSlot } from './nats-slot.ts';
import type { SignalRelay } from './signal-relay.ts';

/** What it is made of. */
export interface NetworkSyncOptions {
  readonly config: NetworkConfig;
  readonly signer: Signer;
  /** Where links are accepted, when somewhere. */
  readonly server: Server | undefined;
  readonly methods: Readonly<Record<string, PeerMethod>>;
  readonly observe: (news: SyncNews) => void;
  /** Takes care of who comes with an invitation. */
  readonly guest: (link: Link) => void;
  readonly relay: SignalRelay;
  readonly nodeKeyFile: string;
  readonly paths: Pick<HomePaths, 'spaces'>;
  readonly report: (thrown: unknown) => void;
  /** A NATS server that could not be reached is there now. */
  readonly natsCame: () => void;
}

/** Links to others, at work. */
export interface NetworkSync {
  readonly sync: Sync;
  /** Over NATS, when there is one: signals of the space, and links to its members. */
  readonly meet: (space: string, members: readonly string[]) => void;
  readonly leave: (space: string) => void;
  /** Makes one link, outside of those that are kept. */
  readonly dial: (address: string, hello?: DialHello) => Promise<Link>;
  /** Counts what was refused outside of the engine. */
  readonly refused: RefusalCounter;
  /** The version of the NATS server; null while it is not reached, undefined without one. */
  readonly natsVersion: () => string | null | undefined;
  /** Why there is no NATS yet; it is tried again. */
  readonly problem: () => string | null;
  /** Hands over a space's pages to nodes that are down, when there is a NATS server. */
  readonly carry: (space: CarriedSpace) => Carried | undefined;
  /** Whether that works: `on`, or why not; null when nothing is to be handed over. */
  readonly handOver: () => string | null;
  readonly close: () => Promise<void>;
}

/** What `skein status` tells of NATS: the version of the server that is reached, null while none is. */
export interface NatsStatus {
  readonly servers: readonly string[];
  readonly version: string | null;
  /** Whether pages wait there for nodes that are down: `on`, or why not; null when nothing is to. */
  readonly handOver: string | null;
}

/** That status; `running` is undefined while no server can be reached. */
export const natsStatus = (
  servers: readonly string[],
  running: Pick<NetworkSync, 'natsVersion' | 'handOver'> | undefined,
): NatsStatus => ({
  servers,
  version: running?.natsVersion() ?? null,
  handOver: running?.handOver() ?? null,
});

/** Time and chance of the machine. */
export const surroundings: Surroundings = {
  timers: {
    now: Date.now,
    monotonic: () => performance.now(),
    after: (ms, callback) => {
      const timer = setTimeout(callback, ms);
      return () => clearTimeout(timer);
    },
  },
  random: (bytes) => randomFillSync(bytes),
};

/** Starts it; links are made in the background. Throws when the NATS server refuses. */
export async function openNetworkSync(options: NetworkSyncOptions): Promise<NetworkSync> {
  const { config, signer, server, methods, observe, guest } = options;
  const tally = new RefusalTally();
  const refused: RefusalCounter = (reason, peer) => {
    tally.add(reason);
    observe({ type: 'refused', peer, reason });
  };
  const hello: HelloOptions = {
    ...surroundings,
    signer,
    software: `skein ${softwareVersion()}`,
    spacesFor: (peer) => sync.spacesFor(peer),
    refused,
  };
  let nats: NatsMeeting | undefined;
  const dial = (address: string, how?: DialHello): Promise<Link> => {
    if (/^wss?:/u.test(address)) return dialWs(address, hello, how);
    if (nats !== undefined && address.startsWith('nats:')) return nats.dial(address, how);
    throw new SkeinError('node-unreachable', `Cannot reach ${address}: nothing leads there`, {
      fix: 'Meet over the same NATS server: skein up --nats <host:port>',
    });
  };
  const sync = startSync({
    ...surroundings,
    tally,
    node: signer.key,
    dial: (address) => dial(address),
    methods,
    hubs: config.hubs,
    guest,
    observe,
  });
  const links = server === undefined ? undefined : await serveLinks(server, hello, sync.welcome);
  const slot = await openSlot(config.nats, {
    open: (settings) => openNats({ ...options, settings, hello }),
    came: (meeting) => {
      nats = meeting;
      meeting.serve(sync);
    },
    later: options.natsCame,
    report: options.report,
  });
  for (const peer of config.peers) sync.reach(peer);
  return {
    sync,
    meet: (space, members) => nats?.join(space, members),
    leave: (space) => nats?.leave(space),
    dial,
    refused,
    natsVersion: () => (nats === undefined ? undefined : (nats.serverVersion ?? null)),
    problem: () => slot.problem(),
    carry: (space) => nats?.carry(space),
    handOver: () => nats?.handOver ?? null,
    close: async () => {
      slot.close();
      links?.close();
      await sync.close();
      await nats?.close();
    },
  };
}
