/**
 * The bus of another process, over one connection to it (`serve-bus.ts` is the other end). Queues are
 * kept there, where the messages are dealt out; here one message at a time is handled. When the
 * connection ends, so does this bus: who wants another opens one.
 */
import { SkeinError, fromErrorBody } from '#protocol/errors.ts';
import {
  assertCount,
  assertSubscription,
  closed,
  MAX_REQUEST_MS,
  tooLate,
} from '../bus-refusals.ts';
import type { BusTimers } from '../bus-timers.ts';
import type { Bus, BusHandler, BusMessage, BusSubscription, SubscribeOptions } from '../bus.ts';
import type { QueueHost } from '../delivery-queue.ts';
import { TurnLoop } from '../turn-loop.ts';
import { answerOf, decodeFrame, encodeFrame, type Frame } from '../wire-frame.ts';
import { fromAnswer, toErrorAnswer, toWire, type WireAnswer } from '../wire-message.ts';
import type { FrameLink } from './frame-link.ts';
import { FarSubscription } from './far-subscription.ts';

/** How many messages may be under way to who has not said that it has them. */
const MAX_UNDER_WAY = 100_000;
/** How long the other side may take to hear that we go. */
const GOODBYE_MS = 2_000;

/** What a bus over a connection needs from outside. */
export interface SocketBusOptions extends BusTimers {
  readonly link: FrameLink;
  /** Told what handlers threw, and what the other side refused. */
  readonly report: (error: SkeinError) => void;
}

/** A bus that lives as long as its connection. */
export interface SocketBus extends Bus {
  /** Resolves when it is closed, by us or because the connection has ended. */
  readonly ended: Promise<void>;
}

/** The bus at the other end of `link`, which must be served there. */
export const makeSocketBus = (options: SocketBusOptions): SocketBus =>
  new SocketConnection(options);

const NO_OPTIONS: SubscribeOptions = {};

class SocketConnection implements SocketBus {
  readonly ended: Promise<void>;
  readonly #options: SocketBusOptions;
  readonly #queueHost: Pick<QueueHost, 'turns' | 'report'>;
  readonly #subscriptions = new Map<number, FarSubscription>();
  /** What waits for a word about what it has sent, by number. */
  readonly #waiting = new Map<number, (answer: WireAnswer) => void>();
  readonly #end: () => void;
  #next = 1;
  #closed = false;

  constructor(options: SocketBusOptions) {
    this.#options = options;
    const report = (error: SkeinError): void => {
      try {
        options.report(error);
      } catch {
        // Who is told of failures has failed: there is nobody left to tell, and others wait.
      }
    };
    this.#queueHost = { turns: new TurnLoop(options.soon), report };
    const { promise, resolve } = Promise.withResolvers<void>();
    [this.ended, this.#end] = [promise, resolve];
    options.link.listen({
      frame: (bytes) => this.#take(bytes),
      end: (error) => this.#lose(error),
    });
  }

  async publish(message: BusMessage): Promise<void> {
    this.#assertOpen('publish');
    const { envelope, json } = toWire(message);
    if (this.#waiting.size >= MAX_UNDER_WAY)
      throw new SkeinError('inbox-full', 'Cannot send: too much is under way on the connection');
    const { promise, resolve } = Promise.withResolvers<WireAnswer>();
    const number = this.#expect(resolve);
    this.#send({ type: 'publish', number, ...envelope }, json);
    fromAnswer(await promise);
  }

  subscribe(
    subject: string,
    handle: BusHandler,
    options: SubscribeOptions = NO_OPTIONS,
  ): BusSubscription {
    this.#assertOpen('subscribe');
    assertSubscription(subject, options);
    const number = this.#next++;
    const { group, maxWaiting } = options;
    this.#send({ type: 'subscribe', number, subject, group, maxWaiting });
    const subscription = new FarSubscription(
      { ...this.#queueHost, send: (header, json) => this.#send({ ...header, number }, json) },
      { subject, handle, options, leave: () => this.#subscriptions.delete(number) },
    );
    this.#subscriptions.set(number, subscription);
    return subscription;
  }

  async request(message: BusMessage, timeoutMs: number): Promise<unknown> {
    this.#assertOpen('request');
    assertCount(timeoutMs, 'timeoutMs', MAX_REQUEST_MS);
    const wire = toWire(message);
    const { promise, resolve } = Promise.withResolvers<WireAnswer>();
    const number = this.#expect((answer) => {
      cancel();
      resolve(answer);
    });
    const cancel = this.#options.after(timeoutMs, () =>
      this.#answer(number, toErrorAnswer(tooLate(wire, timeoutMs))),
    );
    this.#send({ type: 'request', number, timeoutMs, ...wire.envelope }, wire.json);
    return fromAnswer(await promise);
  }

  async close(): Promise<void> {
    if (!this.#closed) {
      this.#stop(closed('wait for an answer'));
      this.#send({ type: 'bye' });
      const cancel = this.#options.after(GOODBYE_MS, () => {
        this.#options.link.close();
        this.#end();
      });
      void this.ended.then(cancel);
    }
    await this.ended;
  }

  #expect(end: (answer: WireAnswer) => void): number {
    const number = this.#next++;
    this.#waiting.set(number, end);
    return number;
  }

  #answer(number: unknown, answer: WireAnswer): void {
    const end = this.#waiting.get(number as number);
    // The first answer counts: a later one finds nobody waiting.
    if (this.#waiting.delete(number as number)) end?.(answer);
  }

  #take(bytes: Uint8Array): void {
    try {
      this.#understand(decodeFrame(bytes));
    } catch (thrown) {
      this.#lose(thrown as Error);
      this.#options.link.close();
    }
  }

  #understand(frame: Frame): void {
    const { header, json } = frame;
    const number = header['number'] as number;
    if (header['kind'] === 'answer') return this.#answer(number, answerOf(frame));
    const subscription = this.#subscriptions.get(number);
    if (header['kind'] === 'message') subscription?.take(header, json);
    if (header['kind'] === 'counts') subscription?.count(header);
    if (header['kind'] === 'refused' && subscription !== undefined) {
      subscription.close();
      this.#queueHost.report(fromErrorBody(JSON.parse(json)));
    }
  }

  /** The connection is gone, whoever ended it. */
  #lose(error: Error | undefined): void {
    if (!this.#closed) {
      const cause = error === undefined ? {} : { cause: error };
      const lost = 'Cannot say whether it was sent: the connection to the bus has ended';
      this.#stop(new SkeinError('bus-disconnected', lost, cause));
    }
    this.#end();
  }

  #stop(reason: SkeinError): void {
    this.#closed = true;
    for (const number of this.#waiting.keys()) this.#answer(number, toErrorAnswer(reason));
    for (const subscription of this.#subscriptions.values()) subscription.close();
  }

  #send(header: object, json?: string): void {
    this.#options.link.send(encodeFrame(header, json));
  }

  #assertOpen(attempt: string): void {
    if (this.#closed) throw closed(attempt);
  }
}
