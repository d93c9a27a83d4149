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

const EDITING = ['before-intent', 'after-intent', 'after-effect', 'after-outcome'] as const;

/** How long who edits may be silent. */
const LEASE_MS = 60_000;

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

/**
 * A story of agents that fall silent over an edit and wake up when somebody else has their task:
 * a little after their lease ended, when the other one is in the middle of it.
 */
function silentStory(seed: number): Story {
  const random = makeRandom(seed);
  const wish = { paths: random.shuffle(PATHS).slice(0, 2), parts: 1 + random.below(2), checks: [] };
  const hangs = [1, 2].map((nth): Hang => {
    const moment = random.pick(EDITING);
    return { moment, nth, ms: LEASE_MS + random.below(2_500) };
  });
  return plainStory(seed, { wishes: [wish], hangs });
}

/**
 * A story of missions that come across files outside their plans: all of them the same one, or each
 * one that the next has in its plan, so that they want what another one holds.
 */
function findingStory(seed: number): Story {
  const random = makeRandom(seed);
  const [shared = '', ...others] = random.shuffle(PATHS);
  const isCircle = random.below(2) === 0;
  const missions = 2 + random.below(2);
  const wishes = Array.from({ length: missions }, (_, at) => ({
    paths: isCircle ? others.slice(at, at + 1) : others.slice(at, at + 2),
    hidden: (isCircle ? others[(at + 1) % missions] : shared) ?? null,
    parts: 2,
    checks: [],
    jobs: 2 + random.below(2),
  }));
  return plainStory(seed, { wishes });
}

/** A story of deaths in the middle of edits, and of many who then come with what they had before. */
function restlessStory(seed: number): Story {
  const random = makeRandom(seed);
  const wishes = [0, 1].map((at) => ({
    paths: PATHS.slice(at, at + 3),
    parts: 1 + random.below(2),
    checks: [],
  }));
  const crashes = Array.from({ length: MOST_LIVES }, () => 20 + random.below(80));
  return { ...plainStory(seed, { wishes }), crashes, noise: 2 };
}

/** A story of a mission whose coder or command lies. */
function lyingStory(seed: number): Story {
  const random = makeRandom(seed);
  const mission = idsFor(seed)();
  const [other = '', commanded = '', path = '', ...rest] = random.shuffle(PATHS);
  const wish = { paths: [path, ...rest.slice(0, 2)], parts: 1 + random.below(2), checks: [] };
  const lie = { how: random.pick(BETRAYALS), mission, path, other };
  const how = random.below(5) === 0 ? { commanded, sloppy: true } : { lie };
  return plainStory(seed, { wishes: [{ ...wish, ...how }] });
}

/** A story of plans that grow and are answered at once, most often with no. */
function answeringStory(seed: number): Story {
  const random = makeRandom(seed);
  const [hidden = '', ...paths] = random.shuffle(PATHS);
  const answer = random.below(4) === 0 ? 'approve' : 'reject';
  const wish = { paths: paths.slice(0, 2), hidden, parts: 1 + random.below(2), checks: [] };
  return plainStory(seed, { wishes: [{ ...wish, answers: ['approve', answer] }] });
}

/** A story of two missions that can be done, whose node dies once. */
const dyingStory = (seed: number): Story =>
  plainStory(seed, { wishes: [{}, {}], crashAt: 1 + ((seed * 7) % 190) });

/** Stories by what they are about. */
export const STORIES = {
  any: storyOf,
  dying: dyingStory,
  silent: silentStory,
  finding: findingStory,
  restless: restlessStory,
  lying: lyingStory,
  answering: answeringStory,
} as const;

/** What a story is about. */
export type Kind = keyof typeof STORIES;

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
