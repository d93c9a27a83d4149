/** Tells a story: life after life of one node, until all missions have ended, asking the oracle. */
import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { deciders, reducers } from '#daemon/state-tables.ts';
import { makeSigner, type Signer } from '#identity/signer.ts';
import { LedgerCore } from '#ledger/ledger-core.ts';
import { countRows } from '#ledger/ledger-reader.ts';
import { makeUuidv7 } from '#lib/uuidv7.ts';
import { makeRandom, type SeededRandom } from '../support/seeded-random.ts';
import { SPACE } from '../support/test-ledger.ts';
import { Noise } from './noise.ts';
import { Hangs, type Sleepers } from './node/hangs.ts';
import { Scheduler, type SimClock } from './node/scheduler.ts';
import { Crashed, SimDisk, type Remains } from './node/sim-disk.ts';
import { startLife, WRITER, type Acknowledged, type Life } from './node/sim-node.ts';
import { assertAcknowledged, assertEnd, assertOnce, assertRecord } from './oracle/oracle.ts';
import { Watch } from './oracle/watch.ts';
import { missionOf, Person } from './person.ts';
import { START_MS, type Story } from './story.ts';
import { newWorld, treeId } from './world/world-state.ts';

/** How a story ended. */
export interface Told {
  readonly steps: number;
  readonly lives: number;
  /** Durable changes of the last life. */
  readonly changes: number;
  readonly statuses: readonly string[];
  /** Every event, as it stands on the record. */
  readonly events: readonly string[];
  /** The tree of each mission's git commit, null when it made none. */
  readonly trees: readonly (string | null)[];
}

/** One life as it is told. */
interface Living {
  readonly life: Life;
  readonly disk: SimDisk;
  readonly scheduler: Scheduler;
  readonly sleepers: Sleepers;
  /** Asks the oracle about what is new on the record. */
  readonly look: () => void;
}

/** More than any story needs: who takes longer is stuck. */
const MAX_STEPS = 6_000;

/** An answer of a peer is waited for this long at most, twice, with something to spare. */
const MOST_ASKING_MS = 15_000;

/** PKCS8 of an ed25519 key, before its 32 bytes (RFC 8410). */
const KEY_PREFIX = '302e020100300506032b657004220420';

