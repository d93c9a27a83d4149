/** Whatever may become of a mission: its record is decided, folded and answered again all the same. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { OpenPlace } from '#supervisor/recipe.ts';
import { Gate, coderThat } from '../swarm/gate.ts';
import { openSwarmWorld, type SwarmWorld } from '../swarm/swarm-world.ts';
import { onePathParts, type TestGoal } from '../swarm/test-recipe.ts';
import { TestTimers } from '../swarm/test-timers.ts';
import { CAPITALS, FILES, forkAt, openForkWorld } from './fork-world.ts';
import { replay } from './replay-world.ts';

/** Replays every mission of a world; all commands must be decided as they were. */
async function replayAll(world: SwarmWorld): Promise<void> {
  const missions = world.space.ledger.read.entities('mission').map(({ id }) => id);
  assert.ok(missions.length > 0);
  for (const mission of missions) {
    const { difference, decided, commands, other, firstOther } = await replay(world, mission);
    const found = difference === null ? '' : [difference.what, ...difference.lines].join('\n');
    assert.equal(found, '');
    assert.equal(`${decided} ${other} ${firstOther}`, `${commands} 0 null`);
  }
}

const happened = (world: SwarmWorld, mission: string, ...types: readonly string[]): void => {
  const seen = new Set<string>(world.space.events(mission).map(({ type }) => type));
  assert.deepEqual(
    types.filter((type) => !seen.has(type)),
    [],
  );
};

/** Writes a.txt, finds b.txt on the way, and must write it too. */
const growing: TestGoal = {
  plan: ({ strategies }) => {
    const edits = { 'a.txt': 'A\n', ...(strategies.length > 0 ? { 'b.txt': 'B\n' } : {}) };
    return { edits, parts: onePathParts(...Object.keys(edits)) };
  },
  look: async (_goal, { planned }): Promise<readonly OpenPlace[]> =>
    planned.has('b.txt') ? [] : [{ path: 'b.txt', line: 1, preview: 'b' }],
  diagnose: async () => ({ finding: 'too small', strategy: 'both', paths: ['b.txt'] }),
};

describe('a replay of a mission', () => {
  it('whose plan changed, was asked about again, and was forked then', async () => {
    const world = await openSwarmWorld({ files: FILES, goals: { go: growing } });
    const { mission, state } = await world.run('go', { checks: ['true'] });
    assert.equal(state.status, 'done');
    happened(world, mission, 'agent.diagnosed', 'lease.extended', 'task.released');
    // Of the plan that counts now, whose tasks are not numbered as those of the first.
    const fork = await world.finish(await forkAt(world, mission, 'approved'));
    assert.equal(fork.state.status, 'done', fork.state.problem?.message ?? '');
    assert.equal(world.show(fork.state.gitCommit ?? '', 'b.txt'), 'B\n');
    await replayAll(world);
  });

  it('that was rejected, cancelled, or failed', async () => {
    const world = await openForkWorld();
    const rejected = await world.submit('capitals');
    await world.until(rejected, 'waiting');
    await world.reject(rejected);
    const cancelled = await world.submit('capitals');
    await world.until(cancelled, 'waiting');
    await world.cancel(cancelled);
    const broken = await world.run('capitals', { checks: ['grep -q a a.txt'] });
    assert.equal(broken.state.status, 'failed');
    happened(world, broken.mission, 'task.failed', 'lease.released', 'mission.failed');
    await replayAll(world);
  });

  it('that was interrupted and resumed, and then lost its node', async () => {
    const gates = { interrupted: new Gate(), dead: new Gate() };
    const world = await openForkWorld({
      crew: {
        coder: coderThat(({ work, task }) =>
          task.endsWith('.2') ? gates.interrupted.pass(work) : undefined,
        ),
      },
    });
    const mission = await world.begin('capitals');
    await gates.interrupted.until();
    await world.supervisor.interrupt(mission, 'a person');
    happened(world, mission, 'mission.interrupted');
    await replayAll(world);
    const next = await world.reopen({
      crew: {},
      pause: async (point, { subject }) => {
        if (point === 'after-effect' && subject === 'file/b.txt') await gates.dead.pass();
      },
    });
    await next.resume(mission);
    await gates.dead.until();
    const last = await next.reopen({ pause: async () => undefined });
    await last.resume(mission);
    assert.equal((await last.finish(mission)).state.status, 'done');
    await replayAll(last);
    gates.dead.open();
  });

  it('whose agent fell silent, beside one that waited for its paths', async () => {
    const timers = new TestTimers();
    const gate = new Gate();
    let attempts = 0;
    const world = await openSwarmWorld({
      files: FILES,
      goals: { capitals: CAPITALS, other: { plan: () => ({ edits: { 'a.txt': 'other\n' } }) } },
      timers,
      jobs: 1,
      crew: { coder: coderThat(() => ((attempts += 1) === 1 ? gate.pass() : undefined)) },
    });
    const silent = await world.begin('capitals');
    await gate.until();
    const waits = await world.begin('other');
    await world.seen(({ type }) => type === 'agent.declined', waits);
    timers.advance(60_000);
    for (const mission of [silent, waits]) {
      assert.equal((await world.finish(mission)).state.status, 'done');
    }
    gate.open();
    happened(world, silent, 'lease.expired', 'task.released');
    await replayAll(world);
  });
});
