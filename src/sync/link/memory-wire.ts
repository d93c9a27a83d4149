/** Two ends of a wire in one process. What happens to a frame on its way is up to whoever makes it. */
import { FrameQueue, type FrameHandler, type Wire } from './wire.ts';

/** Brings a frame over: calls `arrive` once, twice or late, or else `lost`. */
export type Carry = (frame: Uint8Array, arrive: () => void, lost: () => void) => void;

/** A wire between two; `carry` says for each end how what it sends travels. */
export function makeWirePair(first: Carry, second: Carry): readonly [Wire, Wire] {
  const ended = Promise.withResolvers<string>();
  const closed = ended.promise;
  let isClosed = false;
  const onTheWay = new Set<() => void>();
  const close = (reason: string): void => {
    isClosed = true;
    for (const handed of onTheWay) handed();
    ended.resolve(reason);
  };
  const inboxes = [new Inbox(), new Inbox()] as const;
  const end = (carry: Carry, own: Inbox, other: Inbox): Wire => ({
    send: (frame) => {
      if (isClosed) return Promise.resolve();
      // As over a network: the receiver's bytes are its own.
      const copy = Uint8Array.from(frame);
      const sent = Promise.withResolvers<void>();
      other.waiting += copy.length;
      const handed = (): void => {
        if (onTheWay.delete(handed)) other.waiting -= copy.length;
        sent.resolve();
      };
      onTheWay.add(handed);
      const arrive = (): void => {
        if (!isClosed) other.push(copy, handed);
      };
      carry(copy, arrive, handed);
      return sent.promise;
    },
    buffered: () => other.waiting,
    receive: (handle) => own.receive(handle),
    pause: (isPaused) => own.pause(isPaused),
    close,
    closed,
  });
  return [end(first, inboxes[0], inboxes[1]), end(second, inboxes[1], inboxes[0])];
}

/** What has arrived at one end; while it is paused nothing is handed over, and counts as waiting. */
class Inbox {
  waiting = 0;
  readonly #queue = new FrameQueue();
  readonly #handed = new WeakMap<Uint8Array, () => void>();
  #handle: FrameHandler | undefined;
  #isPaused = false;

  push(frame: Uint8Array, handed: () => void): void {
    this.#handed.set(frame, handed);
    this.#queue.push(frame);
  }

  receive(handle: FrameHandler | undefined): void {
    this.#handle =
      handle &&
      ((frame) => {
        this.#handed.get(frame)?.();
        handle(frame);
      });
    this.pause(this.#isPaused);
  }

  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#queue.receive(isPaused ? undefined : this.#handle);
  }
}
