/**
 * The bus inside of one process: subjects in a table, a bounded queue for each subscription, and
 * nothing else. What is idle is a few hundred bytes and no timer.
 */
import type { SkeinError } from '#protocol/errors.ts';
import { Audience } from './audience.ts';
import {
  allFull,
  assertCount,
  assertSubscription,
  closed,
  MAX_REQUEST_MS,
  tooLate,
} from './bus-refusals.ts';
import type { BusTimers } from './bus-timers.ts';
import type { Bus, BusHandler, BusMessage, BusSubscription, SubscribeOptions } from './bus.ts';
import { DeliveryQueue, noResponder, type QueueHost } from './delivery-queue.ts';
import { TurnLoop } from './turn-loop.ts';
import {
  fromAnswer,
  toErrorAnswer,
  toWire,
  type WireAnswer,
  type WireMessage,
} from './wire-message.ts';

/** What a bus in memory needs from outside. */
export interface MemoryBusOptions extends BusTimers {
  /** Told what handlers threw; `cause` is what it was. */
  readonly report: (error: SkeinError) => void;
}

/** A connection to a carrier in memory. */
export interface MemoryBus extends Bus {
  /** Another connection to the same carrier; closing one leaves the others open. */
  readonly connect: () => MemoryBus;
}

/** A new carrier, and the first connection to it. */
export const makeMemoryBus = (options: MemoryBusOptions): MemoryBus =>
  new MemoryConnection({
    audiences: new Map(),
    turns: new TurnLoop(options.soon),
    after: options.after,
    report: (error) => {
      try {
        options.report(error);
      } catch {
        // Who is told of failures has failed: there is nobody left to tell, and others wait.
      }
    },
  });

const NO_OPTIONS: SubscribeOptions = {};

interface Carrier {
  readonly audiences: Map<string, Audience>;
  readonly turns: TurnLoop;
  readonly after: MemoryBusOptions['after'];
  readonly report: MemoryBusOptions['report'];
}

class MemoryConnection implements MemoryBus {
  readonly #carrier: Carrier;
  readonly #host: QueueHost;
  readonly #queues = new Set<DeliveryQueue>();
  // No more than lie in queues or are being handled, so these are bounded as well.
  readonly #requests = new Set<(answer: WireAnswer) => void>();
  #closed = false;

  constructor(carrier: Carrier) {
    this.#carrier = carrier;
    const { turns, report } = carrier;
    this.#host = { turns, report, leave: (queue) => this.#leave(queue) };
  }

  connect(): MemoryBus {
    this.#assertOpen('connect');
    return new MemoryConnection(this.#carrier);
  }

  async publish(message: BusMessage): Promise<void> {
    this.#assertOpen('publish');
    const wire = toWire(message);
    this.#carrier.audiences.get(message.subject)?.offerAll({ wire });
    // Who waits for this can't outrun subscribers that are not stuck.
    await this.#carrier.turns.next();
  }

  subscribe(
    subject: string,
    handle: BusHandler,
    options: SubscribeOptions = NO_OPTIONS,
  ): BusSubscription {
    this.#assertOpen('subscribe');
    assertSubscription(subject, options);
    const queue = new DeliveryQueue(this.#host, subject, handle, options);
    const { audiences } = this.#carrier;
    const audience = audiences.get(subject) ?? new Audience();
    audiences.set(subject, audience);
    audience.join(queue);
    this.#queues.add(queue);
    return queue;
  }

  async request(message: BusMessage, timeoutMs: number): Promise<unknown> {
    this.#assertOpen('request');
    assertCount(timeoutMs, 'timeoutMs', MAX_REQUEST_MS);
    return fromAnswer(await this.#ask(toWire(message), timeoutMs));
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const end of this.#requests) end(toErrorAnswer(closed('wait for an answer')));
    for (const queue of this.#queues) queue.close();
  }

  #ask(wire: WireMessage, timeoutMs: number): Promise<WireAnswer> {
    const audience = this.#carrier.audiences.get(wire.envelope.subject);
    if (audience === undefined) throw noResponder(wire);
    const { promise, resolve } = Promise.withResolvers<WireAnswer>();
    const end = (answer: WireAnswer): void => {
      // The first answer counts: a later one finds nobody waiting.
      if (!this.#requests.delete(end)) return;
      cancel();
      resolve(answer);
    };
    const cancel = this.#carrier.after(timeoutMs, () =>
      end(toErrorAnswer(tooLate(wire, timeoutMs))),
    );
    this.#requests.add(end);
    const asker = { waits: () => this.#requests.has(end), answer: end };
    if (!audience.offerOne({ wire, asker })) end(toErrorAnswer(allFull(wire)));
    return promise;
  }

  #leave(queue: DeliveryQueue): void {
    this.#queues.delete(queue);
    const audience = this.#carrier.audiences.get(queue.subject);
    audience?.leave(queue);
    if (audience?.empty === true) this.#carrier.audiences.delete(queue.subject);
  }

  #assertOpen(attempt: string): void {
    if (this.#closed) throw closed(attempt);
  }
}
