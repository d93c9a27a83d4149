/** A node that dies before each of its durable changes, one after the other: nothing is lost or done twice. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { plainStory, type PlainStory } from './story.ts';
import { tell, typesOf, type Told } from './tell.ts';

/** Tells the story once for each durable change, dying before it; `check` looks at each end. */
async function dieEverywhere(
  seed: number,
  story: PlainStory,
  check: (told: Told, whole: Told, crashAt: number) => void,
): Promise<number> {
  const whole = await tell(plainStory(seed, story));
  for (let crashAt = 1; crashAt <= whole.changes; crashAt += 1) {
    check(await tell(plainStory(seed, { ...story, crashAt })), whole, crashAt);
  }
  return whole.changes;
}

const endsAlike = (told: Told, whole: Told, crashAt: number): void => {
  const ends = (each: Told) => [each.statuses, each.trees];
  assert.deepEqual(ends(told), ends(whole), `before change ${crashAt}`);
  assert.equal(told.lives, 2);
};

/** A file that the plan does not name is found by two tasks: the plan grows, a person is asked again. */
const SURPRISE = { paths: ['a.ts', 'b.ts'], parts: 2, hidden: 'e.ts', checks: [] };

describe('a node that dies', () => {
  it('before any durable change of one mission: the mission is done, each effect once', async () => {
    const changes = await dieEverywhere(1, {}, endsAlike);
    assert.ok(changes > 100, `only ${changes} durable changes`);
  });

  it('before any durable change of two missions that want one file: both are done', async () => {
    const wish = { paths: ['a.ts'], checks: [], merge: false };
    await dieEverywhere(2, { wishes: [wish, wish] }, endsAlike);
  });

  it('while a plan grows on the way and is answered again: the same is done', async () => {
    const told = await tell(plainStory(1, { wishes: [SURPRISE] }));
    assert.equal(typesOf(told).filter((type) => type === 'mission.approved').length, 2);
    assert.ok(typesOf(told).filter((type) => type === 'agent.discovered').length > 1);
    const changes = await dieEverywhere(1, { wishes: [SURPRISE] }, endsAlike);
    assert.ok(changes > 180, `only ${changes} durable changes`);
  });

  it('while a grown plan is answered with no: nothing is done', async () => {
    const wish = { ...SURPRISE, answers: ['approve', 'reject'] } as const;
    await dieEverywhere(3, { wishes: [wish] }, (told, whole, crashAt) => {
      assert.deepEqual(told.statuses, ['rejected'], `before change ${crashAt}`);
      endsAlike(told, whole, crashAt);
    });
  });
});
