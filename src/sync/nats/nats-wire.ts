/**
 * A wire over NATS core: frames in parts below its payload limit, in order, with credit. NATS
 * itself holds nobody back and drops what is too much, so the receiving end says what it has used. What
 * is lost on the way (a reconnect) breaks the seal of the link, which is then made anew.
 */
import { FrameQueue, type FrameHandler, type Wire } from '../link/wire.ts';

/** What a wire sends by; `send` must keep the order. */
export interface NatsCarrier {
  readonly send: (payload: Uint8Array) => void;
  readonly ended: () => void;
}

/** The first byte of every message. */
export const NATS_KIND = { part: 0, last: 1, used: 2, close: 3, open: 4 } as const;

/** Bytes of a frame in one message; servers take 1 MB unless they are told otherwise. */
const PART_BYTES = 512 * 1024;

/** What may be under way and not used yet; after so many used bytes the sender is told. */
const CREDIT_BYTES = 4 << 20;
const TELL_BYTES = 256 * 1024;

/** Frames that may wait for a listener before nothing more is said to be used. */
const MAX_HELD = 32;

/** Frames that may ever wait: empty ones hardly count as bytes, and each takes memory. */
const MAX_WAITING = 200_000;

/** A part that another one follows is never shorter: crumbs of a frame without end would fill memory. */
const LEAST_PART_BYTES = 1024;

const COUNT_BYTES = 8;

interface Waiting {
  readonly payload: Uint8Array;
  readonly sent: () => void;
}

/** One wire; `receive` of it is called with every message of its subject. */
export class NatsWire {
  /** The wire, for who sends and receives. */
  readonly wire: Wire;
  readonly #carrier: NatsCarrier;
  readonly #maxFrameBytes: number;
  readonly #queue = new FrameQueue();
  readonly #end = Promise.withResolvers<string>();
  #handle: FrameHandler | undefined;
  #parts: Uint8Array[] = [];
  #partBytes = 0;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #sentBytes = 0;
  #usedByOther = 0;
  #received = 0;
  #told = 0;
  #isPaused = false;
  #isClosed = false;

  constructor(carrier: NatsCarrier, maxFrameBytes: number) {
    this.#carrier = carrier;
    this.#maxFrameBytes = maxFrameBytes;
    this.wire = {
      send: (frame) => this.#send(frame),
      // What is under way is bounded by the credit: it is no longer ours to hold back.
      buffered: () => this.#waitingBytes,
      receive: (handle) => {
        this.#handle = handle;
        this.#listen();
      },
      pause: (isPaused) => {
        this.#isPaused = isPaused;
        this.#listen();
      },
      close: (reason) => this.close(reason),
      closed: this.#end.promise,
    };
  }

  #send(frame: Uint8Array): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    for (let at = 0; at === 0 || at < frame.length; at += PART_BYTES) {
      const part = frame.subarray(at, at + PART_BYTES);
      const isLast = at + PART_BYTES >= frame.length;
      const payload = new Uint8Array(part.length + 1);
      payload[0] = isLast ? NATS_KIND.last : NATS_KIND.part;
      payload.set(part, 1);
      this.#waiting.push({ payload, sent: isLast ? resolve : () => undefined });
      this.#waitingBytes += payload.length;
    }
    this.#flush();
    return promise;
  }

  /** Ends it, and says why to the other end. */
  close(reason: string): void {
    if (this.#isClosed) return;
    this.#carrier.send(Buffer.concat([Buffer.from([NATS_KIND.close]), Buffer.from(reason)]));
    this.fail(reason);
  }

  /** It is over, and the other end knows or can't be told. */
  fail(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const { sent } of this.#waiting) sent();
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#parts = [];
    this.#carrier.ended();
    this.#end.resolve(reason);
  }

  /** Takes a message of this wire. */
  take(payload: Uint8Array): void {
    if (this.#isClosed) return;
    const [kind] = payload;
    if (kind === NATS_KIND.part || kind === NATS_KIND.last) return this.#takePart(payload, kind);
    if (kind === NATS_KIND.close) {
      return this.fail(Buffer.from(payload.subarray(1, 200)).toString('utf8') || 'it was closed');
    }
    if (kind === NATS_KIND.used && payload.length === 1 + COUNT_BYTES) {
      const used = Number(Buffer.from(payload).readBigUInt64BE(1));
      this.#usedByOther = Math.min(this.#sentBytes, Math.max(this.#usedByOther, used));
      return this.#flush();
    }
    this.close('a message made no sense');
  }

  #takePart(payload: Uint8Array, kind: number): void {
    this.#received += payload.length;
    // Nobody who keeps to the credit sends so much: it would only fill our memory.
    if (this.#received - this.#told > CREDIT_BYTES + PART_BYTES + 1) {
      return this.close('more was sent than was asked for');
    }
    if (kind === NATS_KIND.part && payload.length <= LEAST_PART_BYTES)
      return this.close('a frame comes in crumbs');
    if (this.#queue.length >= MAX_WAITING) return this.close('too many frames wait');
    this.#parts.push(payload.subarray(1));
    this.#partBytes += payload.length - 1;
    if (this.#partBytes > this.#maxFrameBytes) return this.close('a frame is too long');
    if (kind === NATS_KIND.last) {
      const frame =
        this.#parts.length === 1 ? (this.#parts[0] as Uint8Array) : Buffer.concat(this.#parts);
      this.#parts = [];
      this.#partBytes = 0;
      this.#queue.push(frame);
    }
    this.#tellUsed();
  }

  /** What came before the pause waits as well: who paused can't take any more now. */
  #listen(): void {
    this.#queue.receive(this.#isPaused ? undefined : this.#handle);
    this.#tellUsed();
  }

  /** In the middle of a long frame as well: it could not go on otherwise. */
  #tellUsed(): void {
    const isStuck = this.#isPaused || this.#queue.length >= MAX_HELD;
    if (isStuck || this.#isClosed || this.#received - this.#told < TELL_BYTES) return;
    this.#told = this.#received;
    const payload = Buffer.alloc(1 + COUNT_BYTES);
    payload[0] = NATS_KIND.used;
    payload.writeBigUInt64BE(BigInt(this.#received), 1);
    this.#carrier.send(payload);
  }

  #flush(): void {
    while (this.#waiting.length > 0) {
      const next = this.#waiting[0] as Waiting;
      const isOver = this.#sentBytes - this.#usedByOther + next.payload.length > CREDIT_BYTES;
      if (isOver) return;
      this.#waiting.shift();
      this.#waitingBytes -= next.payload.length;
      this.#sentBytes += next.payload.length;
      this.#carrier.send(next.payload);
      next.sent();
    }
  }
}