const seededSigner = (random: SeededRandom): Signer => {
  const bytes = random.fill(Buffer.alloc(32));
  const der = Buffer.concat([Buffer.from(KEY_PREFIX, 'hex'), bytes]);
  return makeSigner(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
};

const missionOfTask = (task: string): string => task.slice(0, task.lastIndexOf('.'));

/** One telling. */
class Teller {
  readonly #story: Story;
  readonly #random: SeededRandom;
  readonly #clock: SimClock = { wallMs: START_MS, monotonicMs: 0 };
  readonly #signer: Signer;
  readonly #newId: () => string;
  readonly #people: readonly Person[];
  readonly #acknowledged: Acknowledged[] = [];
  readonly #watch: Watch;
  readonly #hangs: Hangs;
  readonly #noise: Noise;
  /** Tasks that held something while all was quiet, and since when (monotonic). */
  #quiet: ReadonlyMap<string, number> = new Map();
  #steps = 0;
  #epoch = 0;

  constructor(story: Story) {
    this.#story = story;
    this.#random = makeRandom(story.seed + 1);
    this.#signer = seededSigner(makeRandom(story.seed + 2));
    const { fill } = makeRandom(story.seed + 3);
    this.#newId = makeUuidv7({ now: () => this.#clock.wallMs, random: fill });
    this.#people = story.wishes.map((wish) => new Person(wish, this.#newId));
    this.#watch = new Watch(story.wishes, this.#clock);
    this.#hangs = new Hangs(story.hangs);
    this.#noise = new Noise(this.#random, this.#newId, this.#acknowledged);
  }

  get steps(): number {
    return this.#steps;
  }

  async tell(): Promise<Told> {
    let remains: Remains = { ledger: null, blobs: null, head: undefined, world: newWorld() };
    for (let life = 0; ; life += 1) {
      this.#clock.wallMs += this.#story.jumps[life] ?? 0;
      const disk = new SimDisk(remains, this.#story.crashes[life] ?? 0);
      try {
        const told = await this.#live(disk, life);
        if (told !== undefined) return told;
        remains = disk.crash();
        this.#examine(remains);
      } finally {
        disk.close();
      }
    }
  }

  /** One life; undefined when it was cut off. */
  async #live(disk: SimDisk, index: number): Promise<Told | undefined> {
    const living = this.#start(disk);
    if (living === undefined) return undefined;
    const { life, scheduler } = living;
    const freezeAt = this.#steps + (this.#story.frozen[index] ?? MAX_STEPS);
    while (!this.#isOver(living)) {
      const went = await this.#step(living);
      assert.deepEqual(life.violations, []);
      if (disk.remains !== undefined) return undefined;
      living.look();
      if (this.#steps >= freezeAt && scheduler.has(WRITER)) {
        await this.#takeOver(disk, scheduler);
        return undefined;
      }
      if (!went && !scheduler.busy && !this.#isOver(living)) this.#fail('it is stuck', life);
    }
    return this.#conclude(living, index);
  }

  #start(disk: SimDisk): Living | undefined {
    this.#epoch += 1;
    const scheduler = new Scheduler(this.#random, this.#clock);
    const sleepers = this.#hangs.live(scheduler);
    try {
      const life = startLife({
        disk,
        scheduler,
        clock: this.#clock,
        signer: this.#signer,
        epoch: this.#epoch,
        random: this.#random.fill,
        newId: this.#newId,
        acknowledge: (done) => this.#acknowledged.push(done),
        sent: (command) => this.#watch.sent(command),
        alive: (lease) => this.#watch.alive(lease),
        sleepers,
        lies: this.#story.wishes.flatMap(({ lie }) => lie ?? []),
      });
      return { life, disk, scheduler, sleepers, look: this.#watch.live(disk, this.#epoch) };
    } catch (thrown) {
      if (thrown instanceof Crashed) return undefined;
      throw thrown;
    }
  }

  async #step({ life, scheduler, sleepers }: Living): Promise<boolean> {
    this.#steps += 1;
    if (this.#steps >= MAX_STEPS) this.#fail('it does not end', life);
    const { noise } = this.#story;
    if (!scheduler.busy || this.#random.below(4) === 0) {
      for (const person of this.#random.shuffle(this.#people)) person.act(life, this.#steps);
    }
    if (noise > 0 && scheduler.busy && this.#random.below(noise) === 0) this.#noise.act(life);
    if (await scheduler.step()) return true;
    this.#assertNobodyHolds(sleepers);
    // Time passes by itself only for those who sleep: all others would be stuck.
    return sleepers.tasks.length > 0 && scheduler.skip();
  }

  /**
   * Nobody waits while holding. When all is quiet only missions in which somebody sleeps hold
   * something, and who has asked a sleeper, until it gives up.
   */
  #assertNobodyHolds({ tasks }: Sleepers): void {
    const now = this.#clock.monotonicMs;
    const asleep = new Set(tasks.map(missionOfTask));
    const holding = this.#watch.leases.holders(this.#epoch);
    const awake = holding.filter((task) => !asleep.has(missionOfTask(task)));
    const since = new Map(awake.map((task) => [task, this.#quiet.get(task) ?? now]));
    this.#quiet = since;
    const mayAsk = (task: string): boolean =>
      tasks.length > 0 && now - (since.get(task) ?? now) <= MOST_ASKING_MS;
    const waiting = awake.filter((task) => !mayAsk(task));
    assert.deepEqual(waiting, [], 'a task waits and holds a lease');
  }

  /** Another process opens the record while this one is frozen; then this one wakes up. */
  async #takeOver(disk: SimDisk, scheduler: Scheduler): Promise<void> {
    this.#epoch += 1;
    const { ledger: database } = disk;
    const now = (): number => this.#clock.wallMs;
    const { fill: random } = this.#random;
    const parts = { database, signer: this.#signer, now, random, deciders, reducers };
    disk.crashAt = 0;
    const owner = new LedgerCore({ ...parts, space: SPACE, epoch: this.#epoch });
    await scheduler.drain(WRITER);
    const { events } = countRows(database);
    assert.equal(events, owner.position, 'who lost the record wrote to it');
  }

  /** What a crash leaves is whole by itself, before anything repairs it. */
  #examine(remains: Remains): void {
    const disk = new SimDisk(remains, 0);
    try {
      this.#watch.live(disk, this.#epoch)();
      assertAcknowledged(disk.ledger, this.#acknowledged);
      if (countRows(disk.ledger).commits > 0) {
        assertRecord(disk.ledger, remains.head, this.#signer);
      }
      assertOnce(remains.world);
    } finally {
      disk.close();
    }
  }

  #conclude({ life, disk }: Living, index: number): Told {
    assertRecord(disk.ledger, disk.head, this.#signer);
    assertAcknowledged(disk.ledger, this.#acknowledged);
    assertOnce(disk.world);
    const { wishes } = this.#story;
    assertEnd(life, disk, { wishes, silences: this.#hangs.suffered });
    assert.deepEqual(this.#noise.problems, []);
    assert.deepEqual(
      this.#people.flatMap(({ surprises }) => surprises),
      [],
    );
    assert.deepEqual(life.reports.map(String), []);
    const rows = disk.ledger.prepare('SELECT body FROM events ORDER BY position').all();
    return {
      steps: this.#steps,
      lives: index + 1,
      changes: disk.changes,
      statuses: wishes.map((wish) => missionOf(life, wish)?.status ?? 'missing'),
      events: rows.map(({ body }) => Buffer.from(body as Uint8Array).toString('utf8')),
      trees: wishes.map((wish) => {
        const tree = disk.world.commits[missionOf(life, wish)?.gitCommit ?? '']?.tree;
        return tree === undefined ? null : treeId(tree);
      }),
    };
  }

  /** All missions have ended, nobody is at work, and nobody who sleeps will wake up. */
  #isOver({ life, scheduler, sleepers }: Living): boolean {
    if (scheduler.busy || sleepers.someWakes) return false;
    return this.#people.every((person) => person.isContent(life));
  }

  #fail(what: string, life: Life): never {
    const one = ({ wish }: Person): string => {
      const state = missionOf(life, wish);
      return `${state?.status} ${state?.problem?.message ?? ''}`;
    };
    assert.fail(`${what}: ${this.#people.map(one).join('; ')}`);
  }
}

/** Tells it to its end; what goes wrong is told with the seed and the step. */
export async function tell(story: Story): Promise<Told> {
  const teller = new Teller(story);
  try {
    return await teller.tell();
  } catch (cause) {
    const where = `seed ${story.seed}, step ${teller.steps}, dying before ${story.crashes}`;
    const message = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    throw new Error(`${where}: ${message}`, { cause });
  }
}

/** The types of all events, in the order of the record. */
export const typesOf = ({ events }: Told): readonly string[] =>
  events.map((event) => (JSON.parse(event) as { readonly type: string }).type);
