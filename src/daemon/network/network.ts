/**
 * How this node meets others: its links, its bus to them, and the spaces it shares. Alone it is only
 * the desks of its spaces; with `network.json` it listens, dials, and keeps histories the same.
 */
import type { Server } from 'node:http';
import type { Bus } from '#bus/bus.ts';
import type { Signer } from '#identity/signer.ts';
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import { HEARTBEAT_SIGNAL, WANTED_SIGNAL } from '#registry/heartbeat/heartbeat.ts';
import type { Metrics } from '#telemetry/metrics.ts';
import { makeLoadSampler, readMachine } from '#telemetry/load.ts';
import type { Link } from '#sync/link/link.ts';
import { decodeInvite } from '#sync/member/invite.ts';
import { joinSpace, type Joined } from '#sync/member/join.ts';
import type { GuestRole } from '#sync/member/member-decider.ts';
import type { PeerMethod, Sync, SyncNews } from '#sync/sync.ts';
import type { HomePaths } from '../home/home-paths.ts';
import { softwareVersion } from '../software.ts';
import type { NetworkMeter } from '../metrics/network-meter.ts';
import { serveMetrics } from '../metrics/serve-metrics.ts';
import type { Spaces } from '../spaces.ts';
import { Guests, type Invitation } from './guests.ts';
import { addressesOf, closeServer, listenAt, makePeerServer } from './listening.ts';
import {
  checkConfig,
  isConnected,
  readNetworkConfig,
  writeNetworkConfig,
  type NetworkConfig,
} from './network-config.ts';
import { natsAddress } from './nats-meeting.ts';
import type { Configured, NetworkStatus } from './network-status.ts';
import { natsStatus, openNetworkSync, surroundings, type NetworkSync } from './network-sync.ts';
import { SIGNAL_METHOD, SignalRelay } from './signal-relay.ts';
import { awaitBeginning } from './space-beginning.ts';
import {
  announce,
  exchange,
  membersOf,
  openDesk,
  type DeskOptions,
  type SpaceDesk,
} from './space-desk.ts';

/** What a network is made of. */
export interface NetworkOptions {
  readonly paths: Pick<HomePaths, 'network' | 'invitations' | 'nodeKey' | 'spaces'>;
  readonly spaces: Spaces;
  readonly signer: Signer;
  readonly epoch: number;
  readonly newId: () => string;
  /** The bus inside this node. */
  readonly bus: Bus;
  /** The mailroom of a space. */
  readonly mailroomOf: DeskOptions['mailroomOf'];
  readonly searchPath: string;
  readonly report: (thrown: unknown) => void;
  readonly meter: NetworkMeter;
  /** What is shown at the address of the settings. */
  readonly metrics: Metrics;
  /** What other nodes may ask of this one besides history, by name. */
  readonly methods?: Readonly<Record<string, PeerMethod>>;
  /** What nodes do for each other in a space while it is exchanged. */
  readonly work?: DeskOptions['work'];
}

/** When a server that could not be reached is tried again, in milliseconds. */
const RETRY_MS = 2_000;

/** One node's network. */
export class Network {
  readonly #options: NetworkOptions;
  readonly #relay: SignalRelay;
  readonly #guests: Guests;
  readonly #opening = new Map<string, Promise<SpaceDesk>>();
  readonly #desks = new Map<string, SpaceDesk>();
  readonly #stale = new Set<string>();
  readonly #deskOptions: DeskOptions;
  #config: NetworkConfig;
  #running: NetworkSync | undefined;
  #server: Server | undefined;
  #metrics: { readonly close: () => Promise<void> } | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #problem: string | null = null;
  #cancelRetry: () => void = () => undefined;

