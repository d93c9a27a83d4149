/**
 * Missions at random over a person's repository, by the real supervisor and its agents: two at a
 * time, broken off by crashes and interruptions, taken up again; and the model of their files.
 */
import { sha256 } from '#lib/sha256.ts';
import type { SkeinEvent } from '#protocol/event-types.ts';
import type { PlannedChange, Recipe } from '#supervisor/recipe.ts';
import type { Effect, PausePoint } from '#tasks/effects.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { openSwarmWorld, type SwarmWorld } from '../swarm/swarm-world.ts';
import {
  FIRST_FILES,
  PersonRepository,
  type ModelFile,
  type ModelTree,
} from './person-repository.ts';

/** A mission of the story: what it started from, and what it makes of which file. */
export interface ToldMission {
  readonly mission: string;
  readonly base: string;
  readonly edits: ReadonlyMap<string, Buffer>;
}

/** What becomes of two missions: a crash at such an instant of an edit, a person who stops one, nothing. */
export type Fate = 'after-intent' | 'after-effect' | 'interrupted' | 'nothing';

/** Each of them. */
export const FATES: readonly Fate[] = ['after-intent', 'interrupted', 'after-effect', 'nothing'];

const ENDED = ['done', 'failed', 'rejected', 'cancelled'];
const MOST_EDITS = 5;

/** The whole story: a person, a node that may die, and all missions so far. */
export class RandomStory {
  readonly random: SeededRandom;
  readonly missions: ToldMission[] = [];
  readonly #changes = new Map<string, PlannedChange>();
  #world: SwarmWorld | undefined;
  #person: PersonRepository | undefined;
  #death: { readonly point: PausePoint; left: number } | undefined;
  #isDead = false;

  constructor(random: SeededRandom) {
    this.random = random;
  }

  get world(): SwarmWorld {
    if (this.#world === undefined) throw new Error('the story has not begun');
    return this.#world;
  }

  get person(): PersonRepository {
    this.#person ??= new PersonRepository(this.world.repository, this.random);
    return this.#person;
  }

  async begin(): Promise<void> {
    const crew = { recipes: [this.#recipe()] };
    const options = { files: FIRST_FILES, goals: {}, crew, timers, pause: this.#pause };
    this.#world = await openSwarmWorld(options);
  }

  /** The person works; two missions go from there, and come as far as `fate` lets them. */
  async round(fate: Fate): Promise<void> {
    this.person.work();
    const pair = [await this.#submit(), await this.#submit()];
    const isCrash = fate === 'after-intent' || fate === 'after-effect';
    if (isCrash) this.#planDeath(fate, pair);
    for (const { mission } of pair) await this.world.approve(mission);
    if (this.random.below(2) === 0) this.person.work();
    if (fate === 'interrupted') await this.#interrupt(pair);
    if (isCrash) await this.#crash(pair);
  }

  /** Carries on whatever stands still, to its end; the person may take over what it made. */
  async carryOn(): Promise<void> {
    this.#death = undefined;
    for (const { mission } of this.missions) {
      const { status } = this.#state(mission);
      const isLeft = !ENDED.includes(status) && !this.world.supervisor.atWork.includes(mission);
      if (isLeft && status !== 'waiting') await this.world.resume(mission);
    }
    for (const { mission } of this.missions) {
      const { state } = await this.world.finish(mission);
      if (state.status !== 'done') throw new Error(`${mission}: ${JSON.stringify(state.problem)}`);
    }
    const merged = this.missions.at(-1 - this.random.below(2)) as ToldMission;
    const { gitCommit } = this.#state(merged.mission);
    const made = this.treeAfter(merged, this.world.space.events(merged.mission));
    if (this.random.below(2) === 0) this.person.merge(gitCommit ?? '', made);
  }

  /** What the worktree of a mission must be after these of its events: the model. */
  treeAfter({ base, edits }: ToldMission, events: readonly SkeinEvent[]): ModelTree {
    const tree = new Map<string, ModelFile>(this.person.treeOf(base));
    for (const { type, subject } of events) {
      if (type !== 'edit.done') continue;
      const path = subject.slice('file/'.length);
      const before = tree.get(path) as ModelFile;
      tree.set(path, { ...before, bytes: edits.get(path) as Buffer });
    }
    return tree;
  }

  async #submit(): Promise<ToldMission> {
    const edits = this.person.chooseEdits(MOST_EDITS);
    const goal = `change ${this.#changes.size}`;
    this.#changes.set(
      goal,
      toChange(goal, edits, (path) => this.person.bytesOf(path)),
    );
    const base = this.world.repository.git('rev-parse', 'HEAD').trim();
    const told = { mission: await this.world.submit(goal), base, edits };
    this.missions.push(told);
    await this.world.until(told.mission, 'waiting');
    return told;
  }

  #recipe(): Recipe {
    return {
      name: 'at-random',
      usage: 'change <n>',
      matches: (goal) => this.#changes.has(goal),
      plan: async (goal) => this.#changes.get(goal) as PlannedChange,
    };
  }

  #state(mission: string) {
    return this.world.space.ledger.read.entity('mission', mission)?.body as {
      readonly status: string;
      readonly gitCommit: string | null;
    };
  }

  #planDeath(point: PausePoint, pair: readonly ToldMission[]): void {
    const edits = pair.reduce((sum, told) => sum + told.edits.size, 0);
    this.#death = { point, left: 1 + this.random.below(edits) };
  }

  /** From its instant on nothing of the node moves any more: no effect goes on. */
  readonly #pause = async (point: PausePoint, { kind }: Effect): Promise<void> => {
    const death = this.#death;
    if (death === undefined) return;
    if (kind === 'edit' && point === death.point) death.left -= 1;
    if (death.left > 0) return;
    this.#isDead = true;
    await new Promise(() => undefined);
  };

  /** Those who wait for what is stuck are dead as well; what they still try finds a closed ledger. */
  async #crash(pair: readonly ToldMission[]): Promise<void> {
    const hasEnded = ({ mission }: ToldMission): boolean =>
      ENDED.includes(this.#state(mission).status);
    while (!this.#isDead && !pair.every(hasEnded)) await new Promise(setImmediate);
    if (!this.#isDead) return;
    this.#world = await this.world.reopen();
    this.#isDead = false;
  }

  async #interrupt(pair: readonly ToldMission[]): Promise<void> {
    const { mission } = this.random.pick(pair);
    const wanted = this.random.pick(['edit.intended', 'edit.done', 'task.done'] as const);
    await this.world.seen(({ type }) => type === wanted, mission);
    await this.world.supervisor.interrupt(mission, 'a person stopped it');
  }
}

/** Those of who died in a crash must not keep the tests from ending. */
const timers = {
  monotonicMs: (): number => performance.now(),
  after: (ms: number, callback: () => void): (() => void) => {
    const timer = setTimeout(callback, ms).unref();
    return () => clearTimeout(timer);
  },
};

function toChange(
  title: string,
  edits: ReadonlyMap<string, Buffer>,
  before: (path: string) => Buffer,
): PlannedChange {
  return {
    title,
    summary: title,
    engine: 'chance',
    listed: [],
    warnings: [],
    names: null,
    edits: Array.from(edits, ([path, after]) => {
      const hashes = { baseHash: sha256(before(path)), afterHash: sha256(after) };
      return { path, ...hashes, after, changes: 1, lines: [1] };
    }),
    parts: Array.from(edits.keys(), (path) => {
      return {
        key: path,
        title: `Write ${path}`,
        paths: [path],
        after: [],
        expects: 'it is written',
      };
    }),
  };
}
