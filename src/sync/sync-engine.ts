/** The engine: all links, all spaces, who may see what, rounds, and what is held against whom. */
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import { DialLoop } from './dial-loop.ts';
import type { Link, LinkMessage } from './link/link.ts';
import { chance } from './link/wire.ts';
import { refusal, refusalOf, RefusalTally, type Refusal } from './refusal.ts';
import { readParams, SYNC_PARAMS } from './session/heads.ts';
import { PeerSession } from './session/peer-session.ts';
import { SpaceExchange } from './session/space-exchange.ts';
import { Strikes } from './strikes.ts';
import { SYNC_LIMITS } from './sync.ts';
import type {
  PeerStatus,
  SpaceSync,
  Sync,
  SyncLimits,
  SyncOptions,
  SyncSpace,
  SyncStatus,
} from './sync.ts';

/** A linked peer: what it offers, and to whom else it is linked, as it said last. */
interface Linked {
  readonly link: Link;
  readonly since: number;
  readonly gone: PromiseWithResolvers<void>;
  offered: ReadonlySet<string>;
  near: ReadonlySet<string>;
}

/** After this much more time than expected the machine has slept. */
const SLEPT_MS = 15_000;

/** How long a peer has to answer after we woke up before its link is given up. */
const WAKE_MS = 3_000;

/** Others that a peer may be linked to, as far as it is remembered. */
const MAX_NEAR = 4_096;

/** The engine of a node. */
export function startSync(options: SyncOptions): Sync {
  const engine = new Engine(options);
  return {
    open: (space) => engine.open(space),
    welcome: (link) => engine.welcome(link),
    reach: (address) => engine.reach(address),
    spacesFor: (peer) => engine.spacesFor(peer),
    peer: (key) => engine.peer(key),
    status: () => engine.status(),
    wake: () => engine.wake(),
    close: () => engine.close(),
  };
}

class Engine {
  readonly #options: SyncOptions;
  readonly #limits: SyncLimits;
  readonly #strikes: Strikes;
  readonly #tally: RefusalTally;
  readonly #links = new Map<string, Linked>();
  readonly #spaces = new Map<string, SpaceExchange>();
  readonly #loops = new Map<string, DialLoop>();
  #stopRounds: () => void = () => undefined;
  #isClosed = false;

  constructor(options: SyncOptions) {
    this.#options = options;
    this.#limits = { ...SYNC_LIMITS, ...options.limits };
    this.#tally = options.tally ?? new RefusalTally();
    this.#strikes = new Strikes(this.#limits, options.timers.monotonic);
    this.#nextRound();
  }

