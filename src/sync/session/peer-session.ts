/**
 * One space over one link: what the peer is known to hold, what it was sent, and how pages and
 * announcements get there.
 */
import type { KnownChain, Page } from '#ledger/ledger.ts';
import type { Link } from '../link/link.ts';
import { decodePages } from '../page-codec.ts';
import { headOf, headsToTell, MAX_HEADS, readParams, SYNC_PARAMS, type Head } from './heads.ts';

/** A page, encoded once for all who get it; `last` is the number of its last commit. */
export interface EncodedPage {
  readonly bytes: Uint8Array;
  readonly last: number;
}

/** What is pushed from: the heads here, which of them have moved, and their pages. */
export interface Growth {
  readonly ours: ReadonlyMap<string, KnownChain>;
  readonly changed: readonly string[];
  readonly page: (chain: string, after: number) => EncodedPage | undefined;
}

/**
 * How many bytes one call asks for: several pages, so that distance costs less; fewer where that
 * takes too long. So many calls at once, and the link stays free for others.
 */
const PULL_BYTES = { most: 4 << 20, least: 64 << 10 };
const MAX_PULLS = 3;

/** The session with one peer. */
export class PeerSession {
  readonly link: Link;
  readonly space: string;
  /** What the peer said to hold durably, by chain. */
  readonly theirs = new Map<string, Head>();
  /** Whether the peer has ever told all its heads. */
  isKnown = false;
  isClosed = false;
  readonly #sent = new Map<string, number>();
  readonly #queue: (() => void)[] = [];
  #comparing: Promise<void> | undefined;
  #pulls = 0;
  #pullBytes = PULL_BYTES.most;

  constructor(link: Link, space: string) {
    this.link = link;
    this.space = space;
  }

  get peer(): string {
    return this.link.peer;
  }

  /** What it holds of a chain, 0 when nothing is known. */
  seqOf(chain: string): number {
    return this.theirs.get(chain)?.seq ?? 0;
  }

  /** Both tell each other all heads; one comparison at a time. */
  compare(ours: ReadonlyMap<string, KnownChain>, timeoutMs?: number): Promise<void> {
    this.#comparing ??= this.#compare(ours, timeoutMs).finally(() => (this.#comparing = undefined));
    return this.#comparing;
  }

  async #compare(ours: ReadonlyMap<string, KnownChain>, timeoutMs?: number): Promise<void> {
    const params = { space: this.space, heads: headsToTell([...ours.values()]) };
    const more = timeoutMs === undefined ? {} : { timeoutMs };
    const { params: answer } = await this.link.call('sync.heads', params, more);
    this.noteAll(readParams(answer, SYNC_PARAMS['sync.heads']).heads, ours);
  }

  /** The peer told all its heads, and knows ours: what it lacks it will ask for. */
  noteAll(heads: readonly Head[], ours: ReadonlyMap<string, KnownChain>): void {
    this.theirs.clear();
    for (const head of heads) this.theirs.set(head.chain, head);
    for (const { chain, seq } of ours.values()) this.#sent.set(chain, seq);
    this.isKnown = true;
  }

  /** The peer told some heads, perhaps late: they only count upwards. */
  note(heads: readonly Head[]): void {
    for (const head of heads) {
      const isRoom = this.theirs.size < MAX_HEADS || this.theirs.has(head.chain);
      if (isRoom && head.seq > this.seqOf(head.chain)) this.theirs.set(head.chain, head);
    }
  }

  /** Sends what has grown: small news as pages, the rest as heads; answers the bytes of pages. */
  push({ ours, changed, page }: Growth, isNear: (author: string) => boolean): number {
    if (!this.isKnown || this.isClosed) return 0;
    const told: Head[] = [];
    let bytes = 0;
    for (const chain of changed) {
      const head = ours.get(chain);
      if (head === undefined) continue;
      const from = Math.max(this.#sent.get(chain) ?? 0, this.seqOf(chain));
      const isWanted = head.seq > from && !head.frozen && !isNear(head.author);
      const news = isWanted ? page(chain, from) : undefined;
      const isAll = news !== undefined && news.last >= head.seq;
      if (isAll && this.link.tell('sync.page', { space: this.space }, news.bytes)) {
        this.#sent.set(chain, news.last);
        bytes += news.bytes.length;
      } else told.push(headOf(head));
    }
    if (told.length > 0) this.link.tell('sync.have', { space: this.space, heads: told });
    return bytes;
  }

  /** The next pages of a chain; none when the peer has no more of it. */
  async pages(
    chain: string,
    after: number,
    maxBytes: number = this.#pullBytes,
  ): Promise<readonly Page[]> {
    if (this.#pulls >= MAX_PULLS) await new Promise<void>((go) => this.#queue.push(go));
    this.#pulls += 1;
    try {
      const params = { space: this.space, chain, after, maxBytes };
      const { body = new Uint8Array(0) } = await this.link.call('sync.pages', params);
      this.#pullBytes = Math.min(PULL_BYTES.most, this.#pullBytes * 2);
      return decodePages(body);
    } catch (thrown) {
      const isLate = (thrown as Error).name === 'request-timeout';
      if (isLate) this.#pullBytes = Math.max(PULL_BYTES.least, this.#pullBytes / 4);
      throw thrown;
    } finally {
      this.#pulls -= 1;
      this.#queue.shift()?.();
    }
  }
}
