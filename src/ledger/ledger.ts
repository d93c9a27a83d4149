/**
 * The ledger: the one log of a space. Everything else is folded from it.
 *
 * Contract. `execute` answers after the commit is on stable storage (fsync) and never before;
 * commands of one flush share one signed commit, a command is never split; the same command id
 * gives the same receipt for ever. `subscribe` starts at any event with no gap between history
 * and live, in commit order; a reader falls behind at its own cost, it never slows a writer.
 * `read` sees committed state only. `exchange` gives and takes what other nodes of the space wrote.
 * What enters as text passes the redactor; exact bytes (`blobs.put`, pages) don't. Errors are
 * SkeinErrors; `storage-failed` means nothing of the command was stored, `storage-unsafe` that the
 * disk failed to sync: the writer has stopped, nobody knows.
 */
import type { Command, Receipt, Speaker } from '#protocol/command.ts';
import type { ErrorBody } from '#protocol/errors.ts';
import type { Entity } from '#protocol/entity.ts';
import type { EntityKind } from '#protocol/event-type.ts';

/** The record of one space. */
export interface Ledger {
  readonly space: string;
  readonly execute: (command: Command, speaker: Speaker) => Promise<Receipt>;
  readonly read: LedgerReader;
  readonly subscribe: (from: Subscription) => AsyncIterable<readonly StoredEvent[]>;
  readonly exchange: Exchange;
  readonly stats: () => LedgerStats;
  readonly blobs: Blobs;
  readonly close: () => Promise<void>;
}

/** Committed state. Lists are bounded: `limit` at most 10,000. */
export interface LedgerReader {
  readonly entity: (kind: EntityKind, id: string) => Entity | undefined;
  /** Sorted by id; with `prefix` those whose id begins with it (as all ids of a mission do). */
  readonly entities: (kind: EntityKind, prefix?: string) => readonly Entity[];
  readonly events: (query: EventQuery) => readonly StoredEvent[];
  readonly position: (eventId: string) => number | undefined;
}

/**
 * Events after a local position and up to another one (absent: the last), all of them or those of
 * one mission; in commit order, or the newest first.
 */
export interface EventQuery {
  readonly after: number;
  readonly upTo?: number;
  readonly mission?: string;
  readonly newestFirst?: boolean;
  readonly limit: number;
}

/**
 * An event as stored. `position` is local to this node; `type` is what its body says, for those who
 * need not read all of it; `author` is the key that signed its commit, empty when that is damaged;
 * `body` is null when it was pruned.
 */
export interface StoredEvent {
  readonly position: number;
  readonly type: string | null;
  readonly author: string;
  readonly body: Buffer | null;
}

/** Where a subscription begins (0 = the first event) and when it ends. */
export interface Subscription {
  readonly after: number;
  readonly mission?: string;
  readonly follow: boolean;
  readonly signal?: AbortSignal;
}

/** Sizes in bytes, counts, and the last commit. */
export interface LedgerStats {
  readonly events: number;
  readonly commits: number;
  readonly ledgerBytes: number;
  readonly blobBytes: number;
  readonly head: ChainHead | null;
  /** How many secrets the redactor took out since this process opened the ledger. */
  readonly redacted: number;
}

/** The last commit of a chain. */
export interface ChainHead {
  readonly chain: string;
  readonly seq: number;
  readonly hash: string;
}

/** A chain as it is here: its last commit, who signs it, and whether it was frozen at a fork. */
export interface KnownChain extends ChainHead {
  readonly author: string;
  readonly frozen: boolean;
}

/** An event as it travels; null when its body was pruned where it comes from. */
export type PageEvent = { readonly salt: Uint8Array; readonly body: Uint8Array } | null;

/** A signed commit as it travels. `events` are those of its header, in order. */
export interface PageCommit {
  readonly header: Uint8Array;
  readonly signature: Uint8Array;
  readonly events: readonly PageEvent[];
}

