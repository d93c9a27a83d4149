/**
 * Sync: the nodes of a space come to hold the same history, whoever reaches whom, in any order.
 *
 * Contract. What a linked peer lacks is sent to it at once as this node commits it, and asked for by
 * whoever finds that it lacks something: when a link is made, when a peer announces it, and every few
 * seconds with a peer picked by chance. A peer sees the spaces of which its key is a member; others
 * are `not-found`, as those are that do not exist. Nothing counts as copied before the peer has said
 * that it is durable there. Links to addresses are tried again for ever, and a stopped peer costs a
 * few megabytes and nobody's time. What a peer sends that no honest node would is refused, counted by
 * reason and held against it until it is barred for a while; mishaps of our own disk are not.
 */
import type { Ledger, Page, Reaction, Taken } from '#ledger/ledger.ts';
import type { Link, LinkMessage } from './link/link.ts';
import type { Surroundings } from './link/wire.ts';
import type { Refusal, RefusalTally } from './refusal.ts';

/** The engine over all spaces and links of a node. */
export interface Sync {
  /** Begins to exchange a space; `close` of the answer ends that. */
  readonly open: (space: SyncSpace) => SpaceSync;
  /** Takes over a link that somebody else made, such as an accepted one. */
  readonly welcome: (link: Link) => void;
  /** Keeps a link to whoever answers at an address, for ever; the answer ends that. */
  readonly reach: (address: string) => () => void;
  /** The spaces here of which a key is a member: for the handshake (`HelloOptions.spacesFor`). */
  readonly spacesFor: (peer: string) => readonly string[];
  /** The link to a peer, for calls of one's own (`SyncOptions.methods` of the other end). */
  readonly peer: (key: string) => Link | undefined;
  readonly status: () => SyncStatus;
  /** The network may have come back: everything is tried now. */
  readonly wake: () => void;
  readonly close: () => Promise<void>;
}

/** A space as the node hands it in. */
export interface SyncSpace {
  readonly ledger: Pick<Ledger, 'space' | 'exchange' | 'read'> & {
    readonly blobs: Pick<Ledger['blobs'], 'get' | 'put'>;
  };
  /** Who made the space: the only member while nothing of the space is here, as after a join. */
  readonly founder?: string;
  /** Calls back after each commit, also of pages that were taken; the answer ends that (`growthOf`). */
  readonly grown: (ring: () => void) => () => void;
  /** Commands to be executed in the transaction that takes a page (what it brings to inboxes here). */
  readonly reactionsTo?: (page: Page) => readonly Reaction[];
  /** Told after a page from `from` was taken and is durable. */
  readonly taken?: (taken: Extract<Taken, { type: 'taken' }>, from: string) => void;
}

/** How well a commit is kept. `k-replicas`: durable here and at so many other nodes. */
export type Strength =
  | { readonly type: 'local-fsync' }
  | { readonly type: 'hub-fsync'; readonly replicas: number }
  | { readonly type: 'k-replicas'; readonly replicas: number };

/** One space at work. */
export interface SpaceSync {
  readonly space: string;
  /** The content of a blob: from here, else from a linked peer, checked. Throws `blob-missing`. */
  readonly blob: (hash: string) => Promise<Buffer>;
  /** Up to which number a peer has said to hold each chain durably. */
  readonly acked: (peer: string) => Readonly<Record<string, number>>;
  readonly strengthOf: (chain: string, seq: number) => Strength;
  readonly close: () => void;
}

/** Serves a method that isn't sync's own, for a linked peer. */
export type PeerMethod = (message: LinkMessage, peer: string) => Promise<LinkMessage> | LinkMessage;

