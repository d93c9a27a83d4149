/**
 * The link over any wire: calls and answers, limits on both, signs of life, and the peer's clock.
 * What a peer sends is slowed by its rate before anything of it is looked at.
 */
import { fromErrorBody, SkeinError, toErrorBody, toSkeinError } from '#protocol/errors.ts';
import { refusalOf, type RefusalCounter } from '../refusal.ts';
import { CallTable } from './call-table.ts';
import { ClockSamples } from './clock-samples.ts';
import { decodeFrame, encodeFrame, type Frame } from './frame.ts';
import { RateLimit } from './rate-limit.ts';
import { LINK_LIMITS } from './link.ts';
import type { CallOptions, Greeting, Link, LinkHandler, LinkLimits, LinkMessage } from './link.ts';
import type { Timers, Wire } from './wire.ts';

/** What a link is made of. */
export interface PeerLinkOptions {
  readonly peer: string;
  readonly greeting: Greeting;
  readonly wire: Wire;
  readonly timers: Timers;
  readonly limits?: Partial<LinkLimits>;
  readonly refused?: RefusalCounter;
}

/** A link over a wire whose other end has proven to be `peer`. */
export function makeLink(options: PeerLinkOptions): Link {
  const link = new PeerLink(options);
  return {
    peer: options.peer,
    greeting: options.greeting,
    call: (method, params, more) => link.call(method, params, more),
    tell: (method, params, body) => link.tell(method, params, body),
    serve: (handler) => link.serve(handler),
    clock: () => link.clock.best(),
    close: (reason) => link.close(reason),
    closed: link.closed,
  };
}

class PeerLink {
  readonly clock = new ClockSamples();
  readonly closed: Promise<string>;
  readonly #options: PeerLinkOptions;
  readonly #limits: LinkLimits;
  readonly #calls: CallTable;
  readonly #rates: { readonly frames: RateLimit; readonly bytes: RateLimit };
  readonly #unserved: Frame[] = [];
  #handler: LinkHandler | undefined;
  #served = 0;
  #isSlowed = false;
  #isClosed = false;
  #heardAt: number;
  #stopTimer: () => void = () => undefined;

