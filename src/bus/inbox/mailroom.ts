/**
 * The part of messages that lives in a node, one for each space: it says what is to be done about the
 * pages of other nodes, wakes those who wait for messages (nobody polls), and sees to it that what is
 * over is told when it is. It keeps nothing: all of it is found again on the record.
 */
import type { Ledger, LedgerReader, Page, Reaction } from '#ledger/ledger.ts';
import type { SpaceState } from '#ledger/state/space-reducer.ts';
import { isHomeById } from '#protocol/address.ts';
import type { Speaker } from '#protocol/command.ts';
import type { Entity } from '#protocol/entity.ts';
import { toSkeinError, type SkeinError } from '#protocol/errors.ts';
import type { InboxState } from './inbox-reducer.ts';
import { InboxWatch } from './inbox-watch.ts';
import { letterOf, findEvent, readStored, type Letter } from './letters.ts';
import {
  nodeSpeaker,
  reactionsTo,
  type ClockOffset,
  type ReactionParts,
} from './page-reactions.ts';
import { takeDeferred } from './take-deferred.ts';

/** What a mailroom is made of. `after` calls back once and answers how to cancel that. */
export interface MailroomOptions {
  readonly ledger: Ledger;
  readonly nodeKey: string;
  /** Known to this node only, the same at every start: such as a hash of its private key. */
  readonly secret: string;
  readonly now: () => number;
  readonly after: (ms: number, callback: () => void) => () => void;
  readonly newId: () => string;
  /** Told of what went wrong in the background; it is tried again. */
  readonly report: (error: SkeinError) => void;
  readonly clockOf?: (author: string) => ClockOffset | undefined;
  /** Brings a blob that is at another node; absent = only those that are here can be read. */
  readonly fetchBlob?: (hash: string) => Promise<Uint8Array>;
}

/** Who takes messages, and how many at once (at most 1,000). */
export interface Follower {
  readonly speaker: Speaker;
  readonly most: number;
  readonly signal?: AbortSignal;
}

/** A timer is set for so long at most, in milliseconds: clocks of walls are set, and machines sleep. */
const MAX_WAIT_MS = 60_000;

/** When what failed is tried again. */
const RETRY_MS = 1_000;

/** Opened once for each space that is served; `close` ends all who follow. */
export class Mailroom {
  readonly #options: MailroomOptions;
  readonly #reactions: ReactionParts;
  readonly #watch: InboxWatch;
  readonly #closing = new AbortController();
  readonly #catchingUp = new Map<string, 'at-work' | 'again'>();
  readonly #reading: Promise<void>;
  #cancel: (() => void) | undefined;
  #armedMs = Infinity;
  #sweeping: Promise<void> | undefined;

