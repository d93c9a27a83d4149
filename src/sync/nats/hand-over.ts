/**
 * Hand-over: pages of a space wait in a stream of the NATS server for nodes that are not up now.
 *
 * Contract. Each node publishes of its own chains what some member has not confirmed, and takes what
 * it lacks of others'. That the server has a page proves nothing: cursors move by the word of members,
 * receipts stay what they were, and what the stream loses is published again. A server without
 * JetStream is no failure: the state says so, and everything else works as before.
 */
import type { NatsConnection } from '@nats-io/transport-node';
import { toSkeinError } from '#protocol/errors.ts';
import { within, type Surroundings } from '../link/wire.ts';
import type { Refusal } from '../refusal.ts';
import type { SyncNews, SyncSpace } from '../sync.ts';
import { PageIntake, type IntakeCounts } from './page-intake.ts';
import { PageOutbox, type CursorStore, type PageOutboxOptions } from './page-outbox.ts';
import { openPageStream, type PageStream, type StreamBounds } from './page-stream.ts';

/** What a hand-over is made of. */
export interface HandOverOptions extends Surroundings {
  readonly connection: NatsConnection;
  /** This node's key. */
  readonly node: string;
  readonly space: Pick<SyncSpace, 'ledger' | 'grown' | 'reactionsTo'>;
  /** What a linked peer has said to hold (`SpaceSync.acked`). */
  readonly acked: PageOutboxOptions['acked'];
  readonly cursors: CursorStore;
  readonly refused: (reason: Refusal) => void;
  /** Told of mishaps of our own. */
  readonly report: (thrown: unknown) => void;
  readonly observe?: (news: SyncNews) => void;
  readonly limits?: Partial<HandOverLimits>;
}

/** Sizes and times; bytes and milliseconds. */
export interface HandOverLimits extends StreamBounds {
  readonly pageBytes: number;
  /** What a chain may have in the stream beyond what everybody has confirmed. */
  readonly aheadBytes: number;
  /** How long linked members have to confirm, and how soon it is published when some are not linked. */
  readonly lagMs: number;
  readonly soonMs: number;
  /** How often the stream is looked at whether it still has what it had. */
  readonly checkMs: number;
  readonly repairMs: number;
  readonly retryMs: number;
  /** How long the end of a node waits for what is not published yet. */
  readonly closeMs: number;
  readonly tries: number;
}

/** What it works with unless it is told otherwise. */
export const HAND_OVER_LIMITS: HandOverLimits = {
  maxBytes: 64 << 20,
  maxAgeMs: 14 * 24 * 3_600_000,
  windowMs: 120_000,
  ackWaitMs: 5_000,
  pageBytes: 128 << 10,
  aheadBytes: 16 << 20,
  lagMs: 1_000,
  soonMs: 50,
  checkMs: 30_000,
  repairMs: 60_000,
  retryMs: 5_000,
  closeMs: 1_000,
  tries: 12,
};

/** What `skein status` tells: `on`, or why not; and how many pages went which way since the start. */
export interface HandOverStatus extends Readonly<IntakeCounts> {
  readonly state: string;
  readonly published: number;
}

/** Messages that are asked for at once. */
const AT_ONCE = 8;
/** How long one request for more stays open. */
const WAIT_MS = 30_000;

