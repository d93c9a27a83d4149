/**
 * The ledger: the one log of a space. Everything else is folded from it.
 *
 * Contract. `execute` answers after the commit is on stable storage (fsync) and never before;
 * commands of one flush share one signed commit, a command is never split; the same command id
 * gives the same receipt for ever. `subscribe` starts at any event with no gap between history
 * and live, in commit order; a reader falls behind at its own cost, it never slows a writer.
 * `read` sees committed state only. `verify` takes heads found outside
 * the home, such as in trailers of git commits. What enters as text passes the redactor; exact bytes
 * (`blobs.put`) don't. Errors are SkeinErrors; `storage-failed` means nothing of the command was
 * stored, `storage-unsafe` that the disk failed to sync: the writer has stopped, nobody knows.
 */
import type { Command, Receipt, Speaker } from '#protocol/command.ts';
import type { Entity } from '#protocol/entity.ts';
import type { EntityKind } from '#protocol/event-type.ts';

/** The record of one space. */
export interface Ledger {
  readonly space: string;
  readonly execute: (command: Command, speaker: Speaker) => Promise<Receipt>;
  readonly read: LedgerReader;
  readonly subscribe: (from: Subscription) => AsyncIterable<readonly StoredEvent[]>;
  readonly verify: (outside: readonly ChainHead[]) => Promise<VerifyReport>;
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
  readonly head: ChainHead | null;
  readonly anchoredSeq: number;
  readonly stateHash: string;
  readonly durationMs: number;
  readonly damage: readonly Damage[];
}
