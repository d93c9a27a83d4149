/**
 * Random missions that share files and commits, pruned at random and told further: the record stays
 * whole, its state the same, and what was not pruned can be read to the last blob.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventsToPrune, type PrunedWhat } from '#ledger/prune/prune-plan.ts';
import { blobsInList, eventsWithBlobs, namedBlobs } from '#ledger/prune/named-blobs.ts';
import { findBlob } from '#ledger/store/blob-store.ts';
import { openSpaceWriter, prunableStory, type SpaceWriter } from '../support/prunable-space.ts';
import type { StoryStep } from '../support/mission-story.ts';
import { makeRandom, seededFor, type SeededRandom } from '../support/seeded-random.ts';
import { verifyFolder } from '../support/space-folder.ts';

const ROUNDS = process.env['SKEIN_LONG'] === undefined ? 5 : 60;
/** One mission as the model knows it. */
interface Told {
  readonly mission: string;
  /** Its story; told anew for each step, since blobs are stored right before they are named. */
  readonly story: () => readonly StoryStep[];
  readonly steps: number;
  step: number;
  /** How many events it has. */
  events: number;
  pruned: PrunedWhat | null;
}

const hasEnded = ({ steps, step }: Told): boolean => step === steps;

/** A space, its missions on their way, and chance. */
class History {
  writer: SpaceWriter = openSpaceWriter();
  readonly missions: Told[] = [];
  readonly random: SeededRandom;
  #seed = 100;

  constructor(random: SeededRandom) {
    this.random = random;
  }

  get open(): readonly Told[] {
    return this.missions.filter((told) => !hasEnded(told));
  }

  /** Up to its claim, so that leases are granted in the order of missions. */
  begin(): void {
    const { random } = this;
    const token = this.missions.length + 1;
    const mission = `m${String(token).padStart(3, '0')}`;
    const versions = Array.from({ length: 1 + random.below(3) }, () => random.below(6));
    const paths = versions.map((version, index) => `src/${mission}/${index}-${version}.ts`);
    // Missions have contents and outputs in common.
    const content = (path: string): string => `version ${path.slice(-4, -3)}\n`;
    const output = `output ${random.below(5)}\n`.repeat(600);
    const story = (): readonly StoryStep[] =>
      prunableStory(this.writer, { mission, token, paths, content, output });
    const names = story().map(({ name }) => name);
    const told: Told = { mission, story, steps: names.length, step: 0, events: 0, pruned: null };
    this.missions.push(told);
    const claim = names.indexOf('task.claim');
    while (told.step <= claim) this.#store([told]);
  }

  /** The next step of several missions, in one commit. */
  goOn(): void {
    this.#store(this.random.shuffle(this.open).slice(0, 1 + this.random.below(3)));
  }

  #store(missions: readonly Told[]): void {
    const { ledger } = this.writer;
    const steps = missions.map(({ story, step }) => story()[step] as StoryStep);
    const outcomes = ledger.flush(...steps.map(({ name, input }) => ledger.pending(name, input)));
    for (const [index, told] of missions.entries()) {
      const outcome = outcomes[index];
      assert.ok(outcome?.type === 'stored', JSON.stringify(outcome));
      told.events += outcome.receipt.events.length;
      told.step += 1;
    }
  }

  prune(): void {
    const what = this.random.pick(['bodies', 'bodies', 'outputs'] as const);
    const chosen = this.missions.filter((told) => hasEnded(told) && this.random.below(2) === 0);
    const { stateHash } = verifyFolder(this.writer);
    this.writer.prune(
      chosen.map(({ mission }) => mission),
      what,
    );
    for (const told of chosen) if (told.pruned !== 'bodies') told.pruned = what;
    const after = verifyFolder(this.writer);
    assert.deepEqual([after.damage, after.stateHash], [[], stateHash]);
    this.check();
  }

  /** Folded anew as it is opened: what can't be folded any more is taken from what was kept. */
  reopen(): void {
    const { folder, signer, ledger } = this.writer;
    const { stateHash } = verifyFolder(this.writer);
    ledger.database.exec("UPDATE meta SET value = 'older' WHERE key = 'reducers'");
    this.writer.close();
    // Of the same epoch: leases go on.
    this.#seed += 10;
    this.writer = openSpaceWriter({ folder, signer, seed: this.#seed });
    const after = verifyFolder(this.writer);
    assert.deepEqual([after.damage, after.stateHash], [[], stateHash]);
  }

  /** All that was not pruned is there: every event, and every blob that one of them needs. */
  check(): void {
    const { ledger, blobs } = this.writer;
    const pruned = this.missions.filter(({ pruned: what }) => what === 'bodies');
    assert.equal(
      verifyFolder(this.writer).pruned,
      pruned.reduce((sum, { events }) => sum + events, 0),
    );
    for (const { mission, events, pruned: what } of this.missions) {
      const left = [...eventsToPrune(ledger.database, mission)].length;
      assert.equal(left, what === 'bodies' ? 0 : events, mission);
    }
    const withoutOutputs = new Set(
      this.missions.filter(({ pruned: what }) => what !== null).map(({ mission }) => mission),
    );
    for (const { mission, body, event } of eventsWithBlobs(ledger.database)) {
      const { outputs, lists, others } = namedBlobs(body, event);
      const needed = [...(withoutOutputs.has(mission) ? [] : outputs), ...lists, ...others];
      const listed = lists.flatMap((hash) => blobsInList(findBlob(blobs, hash) as Buffer));
      for (const hash of [...needed, ...listed]) {
        assert.ok(findBlob(blobs, hash) !== undefined, `${event.type} of ${mission} needs ${hash}`);
      }
    }
  }
}

describe('random missions, pruned at random', () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    it(`round ${round}: whole, the same state, and all that stays can be read`, (context) => {
      const history = new History(makeRandom(seededFor(context).seed + round));
      for (let step = 0; step < 150; step += 1) {
        const chance = history.random.below(100);
        if (chance < 2) history.reopen();
        else if (chance < 8) history.prune();
        else if (chance < 16 || history.open.length === 0) history.begin();
        else history.goOn();
      }
      history.prune();
      history.writer.close();
    });
  }
});