/** The hand-over of one space; works from when it is made until it is closed. */
export class HandOver {
  readonly #options: HandOverOptions;
  readonly #limits: HandOverLimits;
  readonly #outbox: PageOutbox;
  readonly #intake: PageIntake;
  readonly #stopListening: () => void;
  readonly #running: Promise<void>;
  #state = 'it is being opened';
  #published = 0;
  #stream: PageStream | undefined;
  readonly #opened = Promise.withResolvers<void>();
  #turn: Promise<void> = Promise.resolve();
  #cancelTurn: (() => void) | undefined;
  #cancelCheck: () => void = () => undefined;
  #endPause: () => void = () => undefined;
  #closing: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: HandOverOptions) {
    const limits = { ...HAND_OVER_LIMITS, ...options.limits };
    const { space, node, refused, report, observe = () => undefined } = options;
    this.#options = options;
    this.#limits = limits;
    const published = (): void => void (this.#published += 1);
    this.#outbox = new PageOutbox({ ...options, ledger: space.ledger, limits, published });
    const learn = (author: string, seen: Parameters<PageOutbox['learn']>[1]): void =>
      this.#outbox.learn(author, seen);
    this.#intake = new PageIntake({
      node,
      space,
      refused,
      report,
      observe,
      learn,
      tries: limits.tries,
    });
    this.#stopListening = space.grown(() => this.#soon());
    this.#running = this.#run();
    this.#nextCheck();
  }

  get status(): HandOverStatus {
    return { state: this.#state, published: this.#published, ...this.#intake.counts };
  }

  /** The connection is back: what was there may be gone. */
  wake(): void {
    if (this.#isClosed) return;
    this.#endPause();
    void this.#check();
  }

  /** Publishes what is still to be, as far as that goes quickly, and ends. The connection stays. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#isClosed = true;
    this.#stopListening();
    this.#cancelTurn?.();
    this.#cancelCheck();
    this.#stream?.stop();
    // Now, while links still say what members have.
    this.#outbox.save();
    await this.#inTime(this.#opened.promise.then(() => this.#publish()));
    this.#outbox.save();
    this.#endPause();
    await this.#inTime(this.#running);
  }

  /** A server that went takes nothing more, and keeps nobody waiting. */
  async #inTime(work: Promise<void>): Promise<void> {
    const error = (): Error => new Error('it takes too long');
    const { timers } = this.#options;
    await within(work, { timers, ms: this.#limits.closeMs, error }).catch(() => undefined);
  }

  /** Opens the stream and takes what comes; whatever goes wrong, it is tried again. */
  async #run(): Promise<void> {
    const { connection, node, space } = this.#options;
    while (!this.#isClosed) {
      try {
        const place = { space: space.ledger.space, node, bounds: this.#limits };
        const stream = await openPageStream(connection, place);
        this.#stream = stream;
        this.#state = 'on';
        this.#outbox.doubt();
        if (this.#isClosed) stream.stop();
        this.#opened.resolve();
        this.#soon();
        for await (const message of stream.messages(AT_ONCE, WAIT_MS)) {
          // Whoever comes next need not wait until the server misses an answer.
          if (this.#isClosed) message.nak();
          else await this.#intake.take(message);
        }
      } catch (thrown) {
        this.#state = whyNot(thrown);
      }
      // Whoever waits for it goes without.
      this.#opened.resolve();
      this.#intake.clear();
      if (this.#isClosed) return;
      this.#stream = undefined;
      await this.#pause();
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.timers.after(this.#limits.retryMs, resolve);
      this.#endPause = () => {
        cancel();
        resolve();
      };
    });
  }

  /** Once for what is written in a while; those who are linked get it by their link, and first. */
  #soon(): void {
    if (this.#cancelTurn !== undefined || this.#isClosed) return;
    const { lagMs, soonMs } = this.#limits;
    const { isLive } = this.#outbox;
    this.#cancelTurn = this.#options.timers.after(isLive ? lagMs : soonMs, () => {
      this.#cancelTurn = undefined;
      // Who was linked meanwhile gets it by that link.
      if (!isLive && this.#outbox.isLive) this.#soon();
      else void this.#publish();
    });
  }

  /** One turn after the other; a stream that fails is opened anew. */
  #publish(): Promise<void> {
    const turn = async (): Promise<void> => {
      const stream = this.#stream;
      if (stream === undefined) return;
      try {
        await this.#outbox.turn(stream);
      } catch (thrown) {
        this.#state = whyNot(thrown);
        this.#outbox.doubt();
        stream.stop();
      }
    };
    this.#turn = this.#turn.then(turn);
    return this.#turn;
  }

  #nextCheck(): void {
    this.#cancelCheck = this.#options.timers.after(this.#limits.checkMs, () => {
      void this.#check().finally(() => this.#isClosed || this.#nextCheck());
    });
  }

  async #check(): Promise<void> {
    const stream = this.#stream;
    try {
      this.#outbox.save();
      await stream?.check();
    } catch (thrown) {
      this.#state = whyNot(thrown);
      stream?.stop();
      return;
    }
    this.#outbox.doubt();
    await this.#publish();
  }
}

/** What the client says, as an answer to "why is it not on". */
function whyNot(thrown: unknown): string {
  const { name, message } = thrown as Error;
  if (name === 'JetStreamNotEnabled') return 'the server has no JetStream';
  if (name === 'TimeoutError') return 'the server does not answer for JetStream';
  if (name === 'NoRespondersError') return 'nobody answers for JetStream';
  return toSkeinError(thrown).name === 'internal' ? message : toSkeinError(thrown).message;
}
