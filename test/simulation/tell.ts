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
import {
  assertAcknowledged,
  assertEnd,
  assertLeases,
  assertOnce,
  assertRecord,
  type EpochStart,
} from './oracle.ts';
import { missionOf, Person } from './person.ts';
import { Scheduler, type SimClock } from './scheduler.ts';
import { Crashed, SimDisk, type Remains } from './sim-disk.ts';
import { startLife, WRITER, type Acknowledged, type Life } from './sim-node.ts';
import { START_MS, type Story } from './story.ts';
import { newWorld } from './world-state.ts';

/** How a story ended. */
export interface Told {
  readonly steps: number;
  readonly lives: number;
  /** Durable changes of the last life. */
  readonly changes: number;
  readonly statuses: readonly string[];
  /** Every event, as it stands on the record. */
  readonly events: readonly string[];
}

/** More than any story needs: who takes longer is stuck. */
const MAX_STEPS = 6_000;

/** PKCS8 of an ed25519 key, before its 32 bytes (RFC 8410). */
const KEY_PREFIX = '302e020100300506032b657004220420';

const seededSigner = (random: SeededRandom): Signer => {
  const bytes = random.fill(Buffer.alloc(32));
  const der = Buffer.concat([Buffer.from(KEY_PREFIX, 'hex'), bytes]);
  return makeSigner(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
};

/** One telling. */
class Teller {
  readonly #story: Story;
  readonly #random: SeededRandom;
  readonly #clock: SimClock = { wallMs: START_MS, monotonicMs: 0 };
  readonly #signer: Signer;
  readonly #newId: () => string;
  readonly #people: readonly Person[];
  readonly #acknowledged: Acknowledged[] = [];
  readonly #epochs: EpochStart[] = [];
  readonly #noise: Noise;
  #steps = 0;
  #epoch = 0;

  constructor(story: Story) {
    this.#story = story;
    this.#random = makeRandom(story.seed + 1);
    this.#signer = seededSigner(makeRandom(story.seed + 2));
    const { fill } = makeRandom(story.seed + 3);
    this.#newId = makeUuidv7({ now: () => this.#clock.wallMs, random: fill });
    this.#people = story.wishes.map((wish) => new Person(wish, this.#newId));
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
    const scheduler = new Scheduler(this.#random, this.#clock);
    const life = this.#start(disk, scheduler);
    if (life === undefined) return undefined;
    const freezeAt = this.#steps + (this.#story.frozen[index] ?? MAX_STEPS);
    while (!(this.#isOver(life) && !scheduler.busy)) {
      const went = await this.#step(life, scheduler);
      assert.deepEqual(life.violations, []);
      if (disk.remains !== undefined) return undefined;
      if (this.#steps >= freezeAt && scheduler.has(WRITER)) {
        await this.#takeOver(disk, scheduler);
        return undefined;
      }
      assert.ok(went || scheduler.busy || this.#isOver(life), `stuck: ${this.#statuses(life)}`);
    }
    return this.#conclude(life, disk, index);
  }

  #start(disk: SimDisk, scheduler: Scheduler): Life | undefined {
    this.#enterEpoch(disk);
    try {
      return startLife({
        disk,
        scheduler,
        clock: this.#clock,
        signer: this.#signer,
        epoch: this.#epoch,
        random: this.#random.fill,
        newId: this.#newId,
        acknowledge: (done) => this.#acknowledged.push(done),
      });
    } catch (thrown) {
      if (thrown instanceof Crashed) return undefined;
      throw thrown;
    }
  }

  #enterEpoch({ ledger }: SimDisk): void {
    this.#epoch += 1;
    this.#epochs.push({ epoch: this.#epoch, after: countRows(ledger).events });
  }

  async #step(life: Life, scheduler: Scheduler): Promise<boolean> {
    this.#steps += 1;
    assert.ok(this.#steps < MAX_STEPS, `it does not end: ${this.#statuses(life)}`);
    const { noise } = this.#story;
    if (!scheduler.busy || this.#random.below(4) === 0) {
      for (const person of this.#random.shuffle(this.#people)) person.act(life, this.#steps);
    }
    if (noise > 0 && scheduler.busy && this.#random.below(noise) === 0) this.#noise.act(life);
    return scheduler.step();
  }

  /** Another process opens the record while this one is frozen; then this one wakes up. */
  async #takeOver(disk: SimDisk, scheduler: Scheduler): Promise<void> {
    this.#enterEpoch(disk);
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
      assertAcknowledged(disk.ledger, this.#acknowledged);
      if (countRows(disk.ledger).commits > 0) {
        assertRecord(disk.ledger, remains.head, this.#signer);
      }
      assertOnce(remains.world);
    } finally {
      disk.close();
    }
  }

  #conclude(life: Life, disk: SimDisk, index: number): Told {
    assertRecord(disk.ledger, disk.head, this.#signer);
    assertAcknowledged(disk.ledger, this.#acknowledged);
    assertLeases(disk.ledger, this.#epochs);
    assertOnce(disk.world);
    assertEnd(life, disk, this.#story.wishes);
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
      statuses: this.#story.wishes.map((wish) => missionOf(life, wish)?.status ?? 'missing'),
      events: rows.map(({ body }) => Buffer.from(body as Uint8Array).toString('utf8')),
    };
  }

  #isOver(life: Life): boolean {
    return this.#people.every((person) => person.isContent(life));
  }

  #statuses(life: Life): string {
    const one = (person: Person): string => {
      const state = missionOf(life, person.wish);
      return `${state?.status} ${state?.problem?.message ?? ''}`;
    };
    return this.#people.map(one).join('; ');
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