/** A contiguous run of one chain; the signature of its last commit vouches for all of it. */
export interface Page {
  readonly space: string;
  readonly commits: readonly PageCommit[];
}

/**
 * What became of a page. `taken`: stored, verified and folded up to `seq`; `news` counts the commits
 * that were not here before. `gap`: commits before it are missing, the first is
 * `need`. `waits`: it builds on commits of other chains that are not here, on blobs, or its clock is
 * ahead. `differs`: the commit `at` is another one here; where that began has to be found.
 * `forked`: proven, kept as evidence, and the chain is frozen. Refusals are errors.
 */
export type Taken =
  | {
      readonly type: 'taken';
      readonly seq: number;
      readonly news: number;
      /** Of the commands that were executed with it, in their order. */
      readonly outcomes: readonly ({ readonly receipt: Receipt } | { readonly error: ErrorBody })[];
    }
  | { readonly type: 'gap'; readonly need: number }
  | {
      readonly type: 'waits';
      readonly commits: readonly Omit<ChainHead, 'hash'>[];
      readonly blobs: readonly string[];
      readonly aheadMs: number;
    }
  | { readonly type: 'differs'; readonly at: number }
  | { readonly type: 'forked'; readonly at: number };

/**
 * A command and who speaks, to be executed in the transaction that takes a page; with `seq` only if
 * the commit of that number is taken then: a page may be taken in part.
 */
export interface Reaction {
  readonly command: Command;
  readonly speaker: Speaker;
  readonly seq?: number;
}

/**
 * History between the nodes of a space. `take` answers after what it took is durable; the
 * `reactions` to it share its transaction. Throws `page-refused` for what no honest node sends,
 * `not-member` for who does not belong to the space, `record-too-new` for a later format.
 */
export interface Exchange {
  readonly heads: () => readonly KnownChain[];
  /** The commits of a chain after number `after`, of at most `maxBytes` unless one alone is larger. */
  readonly page: (chain: string, after: number, maxBytes: number) => Page | undefined;
  readonly take: (page: Page, reactions?: readonly Reaction[]) => Promise<Taken>;
  /** Whether a blob is here; others are fetched when they are asked for. */
  readonly hasBlob: (hash: string) => boolean;
}

/** File contents and long outputs by SHA-256 of the content. */
export interface Blobs {
  /** Stores exact bytes, such as the content of a file. */
  readonly put: (content: Uint8Array) => Promise<BlobReference>;
  /** Stores text that somebody printed, after the redactor has seen it. */
  readonly putText: (text: string) => Promise<BlobReference>;
  readonly get: (hash: string) => Buffer;
}

/** A blob by content hash, with its size in bytes. */
export interface BlobReference {
  readonly hash: string;
  readonly bytes: number;
}

/** What kind of damage `verify` found. */
export type DamageKind =
  | 'file-damaged'
  | 'header-changed'
  | 'header-unreadable'
  | 'signature-forged'
  | 'commit-missing'
  | 'commit-reordered'
  | 'commit-foreign'
  | 'author-unknown'
  | 'event-missing'
  | 'event-changed'
  | 'event-unreadable'
  | 'event-extra'
  | 'index-differs'
  | 'state-differs'
  | 'tail-cut'
  | 'anchor-missing'
  | 'anchor-differs'
  | 'blob-missing'
  | 'blob-changed';

/** One finding: the kind, the commit or event id it is about, and what was seen. */
export interface Damage {
  readonly kind: DamageKind;
  readonly id: string;
  readonly detail: string;
}

/** The outcome of `verify`. `damage` is empty when the record is whole; at most 100 are listed. */
export interface VerifyReport {
  readonly space: string;
  readonly commits: number;
  readonly events: number;
  readonly pruned: number;
  readonly blobs: number;
  /** Blobs of other nodes that are not here: they are fetched when somebody asks for them. */
  readonly absent: number;
  readonly head: ChainHead | null;
  readonly anchoredSeq: number;
  readonly stateHash: string;
  readonly durationMs: number;
  readonly damage: readonly Damage[];
}
