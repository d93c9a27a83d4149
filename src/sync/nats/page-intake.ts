/**
 * Pages that come by the stream, on their way into the record. Who published them is nobody's word:
 * the ledger judges them as it does pages that come by a link. What can't be taken yet is given back
 * for a while, and left to ordinary sync after that.
 */
import type { Page, Taken } from '#ledger/ledger.ts';
import type { SpaceState } from '#ledger/state/space-reducer.ts';
import { shortNode } from '#protocol/address.ts';
import { toSkeinError } from '#protocol/errors.ts';
import { decodePage, isWholePage } from '../page-codec.ts';
import { refusal, refusalOf, type Refusal } from '../refusal.ts';
import { headerOf } from '../session/heads.ts';
import type { SyncNews, SyncSpace } from '../sync.ts';
import { PartJoiner } from './page-parts.ts';
import { readPageSubject } from './page-stream.ts';

/** A message of the stream, as far as it matters here. */
export interface Delivered {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly info: { readonly deliveryCount: number };
  readonly ack: () => void;
  readonly nak: (ms: number) => void;
  readonly term: () => void;
}

/** How often pages came to which end. */
export interface IntakeCounts {
  taken: number;
  /** They were here already. */
  known: number;
  /** Left to ordinary sync. */
  left: number;
  refused: number;
}

/** What an intake is made of. */
export interface PageIntakeOptions {
  readonly node: string;
  readonly space: Pick<SyncSpace, 'ledger' | 'reactionsTo'>;
  readonly refused: (reason: Refusal) => void;
  /** Told of mishaps of our own; the page comes again. */
  readonly report: (thrown: unknown) => void;
  readonly observe: (news: SyncNews) => void;
  /** A commit of a member was taken that builds on others. */
  readonly learn: (
    author: string,
    seen: readonly { readonly chain: string; readonly seq: number }[],
  ) => void;
  /** How often a page that has to wait is looked at before it is left to ordinary sync. */
  readonly tries: number;
}

type Outcome =
  | { readonly type: 'taken' | 'known' | 'left' }
  /** `whyRefused`: it counts as that when it never fits. */
  | { readonly type: 'later'; readonly whyRefused?: Refusal }
  | { readonly type: 'mishap' }
  | { readonly type: 'refused'; readonly reason: Refusal };

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 30_000;

const REFUSED: Readonly<Record<string, Refusal>> = {
  'page-refused': 'page-refused',
  'event-invalid': 'page-refused',
  'payload-too-large': 'page-refused',
};

/** May be no lie: who it is about may be admitted by what is still to come, and so may a later Skein. */
const UNKNOWN: Readonly<Record<string, Refusal>> = {
  'not-member': 'not-member',
  'record-too-new': 'record-too-new',
};

/** The intake of one space; messages are given to it one after the other. */
export class PageIntake {
  readonly counts: IntakeCounts = { taken: 0, known: 0, left: 0, refused: 0 };
  readonly #options: PageIntakeOptions;
  readonly #joiner = new PartJoiner<Delivered>();

  constructor(options: PageIntakeOptions) {
    this.#options = options;
  }

