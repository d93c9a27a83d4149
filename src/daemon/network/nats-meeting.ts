/** Meeting over a NATS server: signals by the bus, links to all members of each space. */
import type { NatsConnection } from '@nats-io/transport-node';
import { join } from 'node:path';
import type { Bus } from '#bus/bus.ts';
import { openBus } from '#bus/open-bus.ts';
import { connectNats, type NatsAuth, type NatsOptions } from '#bus/nats/nats-options.ts';
import { openDerivedKey } from '#identity/derive-key.ts';
import { nkeySigner } from '#identity/nkey.ts';
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import type { DialHello, HelloOptions } from '#sync/hello/handshake.ts';
import type { Link } from '#sync/link/link.ts';
import { HandOver, type HandOverOptions } from '#sync/nats/hand-over.ts';
import { NatsLinks } from '#sync/nats/nats-links.ts';
import type { Sync, SyncNews } from '#sync/sync.ts';
import type { HomePaths } from '../home/home-paths.ts';
import { openCursorFile } from './cursor-file.ts';
import type { NatsSettings } from './network-config.ts';
import type { SignalRelay } from './signal-relay.ts';

/** What it is made of. */
export interface NatsMeetingOptions {
  readonly settings: NatsSettings;
  readonly nodeKeyFile: string;
  readonly hello: HelloOptions;
  readonly relay: SignalRelay;
  readonly paths: Pick<HomePaths, 'spaces'>;
  readonly observe: (news: SyncNews) => void;
  readonly report: (thrown: unknown) => void;
}

/** A space whose pages are handed over, and what linked nodes confirm of it. */
export type CarriedSpace = HandOverOptions['space'] & Pick<HandOverOptions, 'acked'>;

/** A hand-over at work. */
export type Carried = Pick<HandOver, 'close'>;

interface Joined {
  readonly links: NatsLinks;
  readonly leave: () => void;
  readonly reached: Map<string, () => void>;
}

const after = (ms: number, callback: () => void): (() => void) => {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
};

/** How a peer is addressed that is met over NATS. */
export const natsAddress = (space: string, peer: string): string => `nats:${space}:${peer}`;

/** How the settings are given to the client. */
export function natsOptions(
  { servers, creds, nkey, user, password, token, tls }: NatsSettings,
  nodeKeyFile: string,
): NatsOptions {
  const auth = ((): NatsAuth | undefined => {
    if (creds !== undefined) return { type: 'creds', file: creds };
    if (nkey === true)
      return { type: 'nkey', signer: nkeySigner(openDerivedKey(nodeKeyFile, 'nats')) };
    if (user !== undefined) return { type: 'password', user, password: password ?? '' };
    return token === undefined ? undefined : { type: 'token', token };
  })();
  const files = Object.fromEntries(
    Object.entries(tls ?? {}).filter(([, file]) => file !== undefined),
  );
  return {
    servers,
    ...(auth === undefined ? {} : { auth }),
    ...(tls === undefined ? {} : { tls: files }),
  };
}

/** Connects; throws `bus-disconnected`, `unauthorized`, `key-invalid` or `usage`. */
export async function openNats(options: NatsMeetingOptions): Promise<NatsMeeting> {
  const nats = natsOptions(options.settings, options.nodeKeyFile);
  const connection = await connectNats({ ...nats, name: 'skein links' });
  try {
    const report = (error: SkeinError): void => options.report(error);
    const bus = await openBus(
      { type: 'nats', ...nats, name: 'skein bus' },
      { soon: setImmediate, after, report },
    );
    return new NatsMeeting(options, { connection, bus });
  } catch (thrown) {
    await connection.close();
    throw thrown;
  }
}

/** One node at a NATS server or cluster. */
export class NatsMeeting {
  readonly #options: NatsMeetingOptions;
  readonly #connection: NatsConnection;
  readonly #bus: Bus;
  readonly #joined = new Map<string, Joined>();
  readonly #carried = new Set<HandOver>();
  #sync: Sync | undefined;

  constructor(
    options: NatsMeetingOptions,
    { connection, bus }: { readonly connection: NatsConnection; readonly bus: Bus },
  ) {
    this.#options = options;
    this.#connection = connection;
    this.#bus = bus;
    void this.#watch();
  }

