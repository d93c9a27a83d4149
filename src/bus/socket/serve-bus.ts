/**
 * Lets another process take part in a bus, over one connection. What it may listen to, where it may
 * send and in whose name is decided here, never there; what it sends is checked as a stranger's.
 */
import { SkeinError, toErrorBody, toSkeinError } from '#protocol/errors.ts';
import type { Bus, BusMessage, BusSubscription } from '../bus.ts';
import { answerOf, decodeFrame, encodeFrame, type Frame } from '../wire-frame.ts';
import {
  fromAnswer,
  fromWire,
  receiveWire,
  toAnswer,
  toErrorAnswer,
  type WireAnswer,
} from '../wire-message.ts';
import { MAX_BUFFERED_BYTES, type FrameLink } from './frame-link.ts';

/** How many subscriptions a peer may have, and how many answers it may wait for. */
const MAX_SUBSCRIPTIONS = 10_000;
const MAX_OPEN = 100_000;

/** What a peer may do. */
export interface ServeOptions {
  /** Where it takes part; not closed when it goes. */
  readonly bus: Bus;
  /** Whether the peer may listen to a subject, or send to it. */
  readonly allow: (subject: string, action: 'publish' | 'subscribe') => boolean;
  /** The name in which it speaks, given the one that it claims; undefined refuses it. */
  readonly speaker: (claimed: string) => string | undefined;
  /** Calls back in a later turn of the event loop (`setImmediate`). */
  readonly soon: (callback: () => void) => void;
}

/** A peer that takes part. */
export interface ServedPeer {
  /** Resolves when it has gone; with an error when it was cut off, or the connection broke. */
  readonly ended: Promise<Error | undefined>;
  readonly close: () => void;
}

/** Serves the peer at the other end of `link` until it goes. */
export const serveBus = (link: FrameLink, options: ServeOptions): ServedPeer =>
  new Peer(link, options);

/** What is under way to a listener that listens alone and keeps up; a group deals out one by one. */
const MAX_AHEAD = 32;
const MAX_AHEAD_BYTES = 64 * 1024;

/** A subscription of the peer, and what it has of it. */
interface Served {
  readonly subscription: BusSubscription;
  readonly mostAhead: number;
  /** Messages it has and is not done with, and their bytes. It starts with one, and proves itself. */
  ahead: number;
  aheadBytes: number;
  mayAhead: number;
  /** Ends the wait for it to be done with some. */
  go: (() => void) | undefined;
  /** Takes the answer that it owes. */
  answer: ((answer: WireAnswer) => void) | undefined;
}

class Peer implements ServedPeer {
  readonly ended: Promise<Error | undefined>;
  readonly #link: FrameLink;
  readonly #options: ServeOptions;
  readonly #served = new Map<number, Served>();
  readonly #end: (error: Error | undefined) => void;
  #open = 0;
  #over = false;

