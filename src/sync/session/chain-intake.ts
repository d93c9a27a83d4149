/**
 * One chain of another node on its way into the record: what was fetched or pushed waits here in
 * order, is handed to the ledger as far as it can be taken, and more is fetched meanwhile.
 */
import { MAX_AHEAD_MS } from '#ledger/exchange/check-page.ts';
import type { Page, PageCommit, Reaction, Taken } from '#ledger/ledger.ts';
import { shortNode } from '#protocol/address.ts';
import { toSkeinError, type SkeinError } from '#protocol/errors.ts';
import { refusal, refusalOf, type Refusal } from '../refusal.ts';
import { AvoidedPeers } from './avoided-peers.ts';
import { isWholePage } from '../page-codec.ts';
import { CommitRun, type Point, type Waits } from './commit-run.ts';
import { headerOf, idOf, type Head } from './heads.ts';
import type { PeerSession } from './peer-session.ts';

/** What a chain needs of the space that it belongs to. */
export interface IntakePort {
  readonly space: string;
  readonly seqOf: (chain: string) => number;
  /** Whether a commit is here, or does not count any more. */
  readonly has: (point: Point) => boolean;
  readonly reactionsTo: (page: Page) => readonly Reaction[];
  readonly take: (page: Page, from: PeerSession, reactions: readonly Reaction[]) => Promise<Taken>;
  readonly advanced: (head: Head) => void;
  /** What is known here may be old: look again. */
  readonly refresh: () => void;
  /** Who has more of the chain than `after`, and is not in `not`. */
  readonly source: (
    chain: string,
    after: number,
    not: (peer: string) => boolean,
  ) => PeerSession | undefined;
  readonly compare: (session: PeerSession) => void;
  readonly fetchBlobs: (hashes: readonly string[], from: PeerSession) => Promise<void>;
  readonly findFork: (chain: string, at: number, from: PeerSession) => void;
  /** Whether a peer is the owner of the space. */
  readonly isOwner: (peer: string) => boolean;
  readonly blame: (peer: string, reason: Refusal) => void;
  readonly after: (ms: number, callback: () => void) => void;
  /** Milliseconds that never go back, and since 1970. */
  readonly now: () => number;
  readonly wallMs: () => number;
  /** Bytes of all chains that wait here, and how many may. */
  readonly stock: { used: number; readonly limit: number };
}

/** How long a peer is not asked for a chain again after it went wrong, in milliseconds. */
const AVOID_MS = 60_000;
/** The same after a mishap that may be over soon. */
const RETRY_MS = 1_000;
/** A clock that is ahead, or a blob that nobody has, is looked at again by then. */
const LOOK_AGAIN_MS = 10_000;

/** Pages that wait here before no more are fetched. */
const MAX_RUNS = 3;

const REFUSED: Readonly<Record<string, Refusal>> = {
  'page-refused': 'page-refused',
  'event-invalid': 'page-refused',
  'payload-too-large': 'page-refused',
  'not-member': 'not-member',
  'record-too-new': 'record-too-new',
};

/** The intake of one chain. */
export class ChainIntake {
  readonly chain: string;
  readonly #port: IntakePort;
  readonly #avoided: AvoidedPeers;
  #queue: CommitRun[] = [];
  #needs: readonly Point[] = [];
  #why: string | undefined;
  #isTaking = false;
  #isFetching = false;
  #restUntil = 0;

  constructor(chain: string, port: IntakePort) {
    this.chain = chain;
    this.#port = port;
    this.#avoided = new AvoidedPeers(port.now);
  }

  /** Why it does not go on; undefined while it does, or has nothing to do. */
  get waiting(): string | undefined {
    return this.#why;
  }

