/**
 * The bus over NATS. The server carries subjects and picks a member of a group; what it does not know
 * is kept here: bounded queues with one message at a time, and who has room (`nats-desk.ts`).
 */
import { SkeinError } from '#protocol/errors.ts';
import {
  assertCount,
  assertSubscription,
  closed,
  MAX_REQUEST_MS,
  tooLate,
} from '../bus-refusals.ts';
import type { BusTimers } from '../bus-timers.ts';
import type { Bus, BusHandler, BusMessage, BusSubscription, SubscribeOptions } from '../bus.ts';
import { DeliveryQueue, noResponder, type Asker, type QueueHost } from '../delivery-queue.ts';
import { TurnLoop } from '../turn-loop.ts';
import { answerOf, decodeFrame, encodeFrame } from '../wire-frame.ts';
import {
  fromAnswer,
  receiveWire,
  toErrorAnswer,
  toWire,
  type WireAnswer,
  type WireMessage,
} from '../wire-message.ts';
import { askSubject, NatsDesk, readySubject, type Arrival, type DeskHost } from './nats-desk.ts';
import { NatsLink, type NatsMessage } from './nats-link.ts';
import { connectNats, toBusError, type NatsOptions } from './nats-options.ts';

/** How long somebody with room may take to say that a message is taken. */
const PASS_MS = 2_000;
/** How many messages may be on their way to somebody with room; more are dropped. */
const MAX_PASSING = 1_000;
/** How often somebody with room may turn out to have none any more. */
const MAX_TRIES = 3;
/** How long a server may take to hear that we go. */
const GOODBYE_MS = 2_000;

/** What a bus over NATS needs from outside. */
export interface NatsBusOptions extends NatsOptions, BusTimers {
  /** Told what handlers threw, and what the server refuses; `cause` is what it was. */
  readonly report: (error: SkeinError) => void;
}

/** A connection to a NATS server or cluster. */
export interface NatsBus extends Bus {
  /** Another connection to the same servers; closing one leaves the others open. */
  readonly connect: () => Promise<NatsBus>;
  /** False while no server is reached: what is sent waits, bounded. */
  readonly connected: () => boolean;
}

/** A first connection. Throws `bus-disconnected`, `unauthorized`, `key-invalid` or `usage`. */
export async function openNatsBus(options: NatsBusOptions): Promise<NatsBus> {
  const client = await connectNats(options);
  return new NatsConnectionBus(options, (host) => new NatsLink(client, host));
}

const NO_OPTIONS: SubscribeOptions = {};

class NatsConnectionBus implements NatsBus {
  readonly #options: NatsBusOptions;
  readonly #link: NatsLink;
  readonly #queueHost: QueueHost;
  readonly #deskHost: DeskHost;
  readonly #desks = new Map<string, NatsDesk>();
  readonly #queues = new Set<DeliveryQueue>();
  readonly #requests = new Set<(answer: WireAnswer) => void>();
  #passing = 0;
  #closed: Promise<void> | undefined;

