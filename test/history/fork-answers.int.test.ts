/** When a fork goes on at once, when it asks, when it plans anew, and when it can't be. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertEnded, dataOf, type SwarmWorld } from '../swarm/swarm-world.ts';
import { CAPITALS, everythingOf, forkAt, openForkWorld, tasksOf, treeOf } from './fork-world.ts';

/** The kind of a mission's first stretch of work: whether it made a plan of its own. */
const planned = ({ space }: SwarmWorld, mission: string): readonly string[] =>
  space.events(mission).map(({ type }) => type);

describe('the answer to a plan', () => {
  it('is taken over while nothing is asked for otherwise, and asked for again when it is', async () => {
    const world = await openForkWorld();
    const original = await world.run('capitals', { checks: ['true'] });
    assertEnded(world, original, 'done');
    const before = everythingOf(world, original.mission);

    // the moment before the answer: it waits; no base commit is compared, the fork is of that base
    world.repository.write('d.txt', 'd\n');
    world.repository.commit();
    const unanswered = dataOf(original.events, 'mission.planned')[0]?.hash ?? '';
    const planEvent = original.events.find(({ type }) => type === 'mission.planned')?.id ?? '';
    const waiting = await forkAt(world, original.mission, planEvent);
    const asked = await world.until(waiting, 'waiting');
    assert.equal(asked.forked?.inherits, original.state.plan);
    assert.deepEqual(
      tasksOf(world, waiting),
      ['base-checks', 'edit', 'edit', 'edit', 'review', 'prove'].map((kind) => `ready ${kind}`),
    );
    const answered = await world.finish(waiting);
    assertEnded(world, answered, 'done');
    assert.equal(treeOf(world, answered.state.gitCommit), treeOf(world, original.state.gitCommit));

    // right after the answer: it goes on at once, with nothing done
    const running = await forkAt(world, original.mission, 'approved');
    const went = await world.finish(running);
    assertEnded(world, went, 'done');
    assert.ok(!planned(world, running).includes('mission.planned'));
    assert.equal(went.state.approvedFrom, original.state.approvedFrom);
    assert.deepEqual(
      dataOf(went.events, 'mission.forked').map(({ approval, plan }) => [
        approval?.event,
        plan?.inheritedHash,
      ]),
      [[original.events.find(({ type }) => type === 'mission.approved')?.id, unanswered]],
    );

    // what the original found out after that moment is no answer here
    const phases = dataOf(went.events, 'check.intended').map(({ phase }) => phase);
    assert.deepEqual(phases, ['base', 'change']);

    // less than what was approved needs no new answer, anything else does
    for (const options of [{ hooks: true }, { merge: true }, { jobs: 2 }]) {
      const other = await forkAt(world, original.mission, 'end', { options });
      assert.equal(
        (await world.until(other, 'waiting')).approvedFrom,
        null,
        Object.keys(options).join(),
      );
      await world.reject(other);
    }
    assert.deepEqual(everythingOf(world, original.mission).slice(0, -2), before.slice(0, -2));
  });

  it('is not taken over from a plan that was rejected', async () => {
    const world = await openForkWorld();
    const mission = await world.submit('capitals');
    await world.until(mission, 'waiting');
    await world.reject(mission);
    const fork = await forkAt(world, mission, 'end');
    assert.equal((await world.until(fork, 'waiting')).approvedFrom, null);
    assertEnded(world, await world.finish(fork), 'done');
  });
});

describe('a fork that can take over no plan', () => {
  it('is planned anew: before the first plan, with another goal, with other checks', async () => {
    const lower = { plan: () => ({ edits: { 'a.txt': 'other\n' } }) };
    const world = await openForkWorld({ goals: { capitals: CAPITALS, lower } });
    const original = await world.run('capitals');
    const cases = [
      ['start', 'capitals', {}],
      ['end', 'capitals', { options: { checks: ['true'] } }],
      ['end', 'lower', { goal: 'lower' }],
    ] as const;
    for (const [at, recipe, asked] of cases) {
      const fork = await forkAt(world, original.mission, at, asked);
      const state = await world.until(fork, 'waiting');
      assert.equal(state.forked?.inherits, null);
      assert.deepEqual(state.forked?.done, []);
      assert.deepEqual(tasksOf(world, fork), []);
      assert.equal(state.base, original.state.base);
      const end = await world.finish(fork);
      assertEnded(world, end, 'done');
      assert.equal(end.state.recipe, recipe);
    }
  });
});

describe('a fork is refused', () => {
  it('when the base commit is gone from git', async () => {
    const world = await openForkWorld();
    const mission = await world.submit('capitals');
    await world.until(mission, 'waiting');
    await world.reject(mission);
    const { git, write } = world.repository;
    write('a.txt', 'another beginning\n');
    git('commit', '--quiet', '--all', '--amend', '--message', 'Start');
    git('reflog', 'expire', '--expire=now', '--all');
    git('gc', '--quiet', '--prune=now');
    await assert.rejects(forkAt(world, mission, 'end'), {
      name: 'repository-unsupported',
      message: /its base, git commit [0-9a-f]{10}, is gone/u,
    });
    assert.equal(world.space.ledger.read.entities('mission').length, 1);
  });

  it('when git would make other trees of the same files now', async () => {
    const world = await openForkWorld({
      files: { 'a.txt': 'a\r\n', 'b.txt': 'b\n', 'c.txt': 'c\n' },
      goals: { capitals: { plan: () => ({ edits: { 'a.txt': 'A\r\n' } }) } },
    });
    const original = await world.run('capitals');
    assertEnded(world, original, 'done');
    world.repository.write('.git/info/attributes', '*.txt text\n');
    const fork = await world.finish(await forkAt(world, original.mission, 'end'));
    assert.equal(fork.state.status, 'failed');
    assert.match(fork.state.problem?.message ?? '', /its git tree was [0-9a-f]{40}, and is/u);
    assert.equal(fork.state.problem?.error, 'evidence-missing');
    assert.deepEqual(world.branches(), [`skein/${original.mission}`]);
  });

  it('when a body of it was pruned', async () => {
    const world = await openForkWorld();
    const original = await world.run('capitals');
    const { ledger } = world.space;
    const pruned = {
      ...ledger.read,
      events: (query: Parameters<typeof ledger.read.events>[0]) =>
        ledger.read
          .events(query)
          .map((event) =>
            event.type === 'task.done' ? { ...event, body: null, type: null } : event,
          ),
    };
    const read = { ...world, space: { ...world.space, ledger: { ...ledger, read: pruned } } };
    await assert.rejects(forkAt(read, original.mission, 'end'), {
      name: 'blob-missing',
      message: /of its \d+ events until then were pruned/u,
    });
  });
});