  constructor(link: FrameLink, options: ServeOptions) {
    this.#link = link;
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<Error | undefined>();
    [this.ended, this.#end] = [promise, resolve];
    link.listen({ frame: (bytes) => this.#take(bytes), end: (error) => this.#stop(error) });
  }

  close(): void {
    this.#stop(undefined);
  }

  #stop(error: Error | undefined): void {
    if (this.#over) return;
    this.#over = true;
    for (const { subscription, go, answer } of this.#served.values()) {
      subscription.close();
      go?.();
      answer?.(toErrorAnswer(gone()));
    }
    this.#served.clear();
    this.#link.close();
    this.#end(error);
  }

  #take(bytes: Uint8Array): void {
    if (this.#over) return;
    try {
      this.#understand(decodeFrame(bytes));
    } catch (thrown) {
      // Who does not keep to the rules is not one of ours.
      this.#stop(thrown as Error);
    }
  }

  #understand(frame: Frame): void {
    const { type, number } = frame.header;
    if (type === 'bye') return this.#stop(undefined);
    if (typeof number !== 'number')
      throw new SkeinError('message-invalid', 'Cannot read a frame: it has no number');
    if (type === 'publish' || type === 'request') void this.#send(frame, number, type);
    else if (type === 'subscribe') this.#subscribe(frame, number);
    else this.#hear(frame, number);
  }

  /** What it says of a subscription; of one that has gone, nothing is left to hear. */
  #hear(frame: Frame, number: number): void {
    const { type } = frame.header;
    const served = this.#served.get(number);
    if (type === 'count') return this.#count(number);
    if (!['leave', 'done', 'answer'].includes(String(type)))
      throw new SkeinError('message-invalid', 'Cannot read a frame: it is of no known type');
    if (served === undefined) return;
    if (type === 'leave') this.#leave(number, served);
    else if (type === 'done') this.#done(frame, served);
    else this.#answer(frame, served);
  }

  async #send(frame: Frame, number: number, type: 'publish' | 'request'): Promise<void> {
    this.#open += 1;
    let answer: WireAnswer;
    try {
      if (this.#open > MAX_OPEN)
        throw new SkeinError('inbox-full', 'Cannot send: too much is open');
      const message = this.#admit(frame);
      const { bus } = this.#options;
      const timeoutMs = frame.header['timeoutMs'] as number;
      answer = toAnswer(
        type === 'publish' ? await bus.publish(message) : await bus.request(message, timeoutMs),
      );
    } catch (thrown) {
      // Who was full hears of it before who asked: it is told in a turn of its own.
      await this.#turns(2);
      answer = toErrorAnswer(thrown);
    }
    this.#open -= 1;
    this.#write({ kind: 'answer', number, type: answer.type }, answer.json);
  }

  /** The message as the bus may have it. Throws `subject-forbidden` or what is wrong with it. */
  #admit({ header, json }: Frame): BusMessage {
    const wire = receiveWire(header, json);
    const { subject, from } = wire.envelope;
    if (!this.#options.allow(subject, 'publish')) throw forbidden('send to', subject);
    const speaker = this.#options.speaker(from);
    if (speaker === undefined)
      throw new SkeinError('subject-forbidden', `Cannot speak as ${from}: it is somebody else`);
    try {
      return { ...fromWire(wire), from: speaker };
    } catch (cause) {
      throw new SkeinError('message-invalid', 'Cannot read the message: its body is not JSON', {
        cause,
      });
    }
  }

  #subscribe({ header }: Frame, number: number): void {
    const { subject, group, maxWaiting } = header;
    try {
      if (this.#served.has(number) || this.#served.size >= MAX_SUBSCRIPTIONS)
        throw new SkeinError('inbox-full', 'Cannot subscribe: there are too many subscriptions');
      if (typeof subject !== 'string' || !this.#options.allow(subject, 'subscribe'))
        throw forbidden('listen to', String(subject));
      const options = {
        overflow: () => this.#count(number),
        ...(group === undefined ? {} : { group: group as string }),
        ...(maxWaiting === undefined ? {} : { maxWaiting: maxWaiting as number }),
      };
      const handle = (message: BusMessage, asked?: boolean): unknown =>
        this.#hand(number, message, asked === true);
      const subscription = this.#options.bus.subscribe(subject, handle, options);
      const mostAhead = group === undefined ? MAX_AHEAD : 1;
      const none = { ahead: 0, aheadBytes: 0, mayAhead: 1, go: undefined, answer: undefined };
      this.#served.set(number, { subscription, mostAhead, ...none });
    } catch (thrown) {
      const body = toErrorBody(toSkeinError(thrown));
      this.#write({ kind: 'refused', number }, JSON.stringify(body));
    }
  }

  /** Hands the peer a message; waits for the answer, or until it may have the next. */
  #hand(number: number, message: BusMessage, asked: boolean): Promise<unknown> | undefined {
    const served = this.#served.get(number);
    if (served === undefined) throw gone();
    const { body, ...envelope } = message;
    const json = JSON.stringify(body);
    const waiting = served.subscription.waiting();
    this.#write({ kind: 'message', number, waiting, asked, ...envelope }, json);
    if (asked) {
      const { promise, resolve } = Promise.withResolvers<WireAnswer>();
      served.answer = resolve;
      return promise.then(fromAnswer);
    }
    served.ahead += 1;
    served.aheadBytes += json.length;
    // What goes wrong with a message is reported where its handler is.
    if (!isFarAhead(served)) return undefined;
    return new Promise<void>((resolve) => (served.go = resolve));
  }

  #done({ header }: Frame, served: Served): void {
    served.ahead = Math.max(0, served.ahead - 1);
    served.aheadBytes -= Number(header['bytes']);
    if (served.ahead === 0) served.aheadBytes = 0;
    served.mayAhead = Math.min(served.mayAhead * 2, served.mostAhead);
    if (!isFarAhead(served)) served.go?.();
  }

  #answer({ header, json }: Frame, served: Served): void {
    const { answer } = served;
    served.answer = undefined;
    answer?.(answerOf({ header: { type: header['as'] }, json }));
  }

  /** What it is asked goes on, and its answer is still sent. */
  #leave(number: number, served: Served): void {
    served.subscription.close();
    served.go?.();
    if (served.answer === undefined) this.#served.delete(number);
  }

  #count(number: number): void {
    const served = this.#served.get(number);
    if (served === undefined) return;
    const { subscription } = served;
    const [waiting, dropped] = [subscription.waiting(), subscription.dropped()];
    this.#write({ kind: 'counts', number, waiting, dropped });
  }

  async #turns(count: number): Promise<void> {
    for (let left = count; left > 0; left -= 1)
      await new Promise<void>((resolve) => this.#options.soon(resolve));
  }

  #write(header: object, json?: string): void {
    if (this.#over) return;
    this.#link.send(encodeFrame(header, json));
    if (this.#link.bufferedBytes() > MAX_BUFFERED_BYTES)
      this.#stop(new SkeinError('subscriber-too-slow', 'Cannot serve the peer: it does not read'));
  }
}

const isFarAhead = ({ ahead, aheadBytes, mayAhead }: Served): boolean =>
  ahead >= mayAhead || (ahead > 0 && aheadBytes > MAX_AHEAD_BYTES);

const gone = (): SkeinError => new SkeinError('no-responder', 'Cannot ask: who was asked has left');

const forbidden = (what: string, subject: string): SkeinError =>
  new SkeinError('subject-forbidden', `Cannot ${what} ${subject}: this peer may not`);
