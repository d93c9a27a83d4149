/**
 * When subscriptions get their messages: after what runs now, in turns. Between two turns timers
 * and sockets have theirs, so messages that cause messages for ever starve nobody.
 */

/** Something that works when it is its turn. */
export interface TurnTaker {
  /** Does a bounded amount of work; answers whether there is more to do at once. */
  readonly takeTurn: () => boolean;
}

/** Gives everybody who was woken one turn. `soon` calls back in a later turn of the event loop. */
export class TurnLoop {
  readonly #soon: (callback: () => void) => void;
  #woken = new Set<TurnTaker>();
  #next: PromiseWithResolvers<void> | undefined;

  constructor(soon: (callback: () => void) => void) {
    this.#soon = soon;
  }

  /** Gives `taker` a turn next time; once, however often it is woken until then. */
  wake(taker: TurnTaker): void {
    this.#woken.add(taker);
    void this.next();
  }

  /** Resolves when all who are awake now have had a turn. */
  next(): Promise<void> {
    if (this.#next === undefined) {
      this.#next = Promise.withResolvers();
      this.#soon(() => this.#run());
    }
    return this.#next.promise;
  }

  #run(): void {
    const [woken, over] = [this.#woken, this.#next];
    this.#woken = new Set();
    this.#next = undefined;
    for (const taker of woken) if (taker.takeTurn()) this.wake(taker);
    over?.resolve();
  }
}