  /** Takes in a page that a peer sent unasked; false when commits before it are missing. */
  offer(page: Page, from: PeerSession): boolean {
    if (!this.#avoided.isBelieved(from.peer)) return true;
    const [first, last] = [page.commits[0], page.commits.at(-1)] as [PageCommit, PageCommit];
    const { seq } = headerOf(first);
    const end = this.#end;
    const until = seq + page.commits.length - 1;
    if (until > from.seqOf(this.chain))
      from.note([{ chain: this.chain, seq: until, hash: idOf(last) }]);
    if (until <= end) return true;
    if (seq > end + 1) return false;
    if (!isWholePage(page) && !this.#port.isOwner(from.peer)) {
      this.#seekWhole(from);
      return true;
    }
    const run = new CommitRun(from, page.commits.slice(end + 1 - seq), end + 1);
    this.#queue.push(run);
    this.#port.stock.used += run.bytes;
    void this.#work();
    return true;
  }

  /**
   * Only the owner prunes, so only its word is taken for it that a body is gone: any other member could
   * keep bodies back on the way, and what was taken without them would stay so.
   */
  #seekWhole(from: PeerSession): void {
    this.#why = `node ${shortNode(from.peer)} lacks bodies of it: the owner has to say that they are gone`;
    this.#avoided.add(from.peer, AVOID_MS);
    this.#port.after(AVOID_MS, () => this.kick());
  }