  /** The version of the server that is reached now; undefined while none is. */
  get serverVersion(): string | undefined {
    return this.#connection.isClosed() ? undefined : this.#connection.info?.version;
  }

  /** Whether pages wait at the server for nodes that are down: `on`, or why not; null without a space. */
  get handOver(): string | null {
    if (this.#options.settings.handOver === false) return 'it is switched off';
    const states = Array.from(this.#carried, ({ status }) => status.state);
    return states.find((state) => state !== 'on') ?? states[0] ?? null;
  }

  /** Hands over the pages of a space by way of the server, until it is closed. */
  carry({ acked, ...space }: CarriedSpace): Carried | undefined {
    const { hello, paths, observe, report, settings } = this.#options;
    if (settings.handOver === false) return undefined;
    const handOver = new HandOver({
      timers: hello.timers,
      random: hello.random,
      connection: this.#connection,
      node: hello.signer.key,
      space,
      acked,
      cursors: openCursorFile(join(paths.spaces, space.ledger.space), report),
      refused: (reason) => hello.refused?.(reason),
      report,
      observe,
    });
    this.#carried.add(handOver);
    const close = (): Promise<void> =>
      handOver.close().finally(() => this.#carried.delete(handOver));
    return { close };
  }

  /** Links go to this engine from now on. */
  serve(sync: Sync): void {
    this.#sync = sync;
  }

  /** Listens in a space, and keeps links to its members. */
  join(space: string, members: readonly string[]): void {
    const joined = this.#joined.get(space) ?? this.#listen(space);
    this.#joined.set(space, joined);
    const { signer } = this.#options.hello;
    const wanted = new Set(members.filter((key) => key !== signer.key));
    for (const key of wanted) {
      if (joined.reached.has(key)) continue;
      const stop = this.#sync?.reach(natsAddress(space, key));
      if (stop !== undefined) joined.reached.set(key, stop);
    }
    for (const [key, stop] of joined.reached) {
      if (wanted.has(key)) continue;
      stop();
      joined.reached.delete(key);
    }
  }

  leave(space: string): void {
    const joined = this.#joined.get(space);
    if (joined === undefined) return;
    this.#joined.delete(space);
    for (const stop of joined.reached.values()) stop();
    joined.leave();
    joined.links.close();
  }

  /** A link to a node of a space: `nats:<space>:<key>`; of one that is not joined yet, for a guest. */
  async dial(address: string, dial?: DialHello): Promise<Link> {
    const [, space = '', peer = ''] = /^nats:([^:/]+):([0-9a-f]{64})$/u.exec(address) ?? [];
    if (space === '') throw new SkeinError('usage', `Cannot reach ${address}: it is no address`);
    const known = this.#joined.get(space);
    if (known !== undefined) return known.links.dial(peer, dial);
    const links = this.#makeLinks(space);
    const link = await links.dial(peer, dial).catch((thrown: unknown) => {
      links.close();
      throw toSkeinError(thrown);
    });
    void link.closed.then(() => links.close());
    return link;
  }

  async close(): Promise<void> {
    for (const space of this.#joined.keys()) this.leave(space);
    await Promise.all(Array.from(this.#carried, (handOver) => handOver.close()));
    await Promise.all([this.#bus.close(), this.#connection.close()]);
  }

  #listen(space: string): Joined {
    const leave = this.#options.relay.join(space, this.#bus);
    return { links: this.#makeLinks(space), leave, reached: new Map() };
  }

  #makeLinks(space: string): NatsLinks {
    return new NatsLinks({
      connection: this.#connection,
      space,
      hello: this.#options.hello,
      accept: (link) =>
        this.#sync === undefined ? link.close('the node stops') : this.#sync.welcome(link),
    });
  }

  /** What was under way when the server went may be lost: links are made anew, at once when it is back. */
  async #watch(): Promise<void> {
    for await (const { type } of this.#connection.status()) {
      if (type === 'disconnect') for (const { links } of this.#joined.values()) links.reset();
      if (type !== 'reconnect') continue;
      this.#sync?.wake();
      for (const handOver of this.#carried) handOver.wake();
    }
  }
}
