/**
 * Lets a few runs go at once and the others wait. Whoever has the fewest under way is next, so that
 * one owner with many runs doesn't hold up another with one.
 */
import { SkeinError } from '#protocol/errors.ts';

/** How many may go at once, and how many may wait: in all, and of one owner. */
export interface QueueLimits {
  readonly atOnce: number;
  readonly waiting: number;
  readonly waitingOfOne: number;
}

interface Waiting {
  readonly owner: string;
  readonly go: () => void;
}

/** A queue with turns. */
export class FairQueue {
  readonly #limits: QueueLimits;
  readonly #running = new Map<string, number>();
  #waiting: readonly Waiting[] = [];
  /** When an owner was served last, as a count. */
  readonly #served = new Map<string, number>();
  #turn = 0;
  #inside = 0;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  /** How many are under way, and how many wait. */
  get sizes(): { readonly running: number; readonly waiting: number } {
    return { running: this.#inside, waiting: this.#waiting.length };
  }

  /**
   * Resolves when it is the owner's turn; the answer has to be called when the run has ended.
   * Throws `sandbox-busy` when too many wait, `interrupted` when `signal` is aborted before.
   */
  async enter(owner: string, signal?: AbortSignal): Promise<() => void> {
    if (signal?.aborted === true) throw interrupted();
    if (this.#inside >= this.#limits.atOnce) await this.#wait(owner, signal);
    else this.#take(owner);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#leave(owner);
    };
  }

  #wait(owner: string, signal: AbortSignal | undefined): Promise<void> {
    this.#assertRoom(owner);
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        this.#waiting = this.#waiting.filter((each) => each !== mine);
        reject(interrupted());
      };
      const go = (): void => {
        signal?.removeEventListener('abort', giveUp);
        this.#take(owner);
        resolve();
      };
      const mine: Waiting = { owner, go };
      signal?.addEventListener('abort', giveUp, { once: true });
      this.#waiting = [...this.#waiting, mine];
    });
  }

  #assertRoom(owner: string): void {
    const { waiting, waitingOfOne } = this.#limits;
    const own = this.#waiting.filter((each) => each.owner === owner).length;
    if (this.#waiting.length < waiting && own < waitingOfOne) return;
    const whose = own < waitingOfOne ? `${this.#waiting.length} runs` : `${own} runs of ${owner}`;
    throw new SkeinError('sandbox-busy', `Cannot run now: ${whose} wait already`, {
      fix: 'Try again when some of them have ended.',
    });
  }

  #take(owner: string): void {
    this.#inside += 1;
    this.#running.set(owner, (this.#running.get(owner) ?? 0) + 1);
    this.#turn += 1;
    this.#served.set(owner, this.#turn);
  }

  #leave(owner: string): void {
    this.#inside -= 1;
    const left = (this.#running.get(owner) ?? 1) - 1;
    if (left > 0) this.#running.set(owner, left);
    else this.#running.delete(owner);
    const next = this.#next();
    this.#waiting = this.#waiting.filter((each) => each !== next);
    next?.go();
    this.#forgetIdle();
  }

  /** Fewest under way first, then who was served longest ago, then who came first. */
  #next(): Waiting | undefined {
    const rank = ({ owner }: Waiting): readonly [number, number] => [
      this.#running.get(owner) ?? 0,
      this.#served.get(owner) ?? 0,
    ];
    return this.#waiting
      .map((each, place) => ({ each, key: [...rank(each), place] as const }))
      .toSorted((a, b) => a.key[0] - b.key[0] || a.key[1] - b.key[1] || a.key[2] - b.key[2])[0]
      ?.each;
  }

  #forgetIdle(): void {
    if (this.#inside === 0 && this.#waiting.length === 0) this.#served.clear();
  }
}

const interrupted = (): SkeinError =>
  new SkeinError('interrupted', 'Cannot run: it was given up before its turn came');
