/**
 * What of this node's own chains is to lie in the stream: all that some member has not confirmed. The
 * cursor is the members' own word; that the server has a page only keeps it from being published twice.
 */
import type { KnownChain, Page } from '#ledger/ledger.ts';
import type { SpaceState } from '#ledger/state/space-reducer.ts';
import { encodePage, MAX_PAGE_BYTES } from '../page-codec.ts';
import type { Surroundings } from '../link/wire.ts';
import type { SyncSpace } from '../sync.ts';
import { splitPage } from './page-parts.ts';
import type { PageStream, StreamedPart } from './page-stream.ts';

/** Up to which number each member has confirmed each of this node's chains. */
export type Cursors = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** Where cursors are kept between two lives of a node; without them more is published again. */
export interface CursorStore {
  readonly read: () => Cursors;
  readonly write: (cursors: Cursors) => void;
}

/** What an outbox is made of. */
export interface PageOutboxOptions extends Surroundings {
  readonly node: string;
  readonly ledger: SyncSpace['ledger'];
  /** What a linked peer has said to hold; empty of one that is not linked. */
  readonly acked: (peer: string) => Readonly<Record<string, number>>;
  readonly cursors: CursorStore;
  /** Bytes of one page, of what a chain may have in the stream at once, and how soon it is repaired again. */
  readonly limits: Readonly<Record<'pageBytes' | 'aheadBytes' | 'repairMs', number>>;
  readonly published: () => void;
}

/** Commits of a chain that are in the stream, `from` to `to`, none when `to` is less. */
interface Held {
  readonly from: number;
  to: number;
  bytes: number;
  mark: string;
}

const LONGEST_REST_MS = 3_600_000;

/** The outbox of a space; one `turn` at a time. */
export class PageOutbox {
  readonly #options: PageOutboxOptions;
  readonly #confirmed: Map<string, Map<string, number>>;
  readonly #held = new Map<string, Held>();
  /** What was held when it was last known. */
  readonly #before = new Map<string, Held>();
  /** When what is lost may be published again, and how long after that. */
  readonly #rest = new Map<string, { readonly until: number; readonly ms: number }>();
  #isChanged = false;

  constructor(options: PageOutboxOptions) {
    this.#options = options;
    const kept = Object.entries(options.cursors.read());
    this.#confirmed = new Map(kept.map(([peer, of]) => [peer, new Map(Object.entries(of))]));
  }

  /** Whether every other member is linked: then the stream is only for who falls behind. */
  get isLive(): boolean {
    return this.#others().every((peer) => Object.keys(this.#options.acked(peer)).length > 0);
  }

