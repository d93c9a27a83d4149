/** A swarm in simulation: many at work, some of whom fall silent or lie, on plans that change. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MOMENTS, type Moment } from './node/hangs.ts';
import type { Betrayal } from './node/sim-crew.ts';
import { plainStory, type PlainStory, type Story } from './story.ts';
import { tell, typesOf, type Told } from './tell.ts';

const four = { paths: ['a.ts', 'b.ts', 'c.ts', 'd.ts'], parts: 4 };
const surprise = { paths: ['a.ts', 'b.ts'], parts: 2, hidden: 'e.ts' };

const count = (told: Told, type: string): number =>
  typesOf(told).filter((each) => each === type).length;

describe('a swarm', () => {
  it('makes the same tree, whether one, two or four are at work', async () => {
    const stories: readonly PlainStory[] = [
      { wishes: [four] },
      { wishes: [{ ...four, chained: true }] },
      { wishes: [{ ...four, hidden: 'e.ts', stubborn: 'b.ts' }] },
    ];
    for (const story of stories) {
      const trees = new Set<string>();
      for (const jobs of [1, 2, 3, 4]) {
        const wishes = (story.wishes ?? []).map((wish) => ({ ...wish, jobs }));
        trees.add(String((await tell(plainStory(4, { ...story, wishes }))).trees));
      }
      assert.equal(trees.size, 1);
      assert.doesNotMatch(String([...trees]), /null/);
    }
  });

  it('has several tasks in hand at once, as many as there are jobs', async () => {
    for (const jobs of [1, 2, 4]) {
      const told = await tell(plainStory(5, { wishes: [{ ...four, jobs }] }));
      assert.equal(mostAtOnce(told), jobs);
    }
  });

  it('waits for paths that another mission holds, and ends', async () => {
    const wishes = [
      { paths: ['a.ts', 'b.ts', 'c.ts'], parts: 3 },
      { paths: ['c.ts', 'b.ts'], parts: 2 },
      { paths: ['b.ts'] },
    ];
    for (let seed = 0; seed < 10; seed += 1) {
      const told = await tell(plainStory(seed, { wishes }));
      assert.deepEqual(told.statuses, ['done', 'done', 'done'], `seed ${seed}`);
      assert.ok(count(told, 'agent.declined') > 0, `seed ${seed}`);
    }
  });

  it('changes its plan: asks when it grew, goes on by itself when it did not', async () => {
    const grown = await tell(plainStory(6, { wishes: [surprise] }));
    assert.deepEqual([grown.statuses, count(grown, 'mission.approved')], [['done'], 2]);
    const other = { ...four, stubborn: 'b.ts' };
    const changed = await tell(plainStory(6, { wishes: [other] }));
    assert.deepEqual([changed.statuses, count(changed, 'mission.approved')], [['done'], 1]);
    assert.equal(count(changed, 'mission.replanned'), 1);
  });
});

/** The most edit tasks that were claimed and not done at the same time. */
function mostAtOnce({ events }: Told): number {
  const atWork = new Set<string>();
  let most = 0;
  for (const { type, subject, data } of events.map((event) => JSON.parse(event))) {
    if (type === 'lease.granted' && data.paths.length > 0) atWork.add(data.task);
    if (type === 'task.done') atWork.delete(String(subject).slice('task/'.length));
    most = Math.max(most, atWork.size);
  }
  return most;
}

/** A story in which a diagnosis is needed, if the moment is one of it. */
const silentAt = (moment: Moment, ms: number): Story =>
  plainStory(7, {
    wishes: [{ ...(moment === 'diagnose' ? surprise : four), commanded: 'f.ts' }],
    hangs: [{ moment, nth: 1, ms }],
  });

/** Before the answer to a dispatch there is no lease that anybody watches. */
const isWatched = (moment: Moment): boolean => moment !== 'claim' && moment !== 'claimed';

describe('an agent that falls silent', () => {
  for (const moment of MOMENTS) {
    it(`at "${moment}" loses its lease in time and no sooner; another one ends its task`, async () => {
      // 11 minutes and a bit are longer than any lease, 61 seconds than that of an edit.
      for (const ms of [20_000, 61_000, 670_000, Infinity]) {
        const told = await tell(silentAt(moment, ms));
        assert.deepEqual(told.statuses, ['done'], `${ms} ms`);
        if (ms === 61_000 || !isWatched(moment)) continue;
        assert.equal(count(told, 'lease.expired'), ms > 61_000 ? 1 : 0, `${ms} ms`);
      }
    });
  }

  it('and is not the last one: after three over one task the mission fails', async () => {
    const wishes = [{ paths: ['a.ts'] }];
    const hangs = [1, 2, 3].map((nth) => ({ moment: 'begin', nth, ms: Infinity }) as const);
    assert.deepEqual((await tell(plainStory(8, { wishes, hangs }))).statuses, ['failed']);
    const told = await tell(plainStory(8, { wishes, hangs: hangs.slice(1) }));
    assert.deepEqual(told.statuses, ['done']);
  });
});

const BETRAYALS: Readonly<Record<Betrayal, RegExp>> = {
  idle: /evidence-missing/,
  extra: /review-refused/,
  'behind-own': /evidence-missing/,
  'behind-other': /evidence-missing|edit-conflict/,
};

/** A mission of two tasks, the first of whose coders lies; `other` is what they write in secret. */
function lied(
  seed: number,
  how: Betrayal,
  { other, ...more }: { other: string; crashAt?: number },
) {
  const wish = { paths: ['a.ts', 'b.ts'], parts: 2 };
  const mission = plainStory(seed, {}).wishes[0]?.mission ?? '';
  const lie = { how, mission, path: 'a.ts', other };
  return plainStory(seed, { wishes: [{ ...wish, lie }], ...more });
}

describe('a coder that lies', () => {
  for (const [how, error] of Object.entries(BETRAYALS) as [Betrayal, RegExp][]) {
    it(`by "${how}" is found out, also after a crash; nothing of it is on a branch`, async () => {
      for (const other of ['b.ts', 'f.ts']) {
        const told = await tell(lied(9, how, { other }));
        assert.deepEqual([told.statuses, told.trees], [['failed'], [null]]);
        assert.match(String(told.events), error);
        for (let crashAt = 40; crashAt <= told.changes; crashAt += 7) {
          const { statuses } = await tell(lied(9, how, { other, crashAt }));
          assert.deepEqual(statuses, ['failed'], `before change ${crashAt}`);
        }
      }
    });
  }
});