  constructor(options: PeerLinkOptions) {
    const { wire, timers } = options;
    this.#options = options;
    this.#limits = { ...LINK_LIMITS, ...options.limits };
    this.#calls = new CallTable(this.#limits.calls, timers);
    const { framesPerSecond, bytesPerSecond } = this.#limits;
    const bucket = (rate: number): RateLimit =>
      new RateLimit({ rate, burst: rate, now: timers.monotonic });
    this.#rates = { frames: bucket(framesPerSecond), bytes: bucket(bytesPerSecond) };
    this.#heardAt = timers.monotonic();
    this.closed = wire.closed.then((reason) => this.#ended(reason));
    wire.receive((bytes) => this.#receive(bytes));
    this.#ping();
  }

  call(
    method: string,
    params: unknown,
    { body, timeoutMs }: CallOptions = {},
  ): Promise<LinkMessage> {
    const send = (id: number): void => this.#send('call', id, { json: { method, params }, body });
    return this.#calls.make({ method, timeoutMs: timeoutMs ?? this.#limits.callTimeoutMs, send });
  }

  tell(method: string, params: unknown, body?: Uint8Array): boolean {
    const { wire } = this.#options;
    if (this.#isClosed) return false;
    const frame = encodeFrame('tell', 0, { json: { method, params }, body }, this.#limits);
    const waiting = wire.buffered();
    if (waiting > 0 && waiting + frame.length > this.#limits.queuedBytes) return false;
    void wire.send(frame);
    return true;
  }

  serve(handler: LinkHandler): void {
    this.#handler = handler;
    for (const frame of this.#unserved.splice(0)) void this.#answer(frame, handler);
  }

  close(reason: string): void {
    if (this.#isClosed) return;
    this.#send('goodbye', 0, { json: reason.slice(0, 200) });
    this.#options.wire.close(reason);
  }

  #ended(reason: string): string {
    this.#isClosed = true;
    this.#stopTimer();
    this.#unserved.length = 0;
    const peer = this.#options.peer.slice(0, 16);
    this.#calls.fail(new SkeinError('node-unreachable', `Cannot reach node ${peer}: ${reason}`));
    return reason;
  }

  #send(...[kind, id, content]: [Frame['kind'], number, Parameters<typeof encodeFrame>[2]]): void {
    void this.#options.wire.send(encodeFrame(kind, id, content, this.#limits));
  }

  #receive(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    this.#heardAt = this.#options.timers.monotonic();
    this.#slow(Math.max(this.#rates.frames.spend(1), this.#rates.bytes.spend(bytes.length)));
    try {
      this.#take(decodeFrame(bytes, this.#limits));
    } catch (thrown) {
      const error = toSkeinError(thrown);
      this.#options.refused?.(refusalOf(error) ?? 'frame-invalid', this.#options.peer);
      this.close(error.message);
    }
  }

  #take(frame: Frame): void {
    const { id, json, body } = frame;
    if (frame.kind === 'call' || frame.kind === 'tell') {
      this.#served += 1;
      this.#choke();
      if (this.#handler === undefined) this.#unserved.push(frame);
      else void this.#answer(frame, this.#handler);
    } else if (frame.kind === 'answer') {
      this.#calls.settle(id, ({ resolve }) => resolve({ params: json, body }));
    } else if (frame.kind === 'error') {
      this.#calls.settle(id, ({ reject }) => reject(fromErrorBody(json)));
    } else if (frame.kind === 'ping') {
      this.#send('pong', id, { json: { sentAt: json, at: this.#options.timers.now() } });
    } else if (frame.kind === 'pong') {
      const { sentAt, at } = (json ?? {}) as { sentAt?: unknown; at?: unknown };
      this.clock.add(Number(sentAt), Number(at), this.#options.timers.now());
    } else {
      this.#options.wire.close(typeof json === 'string' ? json.slice(0, 200) : 'it said goodbye');
    }
  }

  /** Serves one frame; until the answer is on its way it counts as one that is being served. */
  async #answer({ kind, id, json, body }: Frame, handler: LinkHandler): Promise<void> {
    const { method, params } = (json ?? {}) as { method?: unknown; params?: unknown };
    let sent: Promise<void> | undefined;
    try {
      const answer = await handler(typeof method === 'string' ? method : '', { params, body });
      if (kind === 'call') sent = this.#reply('answer', id, answer);
    } catch (thrown) {
      if (kind === 'call')
        sent = this.#reply('error', id, { params: toErrorBody(toSkeinError(thrown)) });
    }
    await sent;
    this.#served -= 1;
    this.#choke();
  }

  #reply(kind: 'answer' | 'error', id: number, { params, body }: LinkMessage): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    return this.#options.wire.send(encodeFrame(kind, id, { json: params, body }, this.#limits));
  }

  /** Too fast: nothing is read for a while. */
  #slow(ms: number): void {
    if (ms <= 0 || this.#isSlowed) return;
    this.#isSlowed = true;
    this.#choke();
    this.#options.timers.after(ms, () => {
      this.#isSlowed = false;
      this.#choke();
    });
  }

  #choke(): void {
    this.#options.wire.pause(this.#isChoked);
    // What we did not read is not what the peer did not say.
    if (this.#isChoked) this.#heardAt = this.#options.timers.monotonic();
  }

  get #isChoked(): boolean {
    return this.#isSlowed || this.#served >= this.#limits.served;
  }

  #ping(): void {
    const { timers, wire } = this.#options;
    this.#stopTimer = timers.after(this.#limits.pingEveryMs, () => this.#ping());
    const silentMs = timers.monotonic() - this.#heardAt;
    if (silentMs > this.#limits.silenceMs && !this.#isChoked) {
      wire.close(`nothing was heard for ${Math.round(silentMs / 1_000)} s`);
    } else if (wire.buffered() < this.#limits.queuedBytes)
      this.#send('ping', 0, { json: timers.now() });
  }
}
