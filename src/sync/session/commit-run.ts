/**
 * A run of commits of one chain from one peer, until the record has them: which of them can be
 * taken now, and what the next one waits for.
 */
import { MAX_AHEAD_MS } from '#ledger/exchange/check-page.ts';
import { sizeOf } from '#ledger/exchange/read-chains.ts';
import type { PageCommit, Taken } from '#ledger/ledger.ts';
import { readingMs } from '#lib/hybrid-clock.ts';
import { headerOf } from './heads.ts';
import type { PeerSession } from './peer-session.ts';

/** A place on a chain, and who signs it where that is known. */
export interface Point {
  readonly author?: string;
  readonly chain: string;
  readonly seq: number;
}

/** What waits, and for what, as the ledger says it. */
export type Waits = Extract<Taken, { type: 'waits' }>;

/** What a run is compared with: how far chains are here, and the time. */
export interface Surrounding {
  /** Whether a commit is here, or does not count any more: then nobody passes it on. */
  readonly has: (point: Point) => boolean;
  readonly wallMs: () => number;
}

/** What a commit builds on, and when its author says it was; milliseconds since 1970. */
interface Needs {
  readonly seen: readonly Point[];
  readonly atMs: number;
}

/** A run; it shrinks as its commits are taken. */
export class CommitRun {
  readonly from: PeerSession;
  #commits: readonly PageCommit[];
  #first: number;
  #bytes: number;
  #needs: readonly Needs[] | undefined;

  constructor(from: PeerSession, commits: readonly PageCommit[], first: number) {
    this.from = from;
    this.#commits = commits;
    this.#first = first;
    this.#bytes = bytesOf(commits);
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#commits.length === 0;
  }

  /** The number of its first commit. */
  get first(): number {
    return this.#first;
  }

  /** The number of its last commit. */
  get last(): number {
    return this.#first + this.#commits.length - 1;
  }

  commitAt(seq: number): PageCommit | undefined {
    return this.#commits[seq - this.#first];
  }

  /** Forgets commits up to a number; answers how many bytes that frees. */
  drop(seq: number): number {
    const known = Math.min(this.#commits.length, Math.max(0, seq + 1 - this.#first));
    if (known === 0) return 0;
    const freed = bytesOf(this.#commits.slice(0, known));
    this.#commits = this.#commits.slice(known);
    this.#needs = this.#needs?.slice(known);
    this.#first += known;
    this.#bytes -= freed;
    return freed;
  }

  /** Reads what its commits build on. That costs as much as taking them, so only when it matters. */
  readNeeds(): void {
    this.#needs ??= this.#commits.map((commit) => {
      const { seen, hlc } = headerOf(commit);
      return { seen, atMs: readingMs(hlc) };
    });
  }

  /** Whether it is known what its commits build on. */
  get isRead(): boolean {
    return this.#needs !== undefined;
  }

  /** What can be taken now: all of it until it was read. Or what its first commit waits for. */
  ready({ has, wallMs }: Surrounding): readonly PageCommit[] | Waits {
    if (this.#needs === undefined) return this.#commits;
    const missing = ({ seen }: Needs): readonly Point[] => seen.filter((point) => !has(point));
    const aheadMs = ({ atMs }: Needs): number => atMs - wallMs();
    const blocked = this.#needs.findIndex(
      (needs) => missing(needs).length > 0 || aheadMs(needs) > MAX_AHEAD_MS,
    );
    if (blocked !== 0) return this.#compact(blocked === -1 ? this.#commits.length : blocked);
    const [first] = this.#needs as [Needs, ...Needs[]];
    return { type: 'waits', commits: missing(first), blobs: [], aheadMs: aheadMs(first) };
  }

  /** A few commits of a large frame are copied out of it: a thread is sent the whole frame otherwise. */
  #compact(count: number): readonly PageCommit[] {
    const ready = this.#commits.slice(0, count);
    const frame = ready[0]?.header.buffer.byteLength ?? 0;
    if (bytesOf(ready) * 4 > frame) return ready;
    return ready.map(({ header, signature, events }) => ({
      header: Uint8Array.from(header),
      signature: Uint8Array.from(signature),
      events: events.map(
        (event) =>
          event && { salt: Uint8Array.from(event.salt), body: Uint8Array.from(event.body) },
      ),
    }));
  }
}

const bytesOf = (commits: readonly PageCommit[]): number =>
  commits.reduce((sum, commit) => sum + sizeOf(commit), 0);
