/**
 * One space between this node and all who are linked: what is here, who has what, and what of it
 * is on its way. It knows nothing of links but the sessions it is given.
 */
import type { KnownChain, Page, Reaction, Taken } from '#ledger/ledger.ts';
import { endOf, NO_CUTS, type Cuts } from '#ledger/state/space-cuts.ts';
import type { SpaceState } from '#ledger/state/space-reducer.ts';
import type { LinkMessage } from '../link/link.ts';
import type { Timers } from '../link/wire.ts';
import { decodePage } from '../page-codec.ts';
import { toSkeinError } from '#protocol/errors.ts';
import { refusal, type Refusal } from '../refusal.ts';
import type { SpaceStatus, Strength, SyncLimits, SyncNews, SyncSpace } from '../sync.ts';
import { BlobFetch } from './blob-fetch.ts';
import { ChainIntake, type IntakePort } from './chain-intake.ts';
import { findFork } from './find-fork.ts';
import { headerOf, headsToTell, readParams, SYNC_PARAMS } from './heads.ts';
import { PageSource } from './page-source.ts';
import type { PeerSession } from './peer-session.ts';
import { StrangeChains } from './strange-chains.ts';

/** What a space needs of the engine. */
export interface SpacePort {
  readonly node: string;
  readonly timers: Timers;
  readonly limits: SyncLimits;
  readonly hubs: readonly string[];
  readonly observe: (news: SyncNews) => void;
  readonly blame: (peer: string, reason: Refusal) => void;
  /** Whether a peer is linked to another one, as it said last. */
  readonly isNear: (peer: string, other: string) => boolean;
  /** Members came or went. */
  readonly membersChanged: () => void;
}

const TOO_LARGE = 'the commit after it is too large to travel';

/** A space at work. */
export class SpaceExchange {
  readonly space: string;
  readonly blobs: BlobFetch;
  readonly #given: SyncSpace;
  readonly #port: SpacePort;
  readonly #sessions = new Map<string, PeerSession>();
  readonly #intakes = new Map<string, ChainIntake>();
  readonly #pages: PageSource;
  readonly #stock: { used: number; readonly limit: number };
  readonly #stopListening: () => void;
  #heads = new Map<string, KnownChain>();
  /** The hash of each chain's head as it was passed on last. */
  #passed = new Map<string, string>();
  #members: Readonly<Record<string, string>> = {};
  #cuts: Cuts = NO_CUTS;
  readonly #searching = new Set<string>();
  readonly #strange = new StrangeChains({
    isMember: (short) => Object.keys(this.#members).some((key) => key.startsWith(short)),
    isHere: (chain) => this.#heads.has(chain),
    isClaimed: (chain) => [...this.#sessions.values()].some(({ theirs }) => theirs.has(chain)),
    forget: (chain) => {
      this.#intakes.get(chain)?.clear();
      this.#intakes.delete(chain);
    },
  });
  #membersVersion = -1;
  #isStale = false;
  #isClosed = false;

