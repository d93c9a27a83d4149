/** What a seed stands for: which missions, who does what when, where the node dies. */
import { makeUuidv7 } from '#lib/uuidv7.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { makeRandom } from '../support/seeded-random.ts';
import type { Wish } from './person.ts';
import { PATHS } from './world-state.ts';

/** A story that can be told again. Of its numbers those that are never reached mean "not at all". */
export interface Story {
  readonly seed: number;
  readonly wishes: readonly Wish[];
  /** For each life the durable change before which it dies. */
  readonly crashes: readonly number[];
  /** For each life the step from which on another process takes over while this one is frozen. */
  readonly frozen: readonly number[];
  /** For each life how the wall clock jumps before it, in milliseconds. */
  readonly jumps: readonly number[];
  /** One step in so many is followed by noise; 0 = never. */
  readonly noise: number;
}

/** When the first life begins. */
export const START_MS = Date.UTC(2026, 10, 21);

const DAY_MS = 86_400_000;
const JUMPS = [0, 0, 5_000, -7_200_000, 400 * DAY_MS];
const MOST_LIVES = 5;
const NEVER = Number.MAX_SAFE_INTEGER;

/** Ids of missions that don't depend on when they are submitted. */
const idsFor = (seed: number): (() => string) =>
  makeUuidv7({ now: () => START_MS, random: makeRandom(seed + 101).fill });

/** The story of a seed: one to three missions that may want the same files, and what befalls them. */
export function storyOf(seed: number): Story {
  const random = makeRandom(seed);
  const newId = idsFor(seed);
  const lives = random.below(MOST_LIVES);
  const each = <T>(make: () => T): T[] => Array.from({ length: lives }, make);
  return {
    seed,
    wishes: Array.from({ length: 1 + random.below(3) }, (_, index) =>
      drawWish(random, newId(), `author-${index}`),
    ),
    crashes: each(() => 1 + random.below(random.pick([10, 60, 150]))),
    frozen: each(() => (random.below(4) === 0 ? random.below(120) : NEVER)),
    jumps: each(() => random.pick(JUMPS)),
    noise: random.pick([0, 8, 3]),
  };
}

function drawWish(random: SeededRandom, mission: string, author: string): Wish {
  const paths = random.shuffle(PATHS).slice(0, 1 + random.below(4));
  const maybe = (oneIn: number): number | null =>
    random.below(oneIn) === 0 ? random.below(300) : null;
  return {
    mission,
    author,
    paths,
    checks: random.pick([[], ['test'], ['lint', 'test'], [`breaks-${paths[0]}`]]),
    merge: random.below(2) === 0,
    answer: random.below(8) === 0 ? 'reject' : 'approve',
    cancelAt: maybe(6),
    interruptAt: maybe(4),
  };
}

/** A quiet story of missions that all can be done, dying once, before the given change. */
export function plainStory(seed: number, wishes: number, crashAt: number | null): Story {
  const newId = idsFor(seed);
  return {
    seed,
    wishes: Array.from({ length: wishes }, (_, index): Wish => ({
      mission: newId(),
      author: `author-${index}`,
      paths: PATHS.slice(index * 2, index * 2 + 2),
      checks: ['test'],
      merge: index === 0,
      answer: 'approve',
      cancelAt: null,
      interruptAt: null,
    })),
    crashes: crashAt === null ? [] : [crashAt],
    frozen: [],
    jumps: [],
    noise: 0,
  };
}
