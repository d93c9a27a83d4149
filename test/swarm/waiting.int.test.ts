/** Missions that want the same paths: the later one waits, goes on when they are given back, and no sooner. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SkeinError } from '#protocol/errors.ts';
import type { OpenPlace } from '#supervisor/recipe.ts';
import { localWorld } from '#workspace/local-world.ts';
import { Gate, coderThat } from './gate.ts';
import { onePathParts, type TestGoal } from './test-recipe.ts';
import { assertEnded, dataOf, openSwarmWorld, type SwarmWorld } from './swarm-world.ts';

const FILES = { 'a.txt': 'a\n', 'b.txt': 'b\n', 'c.txt': 'c\n' };

/** Writes `text` into all of `paths`. */
const writes = (text: string, ...paths: readonly string[]): TestGoal => ({
  plan: () => ({ edits: Object.fromEntries(paths.map((path) => [path, text])) }),
});

const declined = (world: SwarmWorld, mission: string): number =>
  dataOf(world.space.events(mission), 'agent.declined').length;

interface Held {
  readonly world: SwarmWorld;
  /** The mission whose coder stands at the gate, holding a.txt. */
  readonly first: string;
  readonly gate: Gate;
}

/** A mission that holds a.txt until its gate opens, and then does `next`. */
async function holdPath(next: () => void = () => undefined): Promise<Held> {
  const gate = new Gate();
  const world = await openSwarmWorld({
    files: FILES,
    goals: {
      one: writes('1\n', 'a.txt'),
      two: writes('2\n', 'a.txt', 'b.txt'),
      three: writes('3\n', 'a.txt'),
      aside: writes('4\n', 'c.txt'),
    },
    crew: {
      coder: coderThat(async ({ work }) => {
        if (work.mission !== first) return;
        await gate.pass(work);
        next();
      }),
    },
  });
  let first = '';
  first = await world.submit('one');
  await world.approve(first);
  await gate.until();
  return { world, first, gate };
}

/** Begins a mission and waits until its agent has declined and said why. */
async function beginWaiting(world: SwarmWorld, goal: string): Promise<string> {
  const mission = await world.begin(goal);
  await world.seen(({ type }) => type === 'decision.overridden', mission);
  return mission;
}

describe('a mission whose path another one holds', () => {
  it('waits without holding anything, and both end with their own trees', async () => {
    const { world, first, gate } = await holdPath();
    const second = await beginWaiting(world, 'two');
    assert.deepEqual(world.space.held(), ['agent:coder-1 a.txt']);
    const [why] = dataOf(world.space.events(second), 'agent.declined');
    assert.equal(why?.holder, 'agent:coder-1');
    assert.equal(why?.path, 'a.txt');
    const [override] = dataOf(world.space.events(second), 'decision.overridden');
    assert.equal(`${override?.layer} over ${override?.over}`, 'swarm over mission');
    assert.equal(`${override?.by} over ${override?.whom}`, 'agent:coder-1 over agent:supervisor');
    gate.open();
    const ends = [await world.finish(first), await world.finish(second)];
    for (const end of ends) assertEnded(world, end, 'done');
    const [one = '', two = ''] = ends.map(({ state }) => state.gitCommit ?? '');
    const shown = (commit: string): unknown[] =>
      ['a.txt', 'b.txt'].map((path) => world.show(commit, path));
    assert.deepEqual(shown(one), ['1\n', 'b\n']);
    assert.deepEqual(shown(two), ['2\n', '2\n']);
  });

  const ends: readonly (readonly [string, (held: Held) => Promise<unknown>])[] = [
    [
      'fails',
      async ({ gate, world, first }) => {
        gate.open();
        assert.equal((await world.until(first, 'failed')).problem?.error, 'workspace-failed');
      },
    ],
    ['is cancelled', ({ world, first }) => world.cancel(first)],
    ['is interrupted', ({ world, first }) => world.supervisor.interrupt(first, 'a person')],
  ];
  for (const [how, end] of ends) {
    it(`goes on when the other one ${how}`, async () => {
      const held = await holdPath(() => {
        throw new SkeinError('workspace-failed', 'Cannot go on: planted');
      });
      const second = await beginWaiting(held.world, 'two');
      await end(held);
      assertEnded(held.world, await held.world.finish(second), 'done');
    });
  }

  it('tries again once for what is given back, however many others wait', async () => {
    const { world, first, gate } = await holdPath();
    const waiting = [await beginWaiting(world, 'two'), await beginWaiting(world, 'three')];
    // Its tasks are done one after the other: each might have freed what the others wait for.
    const aside = await world.run('aside');
    assertEnded(world, aside, 'done');
    const done = dataOf(aside.events, 'task.done').length;
    for (const mission of waiting) {
      const count = declined(world, mission);
      assert.ok(count <= 1 + done, `${count} declined, while ${done} tasks were done`);
    }
    gate.open();
    for (const mission of [first, ...waiting]) {
      assertEnded(world, await world.finish(mission), 'done');
    }
  });

  it('lets its other tasks go on meanwhile', async () => {
    const gate = new Gate();
    let first = '';
    const world = await openSwarmWorld({
      files: FILES,
      goals: {
        one: writes('1\n', 'a.txt'),
        two: {
          plan: () => ({
            edits: { 'a.txt': '2\n', 'b.txt': '2\n', 'c.txt': '2\n' },
            parts: onePathParts('a.txt', 'b.txt', 'c.txt'),
          }),
        },
      },
      crew: {
        coder: coderThat(({ work }) => (work.mission === first ? gate.pass(work) : undefined)),
      },
    });
    first = await world.submit('one');
    await world.approve(first);
    await gate.until();
    const second = await world.begin('two', { jobs: 1 });
    // One job, and the first task in its order can't have its path: the others are done all the same.
    await world.seen(() => dataOf(world.space.events(second), 'task.done').length === 2, second);
    gate.open();
    assertEnded(world, await world.finish(second), 'done');
  });
});