/** What the engine is built from. */
export interface SyncOptions extends Surroundings {
  /** This node's key. */
  readonly node: string;
  /** Makes a link to an address, handshake included; throws when it can't. */
  readonly dial: (address: string) => Promise<Link>;
  /** Given each link of a guest who comes with an invitation; without it they are turned away. */
  readonly guest?: (link: Link) => void;
  /** Further methods, by name; sync's own are `sync.*`. */
  readonly methods?: Readonly<Record<string, PeerMethod>>;
  /** Peers that are hubs: what they hold counts as `hub-fsync`. */
  readonly hubs?: readonly string[];
  /** Where refusals are counted: the same for `HelloOptions.refused`, so that the status has all. */
  readonly tally?: RefusalTally;
  /** Told what happens; for metrics, the log and alarms. */
  readonly observe?: (news: SyncNews) => void;
  readonly limits?: Partial<SyncLimits>;
}

/** What the engine tells whoever observes it. */
export type SyncNews =
  | { readonly type: 'linked'; readonly peer: string; readonly software: string }
  | { readonly type: 'unlinked'; readonly peer: string; readonly reason: string }
  | { readonly type: 'unreached'; readonly address: string; readonly reason: string }
  | { readonly type: 'refused'; readonly peer: string | undefined; readonly reason: Refusal }
  | { readonly type: 'barred'; readonly peer: string; readonly forMs: number }
  | {
      readonly type: 'taken';
      readonly space: string;
      readonly commits: number;
      readonly events: number;
    }
  | { readonly type: 'sent'; readonly space: string; readonly bytes: number }
  | {
      readonly type: 'forked';
      readonly space: string;
      readonly chain: string;
      readonly at: number;
    };

/** Sizes and times of the engine; bytes and milliseconds. */
export interface SyncLimits {
  readonly pageBytes: number;
  /** Pages of one chain that were fetched and are not taken yet. */
  readonly pagesAhead: number;
  /** Pages that peers pushed and that are not taken yet, of one space. */
  readonly pushedBytes: number;
  readonly roundMs: number;
  readonly retryMs: number;
  readonly retryCapMs: number;
  /** A link that lived so long makes up for all the failures before it. */
  readonly steadyMs: number;
  /** What a peer may do wrong before it is barred; one is forgiven in `forgiveMs`. */
  readonly strikes: number;
  readonly forgiveMs: number;
  readonly barMs: number;
}

/** What the engine works with unless it is told otherwise. */
export const SYNC_LIMITS: SyncLimits = {
  pageBytes: 1 << 20,
  pagesAhead: 3,
  pushedBytes: 16 << 20,
  roundMs: 5_000,
  retryMs: 250,
  retryCapMs: 30_000,
  steadyMs: 10_000,
  strikes: 20,
  forgiveMs: 10_000,
  barMs: 60_000,
};

/** What `skein status` tells. */
export interface SyncStatus {
  readonly peers: readonly PeerStatus[];
  /** Addresses that are being tried, with what went wrong last. */
  readonly addresses: readonly AddressStatus[];
  readonly spaces: readonly SpaceStatus[];
  readonly refused: Readonly<Partial<Record<Refusal, number>>>;
}

/** A linked peer. Times are ISO 8601. */
export interface PeerStatus {
  readonly peer: string;
  readonly software: string;
  readonly dialled: boolean;
  readonly since: string;
  readonly rttMs: number | null;
  readonly offsetMs: number | null;
  readonly spaces: readonly string[];
}

/** An address that this node keeps a link to. */
export interface AddressStatus {
  readonly address: string;
  readonly peer: string | null;
  readonly failures: number;
  readonly problem: string | null;
}

/** One space: how far each chain is, here and elsewhere. */
export interface SpaceStatus {
  readonly space: string;
  readonly chains: readonly ChainStatus[];
  readonly waiting: readonly WaitingStatus[];
}

/**
 * A chain. `behind` is what linked peers have of it that is not here; `lag` what each linked peer
 * lacks of it, by our own count.
 */
export interface ChainStatus {
  readonly chain: string;
  readonly author: string;
  readonly seq: number;
  readonly frozen: boolean;
  readonly behind: number;
  readonly lag: Readonly<Record<string, number>>;
}

/** A page that can't be taken yet: from which commit on, and why. */
export interface WaitingStatus {
  readonly chain: string;
  readonly after: number;
  readonly why: string;
}