  /** A member's signed commits say what of others they build on: it has that. */
  learn(peer: string, seen: readonly { readonly chain: string; readonly seq: number }[]): void {
    const own = new Set(this.#ownChains().map(({ chain }) => chain));
    for (const { chain, seq } of seen) {
      if (own.has(chain) && seq > this.#confirmedBy(peer, chain)) this.#confirm(peer, chain, seq);
    }
  }

  /** The stream may have lost something: it is looked at again before more is published. */
  doubt(): void {
    for (const [chain, held] of this.#held) this.#before.set(chain, held);
    this.#held.clear();
  }

  /** Publishes what some member has not confirmed and the stream lacks. Throws as the client does. */
  async turn(stream: PageStream): Promise<void> {
    const chains = this.#ownChains();
    this.#hear(chains);
    for (const head of chains) await this.#advance(stream, head);
  }

  /** Keeps the cursors. */
  save(): void {
    this.#hear(this.#ownChains());
    if (!this.#isChanged) return;
    this.#isChanged = false;
    const members = new Set(this.#others());
    const kept = [...this.#confirmed].filter(([peer]) => members.has(peer));
    this.#options.cursors.write(
      Object.fromEntries(kept.map(([peer, chains]) => [peer, Object.fromEntries(chains)])),
    );
  }

  async #advance(stream: PageStream, { chain, seq }: KnownChain): Promise<void> {
    const floor = Math.min(seq, ...this.#others().map((peer) => this.#confirmedBy(peer, chain)));
    if (this.#others().length === 0 || floor >= seq) return;
    const held = await this.#room(stream, chain, floor);
    const { pageBytes, aheadBytes } = this.#options.limits;
    if (held === undefined) return;
    for (let to = held.to; to < seq && held.bytes < aheadBytes; to = held.to) {
      const page = this.#options.ledger.exchange.page(chain, to, pageBytes);
      if (page === undefined) return;
      await this.#publish(stream, chain, held, page);
    }
  }

  /** The place in the stream to go on from; undefined while what was lost must not be repaired yet. */
  async #room(stream: PageStream, chain: string, floor: number): Promise<Held | undefined> {
    const { timers, limits } = this.#options;
    const known = this.#held.get(chain);
    const held = known ?? (await this.#look(stream, chain));
    const isFull = held !== undefined && held.bytes >= limits.aheadBytes && held.to <= floor;
    if (held !== undefined && held.from <= floor + 1 && held.to >= floor && !isFull) {
      this.#held.set(chain, held);
      return held;
    }
    // What everybody has may go without haste; what is lacking was lost, perhaps to others' pages.
    const isLost = held === undefined || held.to > floor;
    const now = timers.monotonic();
    const { until = 0, ms = limits.repairMs } = this.#rest.get(chain) ?? {};
    if (isLost && until > now) return undefined;
    // Twice as long each time: a stream that is too small for all would only be churned.
    if (isLost) this.#rest.set(chain, { until: now + ms, ms: Math.min(2 * ms, LONGEST_REST_MS) });
    // The rest of it would lie before what is published now, and come in the wrong order.
    if (held !== undefined) await stream.purge(chain);
    const begun = {
      from: floor + 1,
      to: floor,
      bytes: 0,
      mark: held === undefined ? '' : this.#newMark(),
    };
    this.#held.set(chain, begun);
    return begun;
  }

  /** What the stream has of a chain. Anything that is not ours there counts as lost. */
  async #look(stream: PageStream, chain: string): Promise<Held | undefined> {
    const ends = await stream.ends(chain).catch((thrown: unknown) => {
      if ((thrown as Error).name === 'page-refused') return 'strange' as const;
      throw thrown;
    });
    if (ends === undefined) return undefined;
    const strange: Held = { from: Number.MAX_SAFE_INTEGER, to: 0, bytes: 0, mark: '' };
    if (ends === 'strange') return strange;
    const [first, last] = ends;
    const isWhole = first.index === 0 && last.index === last.count - 1;
    const isOurs = isWhole && ends.every((part) => this.#isOwn(stream, chain, part));
    if (!isOurs) return strange;
    const [from, to, before] = [first.first, last.last, this.#before.get(chain)];
    if (before?.from === from && before.to === to) return before;
    return { from, to, bytes: this.#bytesOf(chain, from, to), mark: '' };
  }

  /** How much that is, as far as it matters. */
  #bytesOf(chain: string, from: number, to: number): number {
    const { ledger, limits } = this.#options;
    let [bytes, at] = [0, from - 1];
    while (at < to && bytes < limits.aheadBytes) {
      const page = ledger.exchange.page(chain, at, limits.pageBytes);
      if (page === undefined) break;
      bytes += encodePage(page).length;
      at += page.commits.length;
    }
    return bytes;
  }

  #isOwn(stream: PageStream, chain: string, { first, last, index, data }: StreamedPart): boolean {
    const { exchange } = this.#options.ledger;
    const page = exchange.page(chain, first - 1, MAX_PAGE_BYTES);
    const commits = page?.commits.slice(0, last - first + 1) ?? [];
    if (page === undefined || commits.length !== last - first + 1) return false;
    const bytes = encodePage({ ...page, commits });
    const part = splitPage(bytes, { first, last }, stream.partBytes)[index];
    return part !== undefined && Buffer.compare(part, data) === 0;
  }

  async #publish(stream: PageStream, chain: string, held: Held, page: Page): Promise<void> {
    const last = held.to + page.commits.length;
    const bytes = encodePage(page);
    const carried = { bytes, first: held.to + 1, last };
    if (!(await stream.publish(chain, carried, held.mark))) {
      // Known to the server: because it is there, or because it was there a while ago.
      const seen = await this.#look(stream, chain);
      if (seen === undefined || seen.to < last) {
        held.mark = this.#newMark();
        await stream.publish(chain, carried, held.mark);
      }
    }
    held.to = last;
    held.bytes += bytes.length;
    this.#options.published();
  }

  /** Who is linked says what it holds now; that may be less than before, when it lost its disk. */
  #hear(chains: readonly KnownChain[]): void {
    for (const peer of this.#others()) {
      const acked = this.#options.acked(peer);
      if (Object.keys(acked).length === 0) continue;
      for (const { chain } of chains) {
        const seq = acked[chain] ?? 0;
        if (seq !== this.#confirmedBy(peer, chain)) this.#confirm(peer, chain, seq);
      }
    }
  }

  #confirm(peer: string, chain: string, seq: number): void {
    const chains = this.#confirmed.get(peer) ?? new Map<string, number>();
    this.#confirmed.set(peer, chains.set(chain, seq));
    this.#isChanged = true;
  }

  #confirmedBy(peer: string, chain: string): number {
    return this.#confirmed.get(peer)?.get(chain) ?? 0;
  }

  #ownChains(): readonly KnownChain[] {
    const { ledger, node } = this.#options;
    return ledger.exchange.heads().filter(({ author, frozen }) => author === node && !frozen);
  }

  #others(): readonly string[] {
    const { ledger, node } = this.#options;
    const space = ledger.read.entity('space', ledger.space)?.body as SpaceState | undefined;
    return Object.keys(space?.members ?? {}).filter((key) => key !== node);
  }

  #newMark(): string {
    return Buffer.from(this.#options.random(new Uint8Array(6))).toString('hex');
  }
}
