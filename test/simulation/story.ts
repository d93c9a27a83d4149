/** What a seed stands for: which missions, who does what when, where the node dies, who falls silent. */
import { makeUuidv7 } from '#lib/uuidv7.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { makeRandom } from '../support/seeded-random.ts';
import { MOMENTS, type Hang } from './node/hangs.ts';
import type { Betrayal, Lie } from './node/sim-crew.ts';
import type { Wish } from './person.ts';
import { PATHS } from './world/world-state.ts';

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
  readonly hangs: readonly Hang[];
}

/** When the first life begins. */
export const START_MS = Date.UTC(2026, 10, 21);

const DAY_MS = 86_400_000;
const JUMPS = [0, 0, 5_000, -7_200_000, 400 * DAY_MS];
const MOST_LIVES = 5;
const NEVER = Number.MAX_SAFE_INTEGER;

/** An edit may be silent for a minute, a check for eleven: shorter, just longer, much longer. */
const SILENCES = [20_000, 61_000, 90_000, 310_000, 670_000, Infinity];

const BETRAYALS: readonly Betrayal[] = ['idle', 'extra', 'behind-own', 'behind-other'];

/** Ids of missions that don't depend on when they are submitted. */
const idsFor = (seed: number): (() => string) =>
  makeUuidv7({ now: () => START_MS, random: makeRandom(seed + 101).fill });

/** The story of a seed: one to three missions that may want the same files, and what befalls them. */
export function storyOf(seed: number): Story {
  const random = makeRandom(seed);
  const newId = idsFor(seed);
  const lives = random.below(MOST_LIVES);
  const each = <T>(count: number, make: (index: number) => T): T[] =>
    Array.from({ length: count }, (_, index) => make(index));
  return {
    seed,
    wishes: each(1 + random.below(3), (index) => drawWish(random, newId(), `author-${index}`)),
    crashes: each(lives, () => 1 + random.below(random.pick([10, 60, 200]))),
    frozen: each(lives, () => (random.below(4) === 0 ? random.below(200) : NEVER)),
    jumps: each(lives, () => random.pick(JUMPS)),
    noise: random.pick([0, 8, 3]),
    hangs: each(random.pick([0, 0, 1, 2]), () => ({
      moment: random.pick(MOMENTS),
      nth: 1 + random.below(4),
      ms: random.pick(SILENCES),
    })),
  };
}

function drawWish(random: SeededRandom, mission: string, author: string): Wish {
  const [other = '', last = '', ...rest] = random.shuffle(PATHS);
  const paths = rest.slice(0, 1 + random.below(4));
  const oneIn = (many: number): boolean => random.below(many) === 0;
  const maybe = (many: number): number | null => (oneIn(many) ? random.below(400) : null);
  const answer = (many: number) => (oneIn(many) ? 'reject' : 'approve');
  const lie: Lie = { how: random.pick(BETRAYALS), mission, path: random.pick(paths), other };
  return {
    mission,
    author,
    paths,
    parts: 1 + random.below(3),
    chained: oneIn(3),
    hidden: oneIn(4) ? other : null,
    stubborn: oneIn(5) ? random.pick(paths) : null,
    commanded: oneIn(6) ? last : null,
    sloppy: oneIn(4),
    checks: random.pick([[], ['test'], ['lint', 'test'], [`breaks-${paths[0]}`]]),
    merge: oneIn(2),
    jobs: 1 + random.below(4),
    answers: [answer(8), answer(4)],
    lie: oneIn(8) ? lie : null,
    cancelAt: maybe(6),
    interruptAt: maybe(4),
  };
}

/** What differs in a quiet story: what its wishes are like, where it dies, who falls silent. */
export interface PlainStory {
  readonly wishes?: readonly Partial<Wish>[];
  readonly crashAt?: number | null;
  readonly hangs?: readonly Hang[];
}

/** A quiet story: missions of two files each that can all be done, dying once at most. */
export function plainStory(
  seed: number,
  { wishes = [{}], crashAt, hangs = [] }: PlainStory,
): Story {
  const newId = idsFor(seed);
  return {
    seed,
    wishes: wishes.map((wish, index): Wish => ({
      mission: newId(),
      author: `author-${index}`,
      paths: PATHS.slice(index * 2, index * 2 + 2),
      parts: 1,
      chained: false,
      hidden: null,
      stubborn: null,
      commanded: null,
      sloppy: false,
      checks: ['test'],
      merge: index === 0,
      jobs: 2,
      answers: ['approve', 'approve'],
      lie: null,
      cancelAt: null,
      interruptAt: null,
      ...wish,
    })),
    crashes: crashAt === null || crashAt === undefined ? [] : [crashAt],
    frozen: [],
    jumps: [],
    noise: 0,
    hangs,
  };
}
