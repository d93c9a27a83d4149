/**
 * Random histories of a person's git commits and of missions, with crashes and interruptions: going
 * back to any event gives the tree and the state that there were.
 */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { reducers } from '#daemon/state-tables.ts';
import { entityLine } from '#ledger/state/fold.ts';
import { foldMission } from '#ledger/history/fold-mission.ts';
import { parseEnvelope } from '#protocol/event.ts';
import type { SkeinEvent } from '#protocol/event-types.ts';
import { diffThen, writeThen } from '#supervisor/history/rewind-files.ts';
import { rewindMission } from '#supervisor/history/rewind.ts';
import { openRepository } from '#workspace/git/open-repository.ts';
import { ENTITY_KINDS } from '../support/entity-kinds.ts';
import { makeRandom, seededFor } from '../support/seeded-random.ts';
import { dataOf } from '../swarm/swarm-world.ts';
import { assertSameTree, readTree, type ModelTree } from './person-repository.ts';
import { FATES, RandomStory, type Fate, type ToldMission } from './random-missions.ts';

const HISTORIES = 3;
const ROUNDS = 2;
const MOMENTS = 6;

/** Compares all there is at a moment with the model; answers how many edits were under way then. */
async function checkMoment(story: RandomStory, told: ToldMission, at: string): Promise<number> {
  const { ledger } = story.world.space;
  const { mission } = told;
  const then = rewindMission({ ledger, reducers, mission, at });
  const { moment, tree, entities } = then;
  const past = eventsUntil(story, mission, moment.position);
  const expected = story.treeAfter(told, past);
  const what = `${mission} at ${at} (${moment.type})`;
  const repository = await openRepository(story.world.repository.top);
  const folder = join(story.world.repository.folder, 'then');
  const { missing, differing } = await writeThen(ledger, then, { repository, folder });
  assert.deepEqual({ missing, differing }, { missing: [], differing: [] }, what);
  assertSameTree(readTree(folder), expected, what);
  rmSync(folder, { recursive: true });
  assert.deepEqual(tree.underWay, openEdits(past), what);
  const { diff } = await diffThen(ledger, then, repository);
  assert.deepEqual(pathsIn(diff), changedPaths(story.person.treeOf(told.base), expected), what);
  const claimed = entities.filter(({ kind, body }) => {
    return kind === 'task' && (body as { status: string }).status === 'claimed';
  });
  assert.deepEqual(claimed.map(({ id }) => `task/${id}`).toSorted(), claimedTasks(past), what);
  return tree.underWay.length;
}

function eventsUntil({ world }: RandomStory, mission: string, position: number): SkeinEvent[] {
  return world.space.ledger.read
    .events({ mission, after: 0, upTo: position, limit: 10_000 })
    .map(({ body }) => parseEnvelope(body as Buffer) as SkeinEvent);
}

function openEdits(events: readonly SkeinEvent[]): string[] {
  const open = new Set<string>();
  for (const { type, subject } of events) {
    if (type === 'edit.intended') open.add(subject.slice('file/'.length));
    if (type === 'edit.done' || type === 'edit.failed') open.delete(subject.slice('file/'.length));
  }
  return [...open].sort();
}

function claimedTasks(events: readonly SkeinEvent[]): string[] {
  const claimed = new Set<string>();
  for (const { type, subject } of events) {
    if (type === 'task.claimed') claimed.add(subject);
    if (/^task\.(?:done|failed|released|dropped)$/u.test(type)) claimed.delete(subject);
  }
  return [...claimed].toSorted();
}

const pathsIn = (diff: string): string[] =>
  Array.from(diff.matchAll(/^diff --git a\/(.+) b\/\1$/gmu), ([, path = '']) => path).toSorted();

const changedPaths = (before: ModelTree, after: ModelTree): string[] =>
  Array.from(after)
    .filter(([path, { bytes }]) => !bytes.equals(before.get(path)?.bytes ?? Buffer.alloc(0)))
    .map(([path]) => path)
    .toSorted();

/** The present, folded from the mission's own events, is what the ledger has. */
function checkPresent({ world }: RandomStory, { mission }: ToldMission): void {
  const { read } = world.space.ledger;
  const live = ENTITY_KINDS.flatMap((kind) => read.entities(kind, mission)).map(entityLine);
  const { entities } = foldMission({ read, reducers, mission });
  assert.deepEqual(Array.from(entities.values(), entityLine).toSorted(), live.toSorted());
}

/** Random moments of random missions, said in every form that always means something. */
async function checkMoments(story: RandomStory): Promise<void> {
  const { random, missions, world } = story;
  for (let left = MOMENTS; left > 0; left -= 1) {
    const told = random.pick(missions);
    const events = world.space.events(told.mission);
    const at = random.pick([random.pick(events).id, random.pick(events).id, 'approved', 'end']);
    await checkMoment(story, told, at);
  }
  for (const told of missions) checkPresent(story, told);
}

/** The mission's own git commit, as git checks it out. */
async function checkCommit(story: RandomStory, told: ToldMission): Promise<void> {
  const { repository, space } = story.world;
  const [{ gitCommit } = { gitCommit: '' }] = dataOf(space.events(told.mission), 'git-commit.done');
  const folder = join(repository.folder, 'theirs');
  repository.git('worktree', 'add', '--quiet', '--detach', folder, gitCommit);
  assertSameTree(readTree(folder), story.treeAfter(told, space.events(told.mission)), gitCommit);
  repository.git('worktree', 'remove', '--force', folder);
}

describe('a random history', () => {
  let underWay = 0;
  for (let number = 0; number < HISTORIES; number += 1) {
    it(`can be gone back in to any event (history ${number + 1})`, async (context) => {
      const story = new RandomStory(makeRandom(seededFor(context).seed + number));
      await story.begin();
      for (let round = 0; round < ROUNDS; round += 1) {
        await story.round(FATES[(number * ROUNDS + round) % FATES.length] as Fate);
        for (const told of story.missions.slice(-2))
          underWay += await checkMoment(story, told, 'end');
        await checkMoments(story);
        await story.carryOn();
      }
      await checkMoments(story);
      for (const told of story.missions) await checkCommit(story, told);
      assert.equal(story.world.repository.git('status', '--porcelain'), '');
    });
  }

  it('held edits that a crash had left open', () => {
    assert.ok(underWay > 0, 'no crash came between an intent and its outcome: try another seed');
  });
});

describe('the comparison', () => {
  it('notices a file too many, a byte and a mode', () => {
    const file = { kind: 'file', bytes: Buffer.from('a') } as const;
    const tree: ModelTree = new Map([['a', file]]);
    assertSameTree(tree, new Map(tree), 'the same');
    for (const other of [
      new Map(),
      new Map([...tree, ['b', file] as const]),
      new Map([['a', { ...file, bytes: Buffer.from('b') }]]),
      new Map([['a', { ...file, kind: 'program' as const }]]),
    ]) {
      assert.throws(() => assertSameTree(tree, other, 'another'), { name: 'AssertionError' });
    }
  });
});