  constructor(
    options: NatsBusOptions,
    open: (host: ConstructorParameters<typeof NatsLink>[1]) => NatsLink,
  ) {
    this.#options = options;
    const report = (error: SkeinError): void => {
      try {
        options.report(error);
      } catch {
        // Who is told of failures has failed: there is nobody left to tell, and others wait.
      }
    };
    this.#link = open({ report, ended: () => void this.close() });
    const turns = new TurnLoop(options.soon);
    this.#queueHost = { turns, report, leave: (queue) => this.#leave(queue) };
    this.#deskHost = {
      report,
      pass: (subject, wire) => this.#pass(subject, wire),
      listen: (subject, queue, take) =>
        this.#link.listen(subject, queue, (message) => {
          const arrival = this.#receive(message);
          if (arrival !== undefined) take(arrival);
        }),
    };
  }

  connected(): boolean {
    return this.#closed === undefined && !this.#link.away;
  }

  async connect(): Promise<NatsBus> {
    this.#assertOpen('connect');
    return openNatsBus(this.#options);
  }

  async publish(message: BusMessage): Promise<void> {
    this.#assertOpen('publish');
    const wire = toWire(message);
    await this.#link.publish(wire.envelope.subject, encodeFrame(wire.envelope, wire.json));
  }

  subscribe(
    subject: string,
    handle: BusHandler,
    options: SubscribeOptions = NO_OPTIONS,
  ): BusSubscription {
    this.#assertOpen('subscribe');
    assertSubscription(subject, options);
    const desk = this.#desks.get(subject) ?? new NatsDesk(this.#deskHost, subject);
    this.#desks.set(subject, desk);
    const handleAndRefresh: BusHandler = (message, asked) => {
      // One was taken from the queue: there may be room again.
      desk.refresh();
      return handle(message, asked);
    };
    const queue = new DeliveryQueue(this.#queueHost, subject, handleAndRefresh, options);
    this.#queues.add(queue);
    desk.join(queue);
    return queue;
  }

  async request(message: BusMessage, timeoutMs: number): Promise<unknown> {
    this.#assertOpen('request');
    assertCount(timeoutMs, 'timeoutMs', MAX_REQUEST_MS);
    const wire = toWire(message);
    const { promise, resolve } = Promise.withResolvers<WireAnswer>();
    const end = (answer: WireAnswer): void => {
      // The first answer counts: a later one finds nobody waiting.
      if (!this.#requests.delete(end)) return;
      cancel();
      resolve(answer);
    };
    const cancel = this.#options.after(timeoutMs, () =>
      end(toErrorAnswer(tooLate(wire, timeoutMs))),
    );
    this.#requests.add(end);
    const waits = (): boolean => this.#requests.has(end);
    this.#ask(wire, { timeoutMs, waits }).then(end, (thrown: unknown) =>
      end(toErrorAnswer(thrown)),
    );
    return fromAnswer(await promise);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    // What is refused from now on must be so before anybody hears of it.
    await undefined;
    for (const end of this.#requests) end(toErrorAnswer(closed('wait for an answer')));
    for (const queue of this.#queues) queue.close();
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.after(GOODBYE_MS, resolve);
    await Promise.race([this.#link.settled(), promise]);
    cancel();
    await this.#link.close();
  }

  /** First who has room; if that is nobody any more, whoever listens, to hear why not. */
  async #ask(
    wire: WireMessage,
    waiting: { timeoutMs: number; waits: () => boolean },
  ): Promise<WireAnswer> {
    const { subject } = wire.envelope;
    const frame = encodeFrame({ ...wire.envelope, waitMs: waiting.timeoutMs }, wire.json);
    for (let tries = 0; tries < MAX_TRIES && waiting.waits(); tries += 1) {
      const bytes = await this.#link.request(readySubject(subject), frame, waiting);
      if (bytes === undefined) break;
      const answer = decodeFrame(bytes);
      if (answer.header['type'] !== 'full') return answerOf(answer);
    }
    const bytes = await this.#link.request(askSubject(subject), frame, waiting);
    return bytes === undefined ? toErrorAnswer(noResponder(wire)) : answerOf(decodeFrame(bytes));
  }

  /** Hands on what has no room here; false when it has none anywhere. */
  async #pass(subject: string, wire: WireMessage): Promise<boolean> {
    if (this.#passing >= MAX_PASSING) return false;
    this.#passing += 1;
    try {
      const frame = encodeFrame(wire.envelope, wire.json);
      const waiting = { timeoutMs: PASS_MS, waits: () => true };
      for (let tries = 0; tries < MAX_TRIES; tries += 1) {
        const bytes = await this.#link.request(subject, frame, waiting);
        if (bytes === undefined) return false;
        if (decodeFrame(bytes).header['type'] !== 'full') return true;
      }
      return false;
    } catch {
      // Whether it was taken is not known: to keep it here as well could make two of it.
      return true;
    } finally {
      this.#passing -= 1;
    }
  }

  /** Whatever comes was written by a stranger, and is refused unless it is a message of this subject. */
  #receive({ data, subject, reply }: NatsMessage): Arrival | undefined {
    try {
      const { header, json } = decodeFrame(data);
      const wire = receiveWire(header, json);
      if (subject !== wire.envelope.subject && !subject.startsWith(`${wire.envelope.subject}.`))
        throw new SkeinError('message-invalid', 'Cannot take a message for another subject');
      const waitMs = Number(header['waitMs']);
      return {
        wire,
        tell: (type) => this.#answer(reply, encodeFrame({ type })),
        asker: this.#asker(reply, Number.isInteger(waitMs) ? waitMs : 0),
      };
    } catch (thrown) {
      this.#queueHost.report(toBusError(thrown, [subject]));
      return undefined;
    }
  }

  #asker(reply: string | undefined, waitMs: number): Asker {
    const endMs = performance.now() + waitMs;
    return {
      waits: () => performance.now() < endMs,
      answer: ({ type, json }) => this.#answer(reply, encodeFrame({ type }, json)),
    };
  }

  #answer(reply: string | undefined, frame: string): void {
    if (reply !== undefined && reply !== '') this.#link.respond(reply, frame);
  }

  #leave(queue: DeliveryQueue): void {
    this.#queues.delete(queue);
    const desk = this.#desks.get(queue.subject);
    desk?.leave(queue);
    if (desk?.empty === true) this.#desks.delete(queue.subject);
  }

  #assertOpen(attempt: string): void {
    if (this.#closed !== undefined) throw closed(attempt);
  }
}
