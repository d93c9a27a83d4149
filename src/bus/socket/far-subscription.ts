/**
 * A subscription whose queue is at the other end of a connection. It gets one message at a time, and
 * says when it has done with it. How many wait there it knows from what it was told last; asking for
 * it has it told anew.
 */
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import type { BusHandler, BusSubscription, SubscribeOptions } from '../bus.ts';
import { DeliveryQueue, isThenable, type QueueHost } from '../delivery-queue.ts';
import { receiveWire, type WireAnswer } from '../wire-message.ts';

type Header = Readonly<Record<string, unknown>>;

/** What a subscription needs of its connection. */
export interface FarHost extends Pick<QueueHost, 'turns' | 'report'> {
  readonly send: (header: object, json?: string) => void;
}

/** Who listens, and how. */
export interface Listening {
  readonly subject: string;
  readonly handle: BusHandler;
  readonly options: SubscribeOptions;
  readonly leave: () => void;
}

/** The near end of a subscription. */
export class FarSubscription implements BusSubscription {
  readonly #host: FarHost;
  readonly #listening: Listening;
  readonly #queue: DeliveryQueue;
  /** Of what waits here: no more than the other end sends ahead. */
  readonly #sizes: number[] = [];
  #waiting = 0;
  #dropped = 0;
  #asking = false;
  #closed = false;

  constructor(host: FarHost, listening: Listening) {
    this.#host = host;
    this.#listening = listening;
    const queueHost = { turns: host.turns, report: host.report, leave: listening.leave };
    this.#queue = new DeliveryQueue(queueHost, listening.subject, this.#handleAndTell, {});
  }

  waiting(): number {
    if (this.#closed) return 0;
    if (!this.#asking) this.#host.send({ type: 'count' });
    this.#asking = true;
    return this.#waiting + this.#queue.waiting();
  }

  dropped(): number {
    return this.#dropped;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#host.send({ type: 'leave' });
    this.#queue.close();
  }

  /** A message from the other end; throws what shows that it does not keep to the rules. */
  take(header: Header, json: string): void {
    const wire = receiveWire(header, json);
    this.#waiting = Number(header['waiting']);
    const answer = ({ type, json: answered }: WireAnswer): void =>
      this.#host.send({ type: 'answer', as: type }, answered);
    this.#sizes.push(json.length);
    if (header['asked'] === true) this.#queue.offer({ wire, asker: { waits: () => true, answer } });
    else this.#queue.offer({ wire });
  }

  /** What the other end says of its queue. */
  count(header: Header): void {
    this.#asking = false;
    this.#waiting = Number(header['waiting']);
    const dropped = Number(header['dropped']);
    if (dropped <= this.#dropped || this.#closed) return;
    this.#dropped = dropped;
    try {
      this.#listening.options.overflow?.(dropped);
    } catch (thrown) {
      this.#host.report(overflowFailed(this.#listening.subject, thrown));
    }
  }

  /** Who is not asked says so when it is done, however that ends; an answer says it otherwise. */
  readonly #handleAndTell: BusHandler = (message, asked) => {
    const bytes = this.#sizes.shift();
    const done = (): void => {
      if (asked !== true) this.#host.send({ type: 'done', bytes });
    };
    let result: unknown;
    try {
      result = this.#listening.handle(message, asked);
    } catch (thrown) {
      done();
      throw thrown;
    }
    if (!isThenable(result)) {
      done();
      return result;
    }
    return Promise.resolve(result).finally(done);
  };
}

function overflowFailed(subject: string, thrown: unknown): SkeinError {
  const { name, message } = toSkeinError(thrown);
  return new SkeinError(name, `Cannot tell an overflow of ${subject}: ${message}`, {
    cause: thrown,
  });
}