  constructor(given: SyncSpace, port: SpacePort) {
    const { ledger } = given;
    this.space = ledger.space;
    this.#given = given;
    this.#port = port;
    this.#pages = new PageSource(ledger.exchange, port);
    this.#stock = { used: 0, limit: port.limits.pushedBytes };
    this.blobs = new BlobFetch({
      blobs: ledger.blobs,
      hasBlob: ledger.exchange.hasBlob,
      sessions: () => [...this.#sessions.values()],
      blame: port.blame,
    });
    this.#look();
    this.#stopListening = given.grown(() => this.#refresh());
  }

  /** Whether a key is a member now. */
  hasMember(key: string): boolean {
    return Object.hasOwn(this.#members, key);
  }

  session(peer: string): PeerSession | undefined {
    return this.#sessions.get(peer);
  }

  /** All peers that exchange this space now. */
  get peers(): readonly string[] {
    return [...this.#sessions.keys()];
  }

  /** Begins with a peer: both tell what they have. */
  add(session: PeerSession): void {
    this.#sessions.set(session.peer, session);
    void this.compare(session);
  }

  /** The link is gone, or the peer is no member any more. */
  remove(peer: string): void {
    const session = this.#sessions.get(peer);
    if (session === undefined) return;
    session.isClosed = true;
    this.#sessions.delete(peer);
    this.#kick();
  }

  /** Tells a peer all heads and hears its own; answers whether it did. */
  async compare(session: PeerSession, timeoutMs?: number): Promise<boolean> {
    try {
      await session.compare(this.#heads, timeoutMs);
    } catch {
      // It is asked again in a later round.
      return false;
    }
    this.#noteNews(session);
    return true;
  }

  /** Serves what a member asks or tells. */
  async serve(
    method: string,
    session: PeerSession,
    { params, body }: LinkMessage,
  ): Promise<LinkMessage> {
    if (method === 'sync.heads') {
      // Ours as they are now: what has grown since is told apart.
      this.#look();
      session.noteAll(readParams(params, SYNC_PARAMS['sync.heads']).heads, this.#heads);
      this.#noteNews(session);
      return { params: { space: this.space, heads: headsToTell([...this.#heads.values()]) } };
    }
    if (method === 'sync.have') {
      session.note(readParams(params, SYNC_PARAMS['sync.have']).heads);
      this.#noteNews(session);
    } else if (method === 'sync.page') this.#offer(decodePage(body ?? new Uint8Array(0)), session);
    else if (method === 'sync.pages') return this.#pages.answer(params);
    else {
      const { hash, from, bytes } = readParams(params, SYNC_PARAMS['sync.blob']);
      return this.blobs.serve(hash, from, bytes);
    }
    return { params: null };
  }

  /** How far each chain is here, as a copy. */
  acked(peer: string): Record<string, number> {
    const theirs = this.#sessions.get(peer)?.theirs ?? [];
    return Object.fromEntries([...theirs].map(([chain, { seq }]) => [chain, seq]));
  }

  /** A peer that has another commit with the last number has a fork, and no copy. */
  strengthOf(chain: string, seq: number): Strength {
    const head = this.#heads.get(chain);
    const holders = [...this.#sessions.values()].filter((session) => {
      const theirs = session.theirs.get(chain);
      if (theirs === undefined || theirs.seq < seq) return false;
      return theirs.seq !== head?.seq || theirs.hash === head.hash;
    });
    const replicas = holders.length;
    if (holders.some(({ peer }) => this.#port.hubs.includes(peer)))
      return { type: 'hub-fsync', replicas };
    return replicas === 0 ? { type: 'local-fsync' } : { type: 'k-replicas', replicas };
  }

  status(): SpaceStatus {
    const sessions = [...this.#sessions.values()];
    const names = new Set([
      ...this.#heads.keys(),
      ...sessions.flatMap(({ theirs }) => [...theirs.keys()]),
    ]);
    const chains = Array.from(names, (chain) => {
      const { author = '', seq = 0, frozen = false } = this.#heads.get(chain) ?? {};
      const behind = Math.max(0, ...sessions.map((session) => session.seqOf(chain) - seq));
      const lag = sessions.map(
        (session) => [session.peer, Math.max(0, seq - session.seqOf(chain))] as const,
      );
      return { chain, author, seq, frozen, behind, lag: Object.fromEntries(lag) };
    });
    const waiting = [...this.#intakes].flatMap(([chain, { waiting: why }]) =>
      why === undefined ? [] : [{ chain, after: this.#heads.get(chain)?.seq ?? 0, why }],
    );
    const stuck = Array.from(this.#pages.stuck, ([chain, after]) => ({
      chain,
      after,
      why: TOO_LARGE,
    }));
    return { space: this.space, chains, waiting: [...waiting, ...stuck] };
  }

  close(): void {
    this.#isClosed = true;
    this.#stopListening();
    for (const peer of this.peers) this.remove(peer);
    for (const intake of this.#intakes.values()) intake.clear();
  }

  /** Once for all that happens in this turn. */
  #refresh(): void {
    if (this.#isStale) return;
    this.#isStale = true;
    queueMicrotask(() => {
      this.#isStale = false;
      if (this.#isClosed) return;
      this.#look();
      this.#kick();
    });
  }

  /** Reads what is here, and passes on what is new. */
  #look(): void {
    const { exchange, read } = this.#given.ledger;
    this.#heads = new Map(exchange.heads().map((head) => [head.chain, head]));
    const changed = [...this.#heads.values()].filter(
      ({ chain, hash }) => this.#passed.get(chain) !== hash,
    );
    for (const { chain, hash } of changed) this.#passed.set(chain, hash);
    if (changed.length > 0) this.#push(changed.map(({ chain }) => chain));
    const { version = 0, body } = read.entity('space', this.space) ?? {};
    if (version === this.#membersVersion) return;
    this.#membersVersion = version;
    const state = body as SpaceState | undefined;
    this.#members = state?.members ?? this.#founder();
    this.#cuts = state ?? NO_CUTS;
    for (const intake of this.#intakes.values()) intake.look();
    this.#port.membersChanged();
  }

  #founder(): Readonly<Record<string, string>> {
    const { founder } = this.#given;
    return founder === undefined ? {} : { [founder]: 'owner' };
  }

  #push(changed: readonly string[]): void {
    const page = this.#pages.cache();
    let sent = 0;
    for (const session of this.#sessions.values()) {
      const isNear = (author: string): boolean =>
        author !== this.#port.node &&
        (author === session.peer || this.#port.isNear(session.peer, author));
      sent += session.push({ ours: this.#heads, changed, page }, isNear);
    }
    if (sent > 0) this.#port.observe({ type: 'sent', space: this.space, bytes: sent });
  }

  #offer(page: Page, session: PeerSession): void {
    const [first] = page.commits;
    if (first === undefined) return;
    if (page.space !== this.space) {
      throw refusal('page-refused', 'Cannot take a page: it is of another space', 'page-refused');
    }
    const { chain } = headerOf(first);
    const intake = this.#intakeOf(chain);
    if (intake === undefined || this.#heads.get(chain)?.frozen === true) return;
    if (this.#stock.used > this.#stock.limit || !intake.offer(page, session)) intake.kick();
  }

  /** After a peer told something: chains that it has more of are fetched, and forks looked into. */
  #noteNews(session: PeerSession): void {
    for (const { chain, seq, hash } of session.theirs.values()) {
      const own = this.#heads.get(chain);
      if (own?.frozen === true) continue;
      if (own !== undefined && own.seq === seq && own.hash !== hash)
        this.#lookIntoFork(chain, seq, session);
      if (seq > (own?.seq ?? 0)) this.#intakeOf(chain)?.kick();
    }
  }

  #kick(): void {
    for (const intake of this.#intakes.values()) intake.kick();
  }

  /** One search for each chain at a time. */
  #lookIntoFork(chain: string, at: number, session: PeerSession): void {
    if (this.#searching.has(chain)) return;
    this.#searching.add(chain);
    void this.#searchFork(chain, at, session)
      .catch((thrown: unknown) => {
        // Evidence that proves nothing: the peer made it up. Anything else is tried again.
        const { name } = toSkeinError(thrown);
        if (name === 'page-refused') this.#port.blame(session.peer, name);
      })
      .finally(() => this.#searching.delete(chain));
  }

  async #searchFork(chain: string, at: number, session: PeerSession): Promise<void> {
    const page = await findFork(this.#given.ledger.exchange, session, chain, at);
    const taken = page === undefined ? undefined : await this.#take(page, session);
    if (taken?.type !== 'forked') return;
    this.#port.observe({ type: 'forked', space: this.space, chain, at: taken.at });
    this.#refresh();
  }

  async #take(page: Page, from: PeerSession, reactions: readonly Reaction[] = []): Promise<Taken> {
    const { ledger, taken } = this.#given;
    const done = await ledger.exchange.take(page, reactions);
    if (done.type === 'taken' && done.news > 0) {
      const events = page.commits.reduce((sum, commit) => sum + commit.events.length, 0);
      this.#port.observe({ type: 'taken', space: this.space, commits: done.news, events });
      taken?.(done, from.peer);
    }
    return done;
  }

  /** Undefined for one that there is no room to look for. */
  #intakeOf(chain: string): ChainIntake | undefined {
    const found = this.#intakes.get(chain);
    if (found !== undefined) return found;
    if (!this.#heads.has(chain) && !this.#strange.admit(chain)) return undefined;
    const made = new ChainIntake(chain, this.#intakePort());
    this.#intakes.set(chain, made);
    return made;
  }

  #intakePort(): IntakePort {
    const { timers, blame } = this.#port;
    return {
      space: this.space,
      seqOf: (chain) => this.#heads.get(chain)?.seq ?? 0,
      has: ({ author, chain, seq }) => {
        const head = this.#heads.get(chain);
        const end = endOf(this.#cuts, { author: author ?? head?.author ?? '', chain });
        return (head?.seq ?? 0) >= Math.min(seq, end ?? seq);
      },
      reactionsTo: (page) => this.#given.reactionsTo?.(page) ?? [],
      take: (...given) => this.#take(...given),
      advanced: (head) => {
        const known = this.#heads.get(head.chain);
        const blank = { author: '', frozen: false };
        if (head.seq > (known?.seq ?? 0))
          this.#heads.set(head.chain, { ...blank, ...known, ...head });
        this.#refresh();
      },
      refresh: () => this.#refresh(),
      source: (chain, after, not) => {
        if (this.#heads.get(chain)?.frozen === true) return undefined;
        const able = [...this.#sessions.values()].filter(
          (session) => session.seqOf(chain) > after && !not(session.peer),
        );
        return able.toSorted((a, b) => b.seqOf(chain) - a.seqOf(chain))[0];
      },
      compare: (session) => void this.compare(session),
      fetchBlobs: async (hashes, from) => {
        for (const hash of hashes) await this.blobs.get(hash, from);
      },
      findFork: (chain, at, from) => this.#lookIntoFork(chain, at, from),
      isOwner: (peer) => this.#members[peer] === 'owner',
      blame,
      after: (ms, callback) => void timers.after(ms, () => this.#isClosed || callback()),
      now: timers.monotonic,
      wallMs: timers.now,
      stock: this.#stock,
    };
  }
}
