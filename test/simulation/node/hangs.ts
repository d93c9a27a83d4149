/**
 * Agents that fall silent: at a moment that the story names, whoever gets there sleeps for a while,
 * or for ever. What they hold and what they do when they wake up is what is being tested.
 */
import type { Scheduler } from './scheduler.ts';

/** Where an agent may fall silent. Those of an edit are the named instants of its effect. */
export const MOMENTS = [
  'claim',
  'claimed',
  'begin',
  'before-intent',
  'after-intent',
  'after-effect',
  'after-outcome',
  'end',
  'look',
  'review',
  'diagnose',
  'check',
  'command',
] as const;

/** A moment of an agent's work. */
export type Moment = (typeof MOMENTS)[number];

/** The `nth` that gets to `moment` (from 1, over all lives) sleeps so long; Infinity = for ever. */
export interface Hang {
  readonly moment: Moment;
  readonly nth: number;
  readonly ms: number;
}

/** Who sleeps in one life. */
export interface Sleepers {
  /** To be called at every moment; resolves at once for those who need not sleep. */
  readonly hang: (moment: string, task: string) => Promise<void>;
  /** The tasks of those who sleep now. */
  readonly tasks: readonly string[];
  /** Whether one of them will wake up. */
  readonly someWakes: boolean;
}

/** All hangs of a story: each happens once, in whichever life its moment comes. */
export class Hangs {
  readonly #hangs: readonly Hang[];
  readonly #counts = new Map<string, number>();
  /** How many fell silent for each task. */
  readonly suffered = new Map<string, number>();

  constructor(hangs: readonly Hang[]) {
    this.#hangs = hangs;
  }

  /** The sleepers of a life with that scheduler. */
  live(scheduler: Scheduler): Sleepers {
    const asleep = new Set<{ readonly task: string; readonly ms: number }>();
    return {
      hang: (moment, task) => {
        const found = this.#find(moment, task);
        if (found === undefined) return Promise.resolve();
        const { ms } = found;
        const sleeper = { task, ms };
        asleep.add(sleeper);
        return new Promise((resolve) => {
          if (!Number.isFinite(ms)) return;
          scheduler.after(ms, () => {
            asleep.delete(sleeper);
            resolve();
          });
        });
      },
      get tasks() {
        return Array.from(asleep, ({ task }) => task);
      },
      get someWakes() {
        return [...asleep].some(({ ms }) => Number.isFinite(ms));
      },
    };
  }

  #find(moment: string, task: string): Hang | undefined {
    const count = (this.#counts.get(moment) ?? 0) + 1;
    this.#counts.set(moment, count);
    const found = this.#hangs.find((each) => each.moment === moment && each.nth === count);
    if (found !== undefined) this.suffered.set(task, (this.suffered.get(task) ?? 0) + 1);
    return found;
  }
}
