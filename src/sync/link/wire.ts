/**
 * What a carrier has to bring, and nothing more: whole frames there and back. Who is at the other
 * end is proven by the handshake, which is the same for all carriers.
 */

/** Takes one frame. */
export type FrameHandler = (frame: Uint8Array) => void;

/** Frames to and from one other end. */
export interface Wire {
  /** Resolves when the carrier has let go of the frame, whether or not it arrives. */
  readonly send: (frame: Uint8Array) => Promise<void>;
  /** Bytes that wait to be sent. */
  readonly buffered: () => number;
  /** A new handler takes over from the old one; while there is none, frames are kept. */
  readonly receive: (handle: FrameHandler | undefined) => void;
  /** While it is paused nothing is read, so that the sender has to wait. */
  readonly pause: (isPaused: boolean) => void;
  readonly close: (reason: string) => void;
  readonly closed: Promise<string>;
}

/** Time, as the node or a simulation hands it in. */
export interface Timers {
  /** The wall clock: milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds that never go back, from any point on. */
  readonly monotonic: () => number;
  /** Calls back once after `ms`, unless the answer is called before. */
  readonly after: (ms: number, callback: () => void) => () => void;
}

/** Time and chance; `random` fills the given bytes. */
export interface Surroundings {
  readonly timers: Timers;
  readonly random: (bytes: Uint8Array) => Uint8Array;
}

/** A number from 0 to below 1. */
export function chance(random: Surroundings['random']): number {
  const bytes = random(new Uint8Array(4));
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) / 2 ** 32;
}

/** Rejects with `error()` unless `promise` settles within `ms`. */
export function within<T>(
  promise: Promise<T>,
  { timers, ms, error }: { timers: Timers; ms: number; error: () => Error },
): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = timers.after(ms, () => reject(error()));
    promise.then(resolve, reject).finally(cancel);
  });
}

/** Keeps frames until somebody listens: what a carrier's adapter needs to keep the contract. */
export class FrameQueue {
  readonly #waiting: Uint8Array[] = [];
  #handle: FrameHandler | undefined;
  #isBusy = false;

  /** How many wait. */
  get length(): number {
    return this.#waiting.length;
  }

  push(frame: Uint8Array): void {
    this.#waiting.push(frame);
    this.#drain();
  }

  receive(handle: FrameHandler | undefined): void {
    this.#handle = handle;
    this.#drain();
  }

  /** A handler may hand over to the next one in the middle of it: each frame asks anew. */
  #drain(): void {
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      while (this.#handle !== undefined) {
        const frame = this.#waiting.shift();
        if (frame === undefined) return;
        this.#handle(frame);
      }
    } finally {
      this.#isBusy = false;
    }
  }
}