  /** Something has changed: another chain grew, a peer has more, a source is gone. */
  kick(): void {
    if (this.#needs.some((point) => !this.#port.has(point))) return;
    if (this.#needs.length > 0) this.#why = undefined;
    this.#needs = [];
    void this.#work();
    void this.#fetch();
  }

  /** What counts has changed: so may have what it waits for. */
  look(): void {
    this.#needs = [];
    this.kick();
  }

  /** Lets go of what it holds. */
  clear(): void {
    for (const { bytes } of this.#queue) this.#port.stock.used -= bytes;
    this.#queue = [];
  }

  /** The last commit that is here or waits here. */
  get #end(): number {
    return Math.max(this.#port.seqOf(this.chain), this.#queue.at(-1)?.last ?? 0);
  }

  async #work(): Promise<void> {
    if (this.#isTaking || this.#restUntil > this.#port.now()) return;
    this.#isTaking = true;
    try {
      while (await this.#takeNext()) this.#why = undefined;
    } finally {
      this.#isTaking = false;
    }
    void this.#fetch();
  }

  /** Hands on what can be taken of the first run; false when there is nothing to do now. */
  async #takeNext(): Promise<boolean> {
    const run = this.#queue[0];
    if (run === undefined) return false;
    if (this.#drop(run, this.#port.seqOf(this.chain))) return true;
    try {
      let [ready, reactions] = this.#prepare(run);
      if (reactions.length > 0 && !run.isRead) {
        // They are executed or not, all of them: so the ledger must not stop in between.
        run.readNeeds();
        [ready, reactions] = this.#prepare(run);
      }
      if ('type' in ready) return this.#wait(run, ready);
      return this.#settle(run, await this.#port.take(ready, run.from, reactions));
    } catch (thrown) {
      this.#fail(run.from, toSkeinError(thrown));
      return false;
    }
  }

  /** What can be taken now, with what is to be done about it. */
  #prepare(run: CommitRun): [Page | Waits, readonly Reaction[]] {
    const ready = run.ready(this.#port);
    if ('type' in ready) return [ready, []];
    const page = { space: this.#port.space, commits: ready };
    return [page, this.#port.reactionsTo(page)];
  }

  #settle(run: CommitRun, taken: Taken): boolean {
    if (taken.type === 'taken') return this.#advance(run, taken.seq);
    if (taken.type === 'waits') return this.#wait(run, taken);
    this.clear();
    if (taken.type === 'differs') {
      this.#avoided.add(run.from.peer, AVOID_MS, true);
      this.#port.findFork(this.chain, taken.at, run.from);
    } else {
      this.#rest();
      this.#port.refresh();
    }
    return false;
  }

  /** Whatever it was, it is not tried in a loop. */
  #rest(ms: number = RETRY_MS): void {
    this.#restUntil = this.#port.now() + ms;
    this.#port.after(ms, () => this.kick());
  }

  #advance(run: CommitRun, seq: number): boolean {
    if (seq < run.first) {
      this.clear();
      this.#rest();
      return false;
    }
    const last = run.commitAt(seq);
    if (last !== undefined) this.#port.advanced({ chain: this.chain, seq, hash: idOf(last) });
    // The ledger stopped in between: from now on look beforehand how far it will go.
    if (!this.#drop(run, seq)) run.readNeeds();
    return true;
  }

  #wait(run: CommitRun, { commits, blobs, aheadMs }: Waits): boolean {
    run.readNeeds();
    if (commits.length > 0) {
      this.#waitFor(run, commits);
    } else if (blobs.length > 0) {
      this.#why = `${blobs.length} blobs are missing`;
      const again = (): void => this.#rest(0);
      void this.#port.fetchBlobs(blobs, run.from).then(again, () => this.#rest(LOOK_AGAIN_MS));
      this.#restUntil = Number.POSITIVE_INFINITY;
    } else {
      this.#why = `its clock is ${Math.round(aheadMs / 1_000)} s ahead`;
      // Not longer than it has to: who drives the clocks of others ahead would delay what they write.
      this.#rest(Math.min(Math.max(aheadMs - MAX_AHEAD_MS, 1), LOOK_AGAIN_MS));
    }
    return false;
  }

  #waitFor(run: CommitRun, needs: readonly Point[]): void {
    this.#needs = needs;
    const [first] = needs;
    this.#why = `it builds on commit ${first?.seq} of chain ${first?.chain.slice(0, 8)}`;
    // Unless the peer has said that it has it: then it is on its way.
    if (needs.some(({ chain, seq }) => run.from.seqOf(chain) < seq)) this.#port.compare(run.from);
    // What waits must not take the room of what it waits for.
    if (this.#port.stock.used > this.#port.stock.limit / 2) this.clear();
  }

  #fail(peer: PeerSession, error: SkeinError): void {
    const reason = refusalOf(error) ?? REFUSED[error.name];
    this.clear();
    this.#why = error.message;
    if (reason === undefined) {
      // A mishap of ours: the peer did nothing.
      this.#rest();
      return;
    }
    this.#avoided.add(peer.peer, AVOID_MS, true);
    this.#port.blame(peer.peer, reason);
    this.#port.after(AVOID_MS, () => this.kick());
  }

  /** Forgets what is in the record by now; answers whether that is all of the run. */
  #drop(run: CommitRun, seq: number): boolean {
    this.#port.stock.used -= run.drop(seq);
    if (run.isEmpty && this.#queue[0] === run) this.#queue.shift();
    return run.isEmpty;
  }

  /** Asks for more while there is room, and something to ask for. */
  async #fetch(): Promise<void> {
    if (this.#isFetching) return;
    this.#isFetching = true;
    try {
      while (this.#hasRoom && (await this.#fetchNext()));
    } finally {
      this.#isFetching = false;
    }
  }

  get #hasRoom(): boolean {
    const { used, limit } = this.#port.stock;
    if (this.#needs.length > 0 || this.#restUntil > this.#port.now()) return false;
    return this.#queue.length === 0 || (this.#queue.length < MAX_RUNS && used < limit);
  }

  async #fetchNext(): Promise<boolean> {
    const after = this.#end;
    const source = this.#port.source(this.chain, after, (peer) => !this.#avoided.isAsked(peer));
    if (source === undefined) return false;
    try {
      const pages = await source.pages(this.chain, after);
      // It said that it has more: whatever the reason, others are asked first for a while.
      if (pages.length === 0) this.#avoided.add(source.peer, LOOK_AGAIN_MS);
      let next = after + 1;
      for (const page of pages) {
        const { chain, seq } = headerOf(page.commits[0] as PageCommit);
        const isAsked = chain === this.chain && seq === next && page.space === this.#port.space;
        if (!isAsked) throw notAsked();
        next += page.commits.length;
        this.offer(page, source);
      }
    } catch (thrown) {
      this.#failFetch(source.peer, toSkeinError(thrown));
    }
    return true;
  }

  #failFetch(peer: string, error: SkeinError): void {
    const reason = refusalOf(error);
    // What the peer answered with an error is no lie of its.
    const isWrong = reason === 'page-invalid' || reason === 'record-too-new';
    if (isWrong) {
      this.#why = error.message;
      this.#port.blame(peer, reason);
    }
    const ms = isWrong ? AVOID_MS : RETRY_MS;
    this.#avoided.add(peer, ms, isWrong);
    this.#port.after(ms, () => this.kick());
  }
}

const notAsked = (): SkeinError =>
  refusal('page-invalid', 'Cannot take a page: nobody asked for it', 'page-refused');