  /** Takes one message, and answers for it to the stream once the page is durable. */
  async take(message: Delivered): Promise<void> {
    const { node } = readPageSubject(message.subject);
    if (node === shortNode(this.#options.node)) return message.ack();
    let messages: readonly Delivered[] = [message];
    let outcome: Outcome;
    try {
      const joined = this.#joiner.add(message.subject, message.data, message);
      if (joined === undefined) return this.#await(message);
      messages = joined.messages;
      outcome = await this.#receive(this.#read(joined.bytes, message.subject));
    } catch (thrown) {
      outcome = judge(thrown);
      if (outcome.type === 'mishap') this.#options.report(thrown);
    }
    this.#answer(messages, outcome);
  }

  /** Lets go of parts of pages. */
  clear(): void {
    this.#joiner.clear();
  }

  /** Who may publish where is for the server to say; that a page is where it belongs is seen here. */
  #read(bytes: Uint8Array, subject: string): Page {
    const page = decodePage(bytes);
    const { node, chain } = readPageSubject(subject);
    const header = headerOf(page.commits[0] as Page['commits'][number]);
    if (shortNode(header.author) === node && header.chain === chain) return page;
    throw refusal('page-refused', 'Cannot take a page: it is of another node', 'page-refused');
  }

  async #receive(page: Page): Promise<Outcome> {
    const { ledger, reactionsTo } = this.#options.space;
    // That bodies are gone is the owner's word, and who published this nobody knows.
    if (!isWholePage(page)) return { type: 'left' };
    let rest = page.commits;
    for (;;) {
      const [first] = rest;
      if (first === undefined) return { type: 'taken' };
      const { chain, author, seq: from } = headerOf(first);
      const known = ledger.exchange.heads().find((head) => head.chain === chain);
      const seq = known?.seq ?? 0;
      if (known?.frozen === true) return { type: 'left' };
      if (from + rest.length - 1 <= seq)
        return rest === page.commits ? { type: 'known' } : { type: 'taken' };
      if (from > seq + 1) return { type: 'later' };
      const news: Page = { ...page, commits: rest.slice(seq + 1 - from) };
      if (!this.#isMember(author)) return { type: 'later', whyRefused: 'not-member' };
      const taken = await ledger.exchange.take(news, reactionsTo?.(news) ?? []);
      if (taken.type !== 'taken') return unlessTaken(taken);
      this.#tell(news, taken);
      const next = rest.slice(taken.seq + 1 - from);
      if (next.length === rest.length) return { type: 'later' };
      rest = next;
    }
  }

  /** A stranger costs no signature. While nothing of the space is here, the ledger knows who may begin it. */
  #isMember(author: string): boolean {
    const { read, space } = this.#options.space.ledger;
    const state = read.entity('space', space)?.body as SpaceState | undefined;
    if (state === undefined) return true;
    return Object.hasOwn(state.members, author) || Object.hasOwn(state.removed, author);
  }

  #tell(page: Page, { news, seq }: Extract<Taken, { type: 'taken' }>): void {
    const { observe, learn, space } = this.#options;
    if (news === 0) return;
    const headers = page.commits.map(headerOf);
    const commits = page.commits.filter((_, index) => (headers[index]?.seq ?? 0) <= seq);
    const events = commits.reduce((sum, commit) => sum + commit.events.length, 0);
    observe({ type: 'taken', space: space.ledger.space, commits: news, events });
    for (const header of headers.slice(0, commits.length)) learn(header.author, header.seen);
  }

  /** A part whose others never come is not asked for again for ever. */
  #await(message: Delivered): void {
    if (message.info.deliveryCount < this.#options.tries) return;
    this.counts.left += 1;
    message.term();
  }

  #answer(messages: readonly Delivered[], outcome: Outcome): void {
    const tries = Math.max(...messages.map(({ info }) => info.deliveryCount));
    const isOver = outcome.type === 'later' && tries >= this.#options.tries;
    const waitMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(tries - 1, 10));
    const reason = 'whyRefused' in outcome ? outcome.whyRefused : undefined;
    if (outcome.type === 'refused') this.#refuse(outcome.reason);
    else if (isOver && reason !== undefined) this.#refuse(reason);
    else if (isOver) this.counts.left += 1;
    else if (outcome.type !== 'later' && outcome.type !== 'mishap') this.counts[outcome.type] += 1;
    for (const message of messages) {
      if (outcome.type === 'mishap' || (outcome.type === 'later' && !isOver)) message.nak(waitMs);
      else if (outcome.type === 'taken' || outcome.type === 'known') message.ack();
      else message.term();
    }
  }

  #refuse(reason: Refusal): void {
    this.counts.refused += 1;
    this.#options.refused(reason);
  }
}

/** A fork is proven by now, or is looked into with a linked node; what lacks may be on its way. */
const unlessTaken = (taken: Exclude<Taken, { type: 'taken' }>): Outcome =>
  taken.type === 'gap' || taken.type === 'waits' ? { type: 'later' } : { type: 'left' };

/** What was refused, and what is a mishap of our own disk. */
function judge(thrown: unknown): Outcome {
  const error = toSkeinError(thrown);
  const later = UNKNOWN[error.name];
  if (later !== undefined) return { type: 'later', whyRefused: later };
  const reason = refusalOf(error) ?? REFUSED[error.name];
  return reason === undefined ? { type: 'mishap' } : { type: 'refused', reason };
}
