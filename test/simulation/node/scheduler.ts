/**
 * Time and order of one life of a simulated node. Everything that would wait waits here, and the
 * seed says who goes on next; messages of one channel keep their order, as those of a port do.
 * Between two steps all promises settle, so one seed gives one story.
 */
import type { SeededRandom } from '../../support/seeded-random.ts';

/** Time that outlives a crash: the wall clock (may jump) and the monotonic one; milliseconds. */
export interface SimClock {
  wallMs: number;
  monotonicMs: number;
}

interface Waiting {
  readonly channel: string | null;
  readonly run: () => void;
}

interface Timer {
  readonly atMs: number;
  readonly run: () => void;
}

const MAX_STEP_MS = 40;

/** One per life of a node. */
export class Scheduler {
  readonly #random: SeededRandom;
  readonly #clock: SimClock;
  #waiting: Waiting[] = [];
  #timers: Timer[] = [];

  constructor(random: SeededRandom, clock: SimClock) {
    this.#random = random;
    this.#clock = clock;
  }

  /** Whether somebody could go on now, without time passing. */
  get busy(): boolean {
    return this.#waiting.length > 0;
  }

  /** Whether something waits on `channel`. */
  has(channel: string): boolean {
    return this.#waiting.some((each) => each.channel === channel);
  }

  /** Resolves when it is the caller's turn. */
  turn(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push({ channel: null, run: resolve }));
  }

  /** Runs later, after all that was posted to the same channel before. */
  post(channel: string, run: () => void): void {
    this.#waiting.push({ channel, run });
  }

  /** Runs after so much time; answers how to cancel that. */
  after(ms: number, run: () => void): () => void {
    const timer = { atMs: this.#clock.monotonicMs + ms, run };
    this.#timers.push(timer);
    return () => void (this.#timers = this.#timers.filter((each) => each !== timer));
  }

  /** Lets one go on, and everything settle that follows from it; false when nobody waits. */
  async step(): Promise<boolean> {
    if (this.#waiting.length === 0) return false;
    this.#clock.wallMs += this.#random.below(MAX_STEP_MS);
    this.#clock.monotonicMs += this.#random.below(MAX_STEP_MS);
    this.#dueTimers();
    const heads = this.#waiting.filter(
      ({ channel }, index) =>
        channel === null || this.#waiting.findIndex((each) => each.channel === channel) === index,
    );
    const chosen = this.#random.pick(heads);
    this.#waiting = this.#waiting.filter((each) => each !== chosen);
    chosen.run();
    await settled();
    return true;
  }

  /** Runs everything that waits on `channel`, in order: what a frozen process does when it wakes. */
  async drain(channel: string): Promise<void> {
    for (;;) {
      const next = this.#waiting.find((each) => each.channel === channel);
      if (next === undefined) return;
      this.#waiting = this.#waiting.filter((each) => each !== next);
      next.run();
      await settled();
    }
  }

  /** Nobody can go on: time passes until the next timer rings; false when there is none. */
  async skip(): Promise<boolean> {
    const nextMs = Math.min(...this.#timers.map(({ atMs }) => atMs));
    const passedMs = nextMs - this.#clock.monotonicMs;
    if (!Number.isFinite(passedMs)) return false;
    this.#clock.wallMs += Math.max(0, passedMs);
    this.#clock.monotonicMs += Math.max(0, passedMs);
    this.#dueTimers();
    return this.step();
  }

  #dueTimers(): void {
    const due = this.#timers.filter(({ atMs }) => atMs <= this.#clock.monotonicMs);
    this.#timers = this.#timers.filter((each) => !due.includes(each));
    for (const { run } of due) this.#waiting.push({ channel: null, run });
  }
}

/** Nothing here does real input or output: after this turn of the loop all promises have settled. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
