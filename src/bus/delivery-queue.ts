/**
 * The receiving end of a subscription, the same for every carrier: what waits (bounded), one
 * handler call at a time, and what becomes of a handler that throws or never ends.
 */
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import type { BusHandler, BusSubscription, SubscribeOptions } from './bus.ts';
import type { TurnLoop, TurnTaker } from './turn-loop.ts';
import {
  fromWire,
  toAnswer,
  toErrorAnswer,
  type WireAnswer,
  type WireMessage,
} from './wire-message.ts';

/** How many messages may wait when the subscriber does not say. */
export const DEFAULT_MAX_WAITING = 1_000;

/** The most that a subscriber may let wait. */
export const MAX_WAITING = 100_000;

/** How many bytes of bodies may wait, however many messages they are. */
export const MAX_WAITING_BYTES = 8 * 1024 * 1024;

/** A message for one subscription; of a request also who waits for the answer. */
export interface Delivery {
  readonly wire: WireMessage;
  readonly asker?: Asker;
}

/** Who waits for an answer. */
export interface Asker {
  /** False once it has its answer, or waits no longer. */
  readonly waits: () => boolean;
  readonly answer: (answer: WireAnswer) => void;
}

/** What all queues of one connection share. */
export interface QueueHost {
  readonly turns: TurnLoop;
  /** Told what a handler, or a subscriber's `overflow`, threw. Must not throw. */
  readonly report: (error: SkeinError) => void;
  /** Called when a subscription closes. */
  readonly leave: (queue: DeliveryQueue) => void;
}

/** One subscription. Two lists make the queue: `#next` is `#later` of some time ago, reversed. */
export class DeliveryQueue implements BusSubscription, TurnTaker {
  readonly subject: string;
  readonly #host: QueueHost;
  readonly #handle: BusHandler;
  readonly #options: SubscribeOptions;
  #later: Delivery[] = [];
  #next: Delivery[] = [];
  #waitingBytes = 0;
  #dropped = 0;
  #toldDropped = 0;
  #handling = false;
  #closed = false;

  constructor(host: QueueHost, subject: string, handle: BusHandler, options: SubscribeOptions) {
    this.#host = host;
    this.subject = subject;
    this.#handle = handle;
    this.#options = options;
  }

  get group(): string | undefined {
    return this.#options.group;
  }

  /** Nothing at work, nothing waiting. */
  get idle(): boolean {
    return !this.#handling && this.waiting() === 0;
  }

  waiting(): number {
    return this.#later.length + this.#next.length;
  }

  dropped(): number {
    return this.#dropped;
  }

  /** Whether `wire` would fit. */
  hasRoom({ sizeBytes }: Pick<WireMessage, 'sizeBytes'>): boolean {
    return (
      this.waiting() < (this.#options.maxWaiting ?? DEFAULT_MAX_WAITING) &&
      this.#waitingBytes + sizeBytes <= MAX_WAITING_BYTES
    );
  }

  /** Takes a message, or counts it as dropped; answers which. */
  offer(delivery: Delivery): boolean {
    const fits = this.hasRoom(delivery.wire);
    if (fits) {
      this.#later.push(delivery);
      this.#waitingBytes += delivery.wire.sizeBytes;
    } else this.#dropped += 1;
    // Who is at work is woken at the end of it, but hears at once of what it misses.
    if (!this.#handling || !fits) this.#host.turns.wake(this);
    return fits;
  }

  takeTurn(): boolean {
    this.#tellOverflow();
    return !this.#handling && this.#work(this.waiting());
  }

  /** Drops what waits. What is being handled goes on, and its answer is still sent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#host.leave(this);
    const left = [...this.#next, ...this.#later];
    [this.#next, this.#later, this.#waitingBytes] = [[], [], 0];
    for (const { asker, wire } of left) asker?.answer(toErrorAnswer(noResponder(wire)));
  }

  /**
   * Handles up to `most` messages, one after the other; answers whether it could go on at once.
   * `most` is what waited when the turn began: what the handlers cause waits for the next turn.
   */
  #work(most: number): boolean {
    for (let left = most; left > 0; left -= 1) {
      const delivery = this.#take();
      if (delivery === undefined) return false;
      const handled = this.#deliver(delivery);
      if (handled === undefined) continue;
      this.#handling = true;
      void handled.then(() => {
        this.#handling = false;
        if (this.#work(left - 1)) this.#host.turns.wake(this);
      });
      return false;
    }
    return this.waiting() > 0;
  }

  #take(): Delivery | undefined {
    if (this.#next.length === 0) {
      [this.#next, this.#later] = [this.#later.toReversed(), []];
    }
    const delivery = this.#next.pop();
    this.#waitingBytes -= delivery?.wire.sizeBytes ?? 0;
    return delivery;
  }

  /** A promise when the handler takes its time; it never rejects. */
  #deliver(delivery: Delivery): Promise<void> | undefined {
    const { asker, wire } = delivery;
    // Nobody waits for the answer any more: the asker may have asked somebody else.
    if (asker?.waits() === false) return undefined;
    try {
      const result = this.#handle(fromWire(wire), asker !== undefined);
      if (isThenable(result)) return this.#settle(delivery, result);
      asker?.answer(toAnswer(result));
    } catch (thrown) {
      this.#fail(delivery, thrown);
    }
    return undefined;
  }

  async #settle(delivery: Delivery, result: PromiseLike<unknown>): Promise<void> {
    try {
      const value = await result;
      delivery.asker?.answer(toAnswer(value));
    } catch (thrown) {
      this.#fail(delivery, thrown);
    }
  }

  /** A refusal is an answer, and the asker has it; all else somebody must look at. */
  #fail({ asker, wire }: Delivery, thrown: unknown): void {
    asker?.answer(toErrorAnswer(thrown));
    if (asker !== undefined && thrown instanceof SkeinError) return;
    this.#report(`Cannot handle message ${wire.envelope.id} of ${this.subject}`, thrown);
  }

  /** In a turn of its own, for all that was dropped until then: no sender waits for a subscriber. */
  #tellOverflow(): void {
    if (this.#toldDropped === this.#dropped || this.#closed) return;
    this.#toldDropped = this.#dropped;
    try {
      this.#options.overflow?.(this.#dropped);
    } catch (thrown) {
      this.#report(`Cannot tell an overflow of ${this.subject}`, thrown);
    }
  }

  #report(attempt: string, thrown: unknown): void {
    const { name, message } = toSkeinError(thrown);
    this.#host.report(new SkeinError(name, `${attempt}: ${message}`, { cause: thrown }));
  }
}

/** Nobody is subscribed, or who was has left. */
export const noResponder = ({ envelope }: WireMessage): SkeinError =>
  new SkeinError('no-responder', `Cannot ask ${envelope.subject}: nobody answers there`);

/** Whether `value` is a promise, of whatever make. */
export const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as Partial<PromiseLike<unknown>>).then === 'function';