  open(given: SyncSpace): SpaceSync {
    const { timers, hubs = [], node, observe = () => undefined } = this.#options;
    const { space } = given.ledger;
    if (this.#spaces.has(space))
      throw new SkeinError('conflict', `Cannot open ${space}: it is open`);
    const exchange = new SpaceExchange(given, {
      node,
      timers,
      limits: this.#limits,
      hubs,
      observe,
      blame: (peer, reason) => this.blame(peer, reason),
      isNear: (peer, other) => this.#links.get(peer)?.near.has(other) ?? false,
      membersChanged: () => queueMicrotask(() => this.#reconsider()),
    });
    this.#spaces.set(space, exchange);
    return {
      space,
      blob: (hash) => exchange.blobs.get(hash),
      acked: (peer) => exchange.acked(peer),
      strengthOf: (chain, seq) => exchange.strengthOf(chain, seq),
      close: () => {
        exchange.close();
        this.#spaces.delete(space);
        this.#reconsider();
      },
    };
  }

  welcome(link: Link): void {
    const { guest, observe } = this.#options;
    const { purpose, spaces, software, dialled } = link.greeting;
    if (this.#isClosed) return link.close('the node stops');
    if (purpose === 'join' && !dialled)
      return guest === undefined ? link.close('no guests') : guest(link);
    if (this.#strikes.isBarred(link.peer)) {
      this.#tally.add('barred');
      return link.close('barred for a while');
    }
    const other = this.#links.get(link.peer);
    if (other !== undefined && !this.#isBetter(link, other.link))
      return link.close('there is a link already');
    const linked: Linked = {
      link,
      since: this.#options.timers.now(),
      // Who waits for the peer to be gone does not care which of two links went.
      gone: other?.gone ?? Promise.withResolvers(),
      offered: new Set(spaces),
      near: new Set(),
    };
    if (other !== undefined) this.#unlink(other);
    this.#links.set(link.peer, linked);
    other?.link.close('there is a better link');
    observe?.({ type: 'linked', peer: link.peer, software });
    link.serve((method, message) => this.#serve(method, message, linked));
    void link.closed.then((reason) => this.#lost(linked, reason));
    this.#reconsider();
    this.#offerAll();
  }

  reach(address: string): () => void {
    const { timers, random, dial, observe } = this.#options;
    this.#loops.get(address)?.stop();
    const loop = new DialLoop(address, {
      timers,
      random,
      limits: this.#limits,
      dial,
      welcome: (link) => this.welcome(link),
      unlinked: (peer) => this.#links.get(peer)?.gone.promise ?? Promise.resolve(),
      failed: (where, reason) => observe?.({ type: 'unreached', address: where, reason }),
    });
    this.#loops.set(address, loop);
    return () => {
      loop.stop();
      if (this.#loops.get(address) === loop) this.#loops.delete(address);
    };
  }

  spacesFor(peer: string): readonly string[] {
    return [...this.#spaces.values()]
      .filter((each) => each.hasMember(peer))
      .map(({ space }) => space);
  }

  peer(key: string): Link | undefined {
    return this.#links.get(key)?.link;
  }

  status(): SyncStatus {
    return {
      peers: Array.from(this.#links.values(), (linked) => this.#peerStatus(linked)),
      addresses: Array.from(this.#loops.values(), (loop) => loop.status()),
      spaces: Array.from(this.#spaces.values(), (exchange) => exchange.status()),
      refused: { ...this.#tally.counts },
    };
  }

  /** A link may have died in our sleep without a word: who does not answer soon is gone. */
  wake(): void {
    for (const loop of this.#loops.values()) loop.wake();
    for (const { link } of this.#links.values()) {
      const exchange = [...this.#spaces.values()].find(
        (each) => each.session(link.peer) !== undefined,
      );
      const session = exchange?.session(link.peer);
      if (exchange === undefined || session === undefined) continue;
      void exchange.compare(session, WAKE_MS).then((isHeard) => isHeard || link.close('no answer'));
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopRounds();
    for (const loop of this.#loops.values()) loop.stop();
    const links = Array.from(this.#links.values(), ({ link }) => link);
    for (const link of links) link.close('the node stops');
    for (const exchange of this.#spaces.values()) exchange.close();
    await Promise.all(links.map(({ closed }) => closed));
  }

  blame(peer: string, reason: Refusal): void {
    const { observe } = this.#options;
    this.#tally.add(reason);
    observe?.({ type: 'refused', peer, reason });
    // A later Skein does nothing wrong by being later.
    if (reason === 'record-too-new' || !this.#strikes.add(peer)) return;
    observe?.({ type: 'barred', peer, forMs: this.#limits.barMs });
    this.#links.get(peer)?.link.close('too much of what it sent was refused');
  }

  #peerStatus({ link, since }: Linked): PeerStatus {
    const { peer, greeting } = link;
    const clock = link.clock();
    const open = [...this.#spaces.values()].filter((each) => each.session(peer) !== undefined);
    return {
      peer,
      software: greeting.software,
      dialled: greeting.dialled,
      since: new Date(since).toISOString(),
      rttMs: clock?.rttMs ?? null,
      offsetMs: clock?.offsetMs ?? null,
      spaces: open.map(({ space }) => space),
    };
  }

  /** Both ends must come to keep the same of two links: the one that the lower key dialled, or the later. */
  #isBetter(link: Link, other: Link): boolean {
    const { node } = this.#options;
    const dialler = ({ greeting, peer }: Link): string => (greeting.dialled ? node : peer);
    return dialler(link) <= dialler(other);
  }

  #lost(linked: Linked, reason: string): void {
    const { peer } = linked.link;
    if (this.#links.get(peer) !== linked) return;
    this.#links.delete(peer);
    this.#unlink(linked);
    this.#options.observe?.({ type: 'unlinked', peer, reason });
    linked.gone.resolve();
    if (!this.#isClosed) this.#offerAll();
  }

  #unlink({ link }: Linked): void {
    for (const exchange of this.#spaces.values()) {
      if (exchange.session(link.peer)?.link === link) exchange.remove(link.peer);
    }
  }

  /** Who may see what has changed: sessions begin and end, links without any go. */
  #reconsider(): void {
    for (const linked of this.#links.values()) {
      const { link, offered } = linked;
      let shared = 0;
      for (const exchange of this.#spaces.values()) {
        const isShared = offered.has(exchange.space) && exchange.hasMember(link.peer);
        const session = exchange.session(link.peer);
        if (isShared) shared += 1;
        if (isShared && session === undefined) exchange.add(new PeerSession(link, exchange.space));
        else if (!isShared && session !== undefined) exchange.remove(link.peer);
      }
      if (shared === 0 && !this.#isClosed) link.close('there is no space that both may see');
      else this.#offer(linked);
    }
  }

  #offerAll(): void {
    for (const linked of this.#links.values()) this.#offer(linked);
  }

  #offer({ link }: Linked): void {
    const spaces = this.spacesFor(link.peer);
    const others = [...this.#links.keys()].filter((key) => key !== link.peer);
    link.tell('sync.offer', { spaces, linked: others.slice(0, MAX_NEAR) });
  }

  async #serve(method: string, message: LinkMessage, linked: Linked): Promise<LinkMessage> {
    const { peer } = linked.link;
    try {
      if (method === 'sync.offer') return this.#takeOffer(message, linked);
      if (Object.hasOwn(SYNC_PARAMS, method))
        return await this.#serveSpace(method, message, linked);
      const own = this.#options.methods ?? {};
      const serve = Object.hasOwn(own, method) ? own[method] : undefined;
      if (serve !== undefined) return await serve(message, peer);
      throw refusal(
        'method-unknown',
        'Cannot serve the peer: there is no such method',
        'not-found',
      );
    } catch (thrown) {
      const error = toSkeinError(thrown);
      const reason = refusalOf(error);
      if (reason === 'not-found' || reason === 'method-unknown') this.#tally.add(reason);
      else if (reason !== undefined) this.blame(peer, reason);
      throw error;
    }
  }

  #takeOffer({ params }: LinkMessage, linked: Linked): LinkMessage {
    const { spaces, linked: near } = readParams(params, SYNC_PARAMS['sync.offer']);
    const before = linked.offered;
    linked.offered = new Set(spaces);
    linked.near = new Set(near.slice(0, MAX_NEAR));
    const isSame =
      before.size === linked.offered.size && spaces.every((space) => before.has(space));
    if (!isSame) this.#reconsider();
    return { params: null };
  }

  #serveSpace(method: string, message: LinkMessage, { link }: Linked): Promise<LinkMessage> {
    const { space } = readParams(message.params, SYNC_PARAMS['sync.page']);
    const exchange = this.#spaces.get(space);
    // The same words for what is not here and for what is not for this peer.
    if (exchange === undefined || !exchange.hasMember(link.peer)) {
      throw refusal('not-found', 'Cannot serve the peer: there is no such space', 'not-found');
    }
    if (exchange.session(link.peer) === undefined) exchange.add(new PeerSession(link, space));
    const session = exchange.session(link.peer) as PeerSession;
    return exchange.serve(method, session, message);
  }

  #nextRound(): void {
    const { timers, random } = this.#options;
    const ms = this.#limits.roundMs * (0.5 + chance(random));
    const due = timers.now() + ms;
    this.#stopRounds = timers.after(ms, () => {
      if (timers.now() - due > SLEPT_MS) this.wake();
      this.#round();
      this.#nextRound();
    });
  }

  /** Each space is compared with one peer, picked by chance: what got lost on the way is found. */
  #round(): void {
    for (const exchange of this.#spaces.values()) {
      const { peers } = exchange;
      const peer = peers[Math.floor(chance(this.#options.random) * peers.length)];
      const session = peer === undefined ? undefined : exchange.session(peer);
      if (session !== undefined) void exchange.compare(session);
    }
  }
}
