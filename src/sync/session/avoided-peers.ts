/** Peers that are left alone for a while, as far as one chain goes. */

interface Avoided {
  readonly untilMs: number;
  readonly isWrong: boolean;
}

/** Who is not asked, and whose pages are not looked at. */
export class AvoidedPeers {
  readonly #now: () => number;
  readonly #until = new Map<string, Avoided>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** It is not asked for so long; when it sent something wrong, nor is what it sends unasked looked at. */
  add(peer: string, ms: number, isWrong = false): void {
    this.#until.set(peer, { untilMs: this.#now() + ms, isWrong });
  }

  isAsked(peer: string): boolean {
    return this.#find(peer) === undefined;
  }

  isBelieved(peer: string): boolean {
    return this.#find(peer)?.isWrong !== true;
  }

  #find(peer: string): Avoided | undefined {
    const found = this.#until.get(peer);
    if (found === undefined || found.untilMs > this.#now()) return found;
    this.#until.delete(peer);
    return undefined;
  }
}