  constructor(options: MailroomOptions) {
    const { ledger, nodeKey, secret, clockOf = () => undefined } = options;
    this.#options = options;
    const chainsBegun = (): number => countOwnChains(ledger, nodeKey);
    this.#reactions = { read: ledger.read, nodeKey, secret, chainsBegun, clockOf };
    this.#watch = new InboxWatch(nodeKey, {
      rearm: () => this.#arm(),
      room: (inbox) => void this.#catchUp(inbox),
    });
    // Counted before the inboxes are read: what is committed in between is seen twice, which is no harm.
    const from = ledger.stats().events;
    for (const { id, body } of allInboxes(ledger.read)) {
      if (isHomeById('inbox', id, nodeKey) !== true) continue;
      this.#watch.begin(id, body as InboxState, options.now());
    }
    this.#reading = this.#read(from);
  }

  /** The commands that are to share the transaction in which the ledger takes this page. */
  reactionsTo(page: Page): readonly Reaction[] {
    return reactionsTo(this.#reactions, page);
  }

  /** Hands out at most `most` messages; an empty list when none may be handed out now. */
  async take(inbox: string, { speaker, most }: Follower): Promise<readonly Letter[]> {
    const { ledger, newId } = this.#options;
    const command = { id: newId(), name: 'message.deliver', input: { inbox, most } };
    const receipt = await ledger.execute(command, speaker);
    const [first] = receipt.events;
    const delivered =
      first === undefined ? undefined : findEvent(ledger.read, 'message.delivered', first);
    if (delivered === undefined) return [];
    const state = ledger.read.entity('inbox', inbox)?.body as InboxState | undefined;
    const waiting = new Map(state?.waiting.map((each) => [each.message, each]));
    return delivered.event.data.messages.flatMap((message) => {
      const found = waiting.get(message);
      return found === undefined ? [] : [letterOf(ledger.read, inbox, found)];
    });
  }

  /**
   * Messages as they come, until `signal` or the mailroom's end. Each has to be answered by `message.ack`,
   * `.nack` or `.reply`; else it comes again. Who leaves gives back what it was not given yet.
   */
  async *follow(inbox: string, follower: Follower): AsyncGenerator<Letter> {
    const closing = this.#closing.signal;
    const signal = AbortSignal.any([closing, ...(follower.signal ? [follower.signal] : [])]);
    const bell = this.#watch.bell(inbox);
    while (!signal.aborted) {
      // Counted before asking: what comes between asking and waiting must not be slept through.
      const rings = bell.rings;
      const letters = [...(await this.take(inbox, follower))];
      if (letters.length === 0) {
        await bell.wait(rings, signal);
        continue;
      }
      try {
        while (letters.length > 0 && !signal.aborted) yield letters.shift() as Letter;
      } finally {
        await this.#giveBack(letters, follower.speaker);
      }
    }
  }

  /** All of a message's text; throws `blob-missing` when it can't be had. */
  async textOf({ text, body }: Pick<Letter, 'text' | 'body'>): Promise<string> {
    if (body === undefined) return text;
    const { ledger, fetchBlob } = this.#options;
    try {
      return ledger.blobs.get(body.hash).toString();
    } catch (thrown) {
      if (fetchBlob === undefined || toSkeinError(thrown).name !== 'blob-missing') throw thrown;
      return Buffer.from(await fetchBlob(body.hash)).toString();
    }
  }

  /** Ends all who follow, and every timer; resolves when nothing is under way. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#cancel?.();
    this.#cancel = undefined;
    this.#watch.ringAll();
    await this.#reading;
    await this.#sweeping;
  }

  async #giveBack(letters: readonly Letter[], speaker: Speaker): Promise<void> {
    const { ledger, newId } = this.#options;
    for (const { id: message, inbox } of letters) {
      const input = { inbox, message, reason: 'who took it went away', unseen: true };
      try {
        await ledger.execute({ id: newId(), name: 'message.nack', input }, speaker);
      } catch (thrown) {
        // Then its time runs out, and it comes again.
        this.#report(thrown);
      }
    }
  }

  async #read(from: number): Promise<void> {
    const { ledger, now, nodeKey } = this.#options;
    const { signal } = this.#closing;
    try {
      for await (const page of ledger.subscribe({ after: from, follow: true, signal })) {
        for (const stored of page) {
          // What another node says of an inbox of ours is void: nobody is kept waiting by it.
          if (stored.author !== nodeKey || !isAboutInboxes(stored.type)) continue;
          const event = readStored(stored);
          if (event !== undefined) this.#watch.see(event, now());
        }
      }
    } catch (thrown) {
      this.#report(thrown);
    }
  }

  /** One timer for all; none when nothing is due. */
  #arm(): void {
    if (this.#closing.signal.aborted || this.#sweeping !== undefined) return;
    const next = this.#watch.nextMs;
    if (this.#cancel !== undefined && next === this.#armedMs) return;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#armedMs = next;
    if (next === Infinity) return;
    const { after, now } = this.#options;
    this.#cancel = after(Math.min(Math.max(next - now(), 0), MAX_WAIT_MS), () => {
      this.#cancel = undefined;
      this.#sweeping = this.#sweepDue().finally(() => {
        this.#sweeping = undefined;
        this.#arm();
      });
    });
  }

  async #sweepDue(): Promise<void> {
    for (const inbox of this.#watch.takeDue(this.#options.now())) {
      if (this.#closing.signal.aborted) return;
      try {
        while ((await this.#sweep(inbox)) > 0);
        this.#watch.bell(inbox).ring();
      } catch (thrown) {
        this.#report(thrown);
        this.#watch.retry(inbox, this.#options.now() + RETRY_MS);
      }
    }
  }

  async #sweep(inbox: string): Promise<number> {
    const { ledger, nodeKey, newId } = this.#options;
    const command = { id: newId(), name: 'inbox.sweep', input: { inbox } };
    return (await ledger.execute(command, nodeSpeaker(nodeKey))).events.length;
  }

  /** One at a time for each inbox; what is asked for meanwhile is done after it. */
  async #catchUp(inbox: string): Promise<void> {
    if (this.#closing.signal.aborted) return;
    if (this.#catchingUp.has(inbox)) {
      this.#catchingUp.set(inbox, 'again');
      return;
    }
    const { ledger, nodeKey, secret, after } = this.#options;
    const parts = { ledger, secret, speaker: nodeSpeaker(nodeKey) };
    this.#catchingUp.set(inbox, 'at-work');
    try {
      let waits = await takeDeferred(parts, inbox);
      while (this.#catchingUp.get(inbox) === 'again') {
        this.#catchingUp.set(inbox, 'at-work');
        waits = await takeDeferred(parts, inbox);
      }
      if (!waits) this.#watch.caughtUp(inbox);
    } catch (thrown) {
      this.#report(thrown);
      after(RETRY_MS, () => void this.#catchUp(inbox));
    } finally {
      this.#catchingUp.delete(inbox);
    }
  }

  #report(thrown: unknown): void {
    const error = toSkeinError(thrown);
    const isEnd = error.name === 'ledger-closed' && this.#closing.signal.aborted;
    if (!isEnd) this.#options.report(error);
  }
}

/** The most entities of one list, and what an id may go on with. */
const LISTED = 10_000;
const NEXT = '-@0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz';

/** Where one list can't hold them they are listed by how their ids begin. */
function* allInboxes(read: Pick<LedgerReader, 'entities'>, prefix = ''): Generator<Entity> {
  const listed = read.entities('inbox', prefix);
  if (listed.length < LISTED) yield* listed;
  else for (const next of NEXT) yield* allInboxes(read, prefix + next);
}

const isAboutInboxes = (type: string | null): boolean =>
  type !== null && (type.startsWith('message.') || type.startsWith('inbox.'));

/** Chains of this node that say on the record why they began: after a backup was put back, or a fork. */
function countOwnChains({ read, space, exchange }: Ledger, nodeKey: string): number {
  const { chains = [] } = (read.entity('space', space)?.body ?? {}) as Partial<SpaceState>;
  if (chains.length === 0) return 0;
  const begun = new Set(chains.map(({ chain }) => chain));
  return exchange.heads().filter(({ author, chain }) => author === nodeKey && begun.has(chain))
    .length;
}
