/** Calls of ours that wait for an answer: at most so many, the others wait for their turn. */
import { SkeinError } from '#protocol/errors.ts';
import type { LinkMessage } from './link.ts';
import type { Timers } from './wire.ts';

/** How many calls may wait for their turn. */
const MAX_QUEUED = 1_000;

interface Call {
  readonly answer: PromiseWithResolvers<LinkMessage>;
  readonly stop: () => void;
}

/** A call to be sent once it is its turn. */
export interface NewCall {
  readonly method: string;
  readonly timeoutMs: number;
  /** Sends it under its number; what it throws is the call's error. */
  readonly send: (id: number) => void;
}

/** The open calls of one link. */
export class CallTable {
  readonly #limit: number;
  readonly #timers: Timers;
  readonly #open = new Map<number, Call>();
  readonly #queue: (() => void)[] = [];
  #gone: SkeinError | undefined;
  #next = 0;

  constructor(limit: number, timers: Timers) {
    this.#limit = limit;
    this.#timers = timers;
  }

  /** Waits for a turn, sends, and waits for the answer. */
  async make(call: NewCall): Promise<LinkMessage> {
    if (this.#gone === undefined && this.#open.size >= this.#limit) await this.#turn(call.method);
    if (this.#gone !== undefined) throw this.#gone;
    const id = (this.#next = (this.#next + 1) >>> 0);
    const answer = Promise.withResolvers<LinkMessage>();
    const late = (): void =>
      this.settle(id, ({ reject }) => reject(timeout(call.method, call.timeoutMs)));
    const stop = this.#timers.after(call.timeoutMs, late);
    this.#open.set(id, { answer, stop });
    try {
      call.send(id);
    } catch (thrown) {
      this.settle(id, ({ reject }) => reject(thrown));
    }
    return answer.promise;
  }

  /** Ends a call, once: an answer that comes late or twice finds nothing. */
  settle(id: number, how: (answer: PromiseWithResolvers<LinkMessage>) => void): void {
    const call = this.#open.get(id);
    if (call === undefined) return;
    this.#open.delete(id);
    call.stop();
    how(call.answer);
    this.#queue.shift()?.();
  }

  /** Ends all of them, and all that follow. */
  fail(error: SkeinError): void {
    this.#gone = error;
    for (const id of this.#open.keys()) this.settle(id, ({ reject }) => reject(error));
    for (const go of this.#queue.splice(0)) go();
  }

  #turn(method: string): Promise<void> {
    if (this.#queue.length >= MAX_QUEUED)
      throw new SkeinError('inbox-full', `Cannot call ${method}: ${MAX_QUEUED} calls wait already`);
    return new Promise((resolve) => this.#queue.push(resolve));
  }
}

const timeout = (method: string, ms: number): SkeinError =>
  new SkeinError('request-timeout', `Cannot call ${method}: the peer did not answer in ${ms} ms`);
