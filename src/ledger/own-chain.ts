/** The chain that this writer signs: where it stands, what it has seen of others, and its clock. */
import type { DatabaseSync } from 'node:sqlite';
import type { Signer } from '#identity/signer.ts';
import { makeHybridClock, type HybridClock } from '#lib/hybrid-clock.ts';
import { shortNode } from '#protocol/address.ts';
import { decodeHeader, type CommitHeader } from '#protocol/commit.ts';
import { signCommit, type EncodedEvent, type SignedCommit } from '#ledger/store/commit-writer.ts';
import { lastCommit } from '#ledger/store/ledger-state.ts';
import type { ChainHead } from './ledger.ts';

/** What a chain is made of; `random` fills the given bytes. */
export interface OwnChainOptions {
  readonly database: DatabaseSync;
  readonly space: string;
  readonly signer: Signer;
  readonly now: () => number;
  readonly random: (bytes: Uint8Array) => Uint8Array;
}

type Seen = CommitHeader['seen'][number];

/** Chance in the name of a chain, after the digits of its author's key. */
const CHAIN_BYTES = 8;

/** Signs commits; what it says of itself is only kept by `keep`, once they are stored. */
export class OwnChain {
  readonly #options: OwnChainOptions;
  readonly #clock: HybridClock;
  #seen: ReadonlyMap<string, Seen>;
  #head: ChainHead | null;
  #chain: string;
  /** Whether it has signed in this life. */
  #hasSigned = false;

  constructor(options: OwnChainOptions) {
    const { database, now, signer } = options;
    this.#options = options;
    const last = lastCommit(database, signer.key);
    this.#clock = makeHybridClock(now, last?.hlc);
    this.#head = last?.head ?? null;
    this.#chain = last?.head.chain ?? this.#newChain();
    const since = commitsAfter(database, last?.position ?? 0);
    this.#seen = new Map(since.map((header) => [header.chain, seenOf(header)]));
    for (const { hlc } of since) this.#clock.observe(hlc);
  }

  /** Its last commit; null before the first. */
  get head(): ChainHead | null {
    return this.#head;
  }

  get id(): string {
    return this.#chain;
  }

  /** The next commit, made of these events. It names what came of other chains since the last one. */
  sign(events: readonly EncodedEvent[]): SignedCommit {
    const { signer, space } = this.#options;
    const head = this.#head;
    const next = {
      space,
      chain: this.#chain,
      seq: (head?.seq ?? 0) + 1,
      prev: head?.hash ?? null,
      hlc: this.#clock(),
      seen: [...this.#seen.values()],
    };
    this.#hasSigned = true;
    return signCommit(signer, next, events);
  }

  /** The commit is in the transaction: the next one builds on it. */
  keep(head: ChainHead): void {
    this.#head = head;
    this.#seen = new Map();
  }

  /** A commit of another node, or an older one of our own, was added. */
  observe(header: CommitHeader, id: string): void {
    this.#clock.observe(header.hlc);
    const { author, chain, seq } = header;
    const isOwn = author === this.#options.signer.key;
    // Ours, from before a backup was put back: we go on behind it. Not when we have begun to write: what
    // then comes of another chain of ours was written by a copy of this home, and may be going on.
    if (isOwn && (chain === this.#chain || !this.#hasSigned)) {
      this.#chain = chain;
      this.#head = { chain, seq, hash: id };
    } else {
      this.#seen = new Map(this.#seen).set(chain, seenOf(header));
    }
  }

  /** The old chain ends where it ends: what comes belongs to a new one. Answers its id. */
  startAnew(end: ChainHead | null): string {
    const { key: author } = this.#options.signer;
    this.#chain = this.#newChain();
    this.#head = null;
    // Others must have what it goes on from, to tell what of the old one still counts.
    if (end !== null) {
      const { chain, seq } = end;
      this.#seen = new Map(this.#seen).set(chain, { author, chain, seq });
    }
    return this.#chain;
  }

  /** Where it stands, to come back to it when a transaction fails. */
  mark(): () => void {
    const [head, chain, seen] = [this.#head, this.#chain, this.#seen];
    return () => {
      [this.#head, this.#chain, this.#seen] = [head, chain, seen];
    };
  }

  #newChain(): string {
    const { random, signer } = this.#options;
    return shortNode(signer.key) + Buffer.from(random(new Uint8Array(CHAIN_BYTES))).toString('hex');
  }
}

const seenOf = ({ author, chain, seq }: CommitHeader): Seen => ({ author, chain, seq });

/** The last commit of each chain that has some after this local position. */
function commitsAfter(database: DatabaseSync, position: number): CommitHeader[] {
  const rows = database
    .prepare(
      `SELECT header FROM commits WHERE position IN
       (SELECT max(position) FROM commits WHERE position > ? GROUP BY chain)`,
    )
    .all(position);
  return rows.map((row) => decodeHeader(row['header'] as Uint8Array));
}