/** Edits its own file, finds the other one on the way and needs a plan with both. */
const findsToo = (text: string, own: string, other: string): TestGoal => ({
  plan: ({ strategies }) => {
    const paths = strategies.length === 0 ? [own] : [own, other];
    return {
      edits: Object.fromEntries(paths.map((path) => [path, text])),
      parts: onePathParts(...paths),
    };
  },
  look: async (_goal, { planned }): Promise<readonly OpenPlace[]> =>
    planned.has(other) ? [] : [{ path: other, line: 1, preview: 'x' }],
  diagnose: async () => ({ finding: `${other} too`, strategy: 'both', paths: [other] }),
});

describe('a mission whose changed plan waits for an answer', () => {
  it('keeps nobody else waiting', async () => {
    const gate = new Gate();
    const world = await openSwarmWorld({
      files: FILES,
      goals: { one: findsToo('1\n', 'a.txt', 'b.txt'), two: writes('2\n', 'a.txt') },
      crew: { coder: coderThat(({ work }) => gate.pass(work)) },
    });
    const first = await world.begin('one');
    await gate.until();
    const second = await beginWaiting(world, 'two');
    gate.open();
    assertEnded(world, await world.finish(second), 'done');
    assert.equal((await world.until(first, 'waiting')).status, 'waiting');
    assertEnded(world, await world.finish(first), 'done');
  });
});

describe('two missions that each hold what the other one needs', () => {
  it('both end, each with both files: nobody waits while holding', async () => {
    const both = new Gate();
    const world = await openSwarmWorld({
      files: FILES,
      goals: {
        'a then b': findsToo('1\n', 'a.txt', 'b.txt'),
        'b then a': findsToo('2\n', 'b.txt', 'a.txt'),
      },
      crew: { coder: coderThat(({ work }) => both.pass(work)) },
    });
    const missions = [await world.begin('a then b'), await world.begin('b then a')];
    await both.until(2);
    assert.equal(world.space.held().length, 2);
    both.open();
    const ends = await Promise.all(missions.map((mission) => world.finish(mission)));
    for (const [index, end] of ends.entries()) {
      assertEnded(world, end, 'done');
      for (const path of ['a.txt', 'b.txt']) {
        assert.equal(world.show(end.state.gitCommit ?? '', path), `${index + 1}\n`);
      }
    }
    assert.deepEqual(world.space.held(), []);
  });

  it('the later one gives way even while it hands over, and does it again', async () => {
    const [looking, handing] = [new Gate(), new Gate()];
    let looks = 0;
    const goal = findsToo('1\n', 'a.txt', 'b.txt');
    const world = await openSwarmWorld({
      files: FILES,
      goals: {
        one: {
          ...goal,
          look: async (...asked) => {
            await looking.pass();
            return (await goal.look?.(...asked)) ?? [];
          },
        },
        two: { ...writes('2\n', 'b.txt'), look: async () => [] },
      },
      world: {
        trees: {
          ...localWorld.trees,
          findStray: async (where) => {
            if ((looks += 1) === 1) await handing.pass();
            return localWorld.trees.findStray(where);
          },
        },
      },
    });
    const first = await world.begin('one');
    await looking.until();
    const second = await world.begin('two');
    await handing.until();
    looking.open();
    await world.seen(({ type }) => type === 'lease.extended', first);
    handing.open();
    for (const mission of [first, second]) assertEnded(world, await world.finish(mission), 'done');
    const [released] = dataOf(world.space.events(second), 'task.released');
    assert.match(released?.reason ?? '', /comes first and asked for b\.txt/u);
    assert.equal(dataOf(world.space.events(second), 'task.done').length, 3);
  });
});