  constructor(options: NetworkOptions) {
    const { bus, report, paths, searchPath } = options;
    this.#options = options;
    this.#config = readNetworkConfig(paths.network);
    this.#relay = new SignalRelay({
      local: bus,
      kinds: [HEARTBEAT_SIGNAL, WANTED_SIGNAL],
      peersOf: (space) => this.#linksOf(space),
      report,
    });
    this.#guests = new Guests({
      ...options,
      path: paths.invitations,
      ledgerOf: async (space) => (await this.desk(space)).ledger,
      isProject: (space) => options.spaces.project(space) !== undefined,
      addresses: (space) => [
        ...this.addresses,
        ...(this.#config.nats === null ? [] : [natsAddress(space, options.signer.key)]),
      ],
      refused: (reason, peer) => this.#running?.refused(reason, peer),
    });
    this.#deskOptions = {
      ...options,
      bus: this.#relay.bus(),
      load: makeLoadSampler(readMachine(() => performance.now(), searchPath)),
      card: () => ({
        name: this.#config.name,
        version: softwareVersion(),
        addresses: addressesOf(this.#config, this.#server),
      }),
      clockOf: (node) => this.clockOf(node),
    };
  }

  get config(): NetworkConfig {
    return this.#config;
  }

  /** How far another node's clock is ahead, and how wrong that may be; undefined without a link. */
  clockOf(node: string): ReturnType<Link['clock']> {
    return this.#sync?.peer(node)?.clock();
  }

  /** Whether others reach this node or are reached by it. */
  get isConnected(): boolean {
    return isConnected(this.#config);
  }

  get #trouble(): string | null {
    return this.#problem ?? this.#running?.problem() ?? null;
  }

  get #sync(): Sync | undefined {
    return this.#running?.sync;
  }

  /** Meets the others as the settings say; what can't be reached is tried again. */
  start(): Promise<void> {
    return this.#inTurn(() => this.#openOrRetry('kept'));
  }

  /** Changes settings, keeps them, and meets others by them. Throws `config-invalid`, `usage`. */
  configure(change: object): Promise<Configured> {
    return this.#inTurn(async () => {
      const before = this.#config;
      const wanted = checkConfig({ ...before, ...change });
      await this.#shut();
      this.#config = wanted;
      try {
        await this.#openOrRetry();
      } catch (thrown) {
        // Settings that can't work are not kept: the node goes on as before.
        await this.#shut();
        this.#config = before;
        await this.#openOrRetry('kept');
        throw thrown;
      }
      writeNetworkConfig(this.#options.paths.network, wanted);
      return { config: wanted, problem: this.#trouble };
    });
  }

  /** The desk of a space, opened when it is not. */
  desk(space: string): Promise<SpaceDesk> {
    const known = this.#opening.get(space);
    if (known !== undefined) return known;
    const opening = this.#openDesk(space);
    this.#opening.set(space, opening);
    opening.catch(() => this.#opening.delete(space));
    return opening;
  }

  /** The desks that are open, by their spaces. */
  get desks(): ReadonlyMap<string, SpaceDesk> {
    return this.#desks;
  }

  /** The files of a space were closed (repaired, pruned): its desk is opened anew when they are. */
  spaceClosed(space: string): void {
    const desk = this.#desks.get(space);
    if (desk === undefined) return;
    this.#desks.delete(space);
    this.#opening.delete(space);
    this.#stale.add(space);
    desk.close().catch(this.#options.report);
  }

  /** The files of a space are open. */
  spaceOpened(space: string): void {
    if (!this.#stale.delete(space)) return;
    setImmediate(() => void this.desk(space).catch(this.#options.report));
  }

  /** Links and invitations; throws `bus-disconnected` while the node meets nobody. */
  get meeting(): NetworkSync {
    if (this.#running !== undefined) return this.#running;
    throw new SkeinError('bus-disconnected', 'Cannot meet other nodes: this node is alone', {
      fix: 'Say how: skein up --listen <host:port>, or --peer <url>, or --nats <host:port>.',
    });
  }

  /** Makes a code with which one node may join the space. */
  async invite(space: string, role: GuestRole, expiresInMs: number): Promise<Invitation> {
    void this.meeting;
    // From now on it is shared: its desk must be open when somebody comes with the code.
    await this.desk(space);
    return this.#guests.invite(space, role, expiresInMs);
  }

  /** A node that is alone meets those who invited it; what can't be used is no reason to fail here. */
  async #meetFor(addresses: readonly string[]): Promise<void> {
    const peers = addresses.filter((address) => address.startsWith('ws'));
    if (this.#running === undefined && peers.length > 0) await this.configure({ peers });
  }

  /** Joins a space with a code; of its history the beginning is there then. Throws as `joinSpace` does. */
  async join(code: string): Promise<Joined> {
    await this.#meetFor(decodeInvite(code).addresses);
    const { dial } = this.meeting;
    const joined = await joinSpace({ code, dial, now: Date.now, name: this.#config.name });
    const { space, owner, address } = joined;
    if (!this.#options.spaces.list().includes(space)) await this.#options.spaces.join(space, owner);
    const { ledger } = await this.desk(space);
    // In its turn: settings that are being changed meanwhile would be kept without the new peer.
    if (/^wss?:/u.test(address)) await this.#inTurn(async () => this.#keepPeer(address));
    // Who was refused as a stranger until now may be waiting before it tries again.
    this.#sync?.wake();
    await awaitBeginning(ledger, this.#options.signer.key);
    return joined;
  }

  #keepPeer(address: string): void {
    if (this.#config.peers.includes(address)) return;
    this.#config = checkConfig({ ...this.#config, peers: [...this.#config.peers, address] });
    writeNetworkConfig(this.#options.paths.network, this.#config);
    this.#sync?.reach(address);
  }

  /** Where others find this node. */
  get addresses(): readonly string[] {
    return addressesOf(this.#config, this.#server);
  }

  status(): NetworkStatus {
    const { name, nats } = this.#config;
    return {
      name,
      listening: this.addresses,
      nats: nats === null ? null : natsStatus(nats.servers, this.#running),
      sync: this.#sync?.status() ?? null,
      problem: this.#trouble,
    };
  }

  async close(): Promise<void> {
    await this.#inTurn(() => this.#shut());
    await Promise.allSettled(this.#opening.values());
    const open = [...this.#desks.values()];
    this.#desks.clear();
    this.#opening.clear();
    await Promise.all(open.map((desk) => desk.close()));
  }

  /** A server that is away now will be back; that keeps nobody from the other ways. */
  async #openOrRetry(settings: 'new' | 'kept' = 'new'): Promise<void> {
    try {
      await this.#open();
      this.#problem = null;
    } catch (thrown) {
      const error = toSkeinError(thrown);
      // Kept ones worked once: after a restart a port may be taken, or an address not there yet.
      if (settings === 'new' && error.name !== 'bus-disconnected') throw thrown;
      this.#problem = error.message;
      await this.#shut();
      this.#cancelRetry = surroundings.timers.after(RETRY_MS, () => {
        this.#inTurn(() => this.#openOrRetry('kept')).catch(this.#options.report);
      });
    }
  }

  async #open(): Promise<void> {
    const { listen, metrics } = this.#config;
    if (metrics !== null) this.#metrics = await serveMetrics(metrics, this.#options.metrics);
    if (!isConnected(this.#config)) return;
    const server = listen === null ? undefined : makePeerServer();
    if (server !== undefined && listen !== null) await listenAt(server, listen);
    this.#server = server;
    this.#running = await openNetworkSync({
      ...this.#options,
      config: this.#config,
      server,
      methods: {
        ...this.#options.methods,
        [SIGNAL_METHOD]: (message, peer) => {
          this.#relay.receive(message, peer, (space) => this.#isShared(space, peer));
          return { params: null };
        },
      },
      observe: (news) => this.#observe(news),
      guest: (link) => this.#guests.serve(link),
      nodeKeyFile: this.#options.paths.nodeKey,
      relay: this.#relay,
      natsCame: () => this.#natsCame(),
    });
    for (const space of this.#options.spaces.list()) {
      // A space that can't be read keeps nobody from the others.
      await this.desk(space).catch((thrown: unknown) => this.#options.report(thrown));
    }
    for (const desk of this.#desks.values()) await this.#begin(desk);
  }

  #natsCame(): void {
    for (const desk of this.#desks.values()) this.#begin(desk).catch(this.#options.report);
  }

  async #begin(desk: SpaceDesk): Promise<void> {
    exchange(desk, this.#running);
    this.#meetMembers(desk);
    await announce(desk, this.#options.signer.key);
  }

  /** Those who belong to the space now, or who made it while nothing of it is here. */
  #meetMembers({ ledger, founder }: SpaceDesk): void {
    const members = membersOf(ledger);
    const keys = members ?? (founder === undefined ? [] : [founder]);
    this.#running?.meet(ledger.space, keys);
  }

  async #shut(): Promise<void> {
    this.#cancelRetry();
    await this.#metrics?.close();
    this.#metrics = undefined;
    const [running, server] = [this.#running, this.#server];
    this.#running = undefined;
    this.#server = undefined;
    for (const desk of this.#desks.values()) exchange(desk, undefined);
    await running?.close();
    if (server !== undefined) await closeServer(server);
  }

  async #openDesk(space: string): Promise<SpaceDesk> {
    const ledger = await this.#options.spaces.open(space);
    const { founder } = this.#options.spaces.about(space);
    const desk = openDesk(ledger, this.#deskOptions, founder);
    this.#desks.set(space, desk);
    if (this.#running !== undefined) await this.#begin(desk);
    this.#followMembers(desk).catch(this.#options.report);
    return desk;
  }

  /** Who is admitted is met; a node that was admitted itself may announce itself from then on. */
  async #followMembers(desk: SpaceDesk): Promise<void> {
    const { ledger } = desk;
    const after = ledger.stats().events;
    for await (const events of ledger.subscribe({ after, follow: true })) {
      const isNew = events.some(({ type }) => type?.startsWith('space.member-') === true);
      if (!isNew || this.#running === undefined) continue;
      this.#meetMembers(desk);
      await announce(desk, this.#options.signer.key);
    }
  }

  #linksOf(space: string): readonly Link[] {
    const sync = this.#sync;
    if (sync === undefined) return [];
    return sync.status().peers.flatMap(({ peer, spaces }) => {
      const link = spaces.includes(space) ? sync.peer(peer) : undefined;
      return link === undefined ? [] : [link];
    });
  }

  #isShared(space: string, peer: string): boolean {
    return this.#sync?.spacesFor(peer).includes(space) ?? false;
  }

  #observe(news: SyncNews): void {
    this.#options.meter.observe(news);
    if (news.type !== 'linked' && news.type !== 'unlinked') return;
    for (const { registry } of this.#desks.values()) {
      if (news.type === 'linked') registry.linkUp(news.peer);
      else registry.linkDown(news.peer);
    }
  }

  /** Settings change one after the other. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work, work);
    this.#turn = done.catch((thrown: unknown) => toSkeinError(thrown));
    return done;
  }
}
