/** A swarm that is stopped while several of its tasks are at work, and what is left of it. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { SkeinEvent } from '#protocol/event-types.ts';
import { SwarmAgent } from '#agents/swarm-agent.ts';
import { SkeinError } from '#protocol/errors.ts';
import { localWorld } from '#workspace/local-world.ts';
import type { World } from '#workspace/world.ts';
import { Gate, coderThat } from './gate.ts';
import {
  assertEnded,
  dataOf,
  openSwarmWorld,
  type SwarmWorld,
  type SwarmWorldOptions,
} from './swarm-world.ts';
import { onePathParts, type TestGoal } from './test-recipe.ts';

const PATHS = ['a.txt', 'b.txt', 'c.txt'];
const FILES = Object.fromEntries(PATHS.map((path) => [path, 'old\n']));

/** Three tasks, each with a file of its own. */
const goal: TestGoal = {
  plan: () => ({
    edits: Object.fromEntries(PATHS.map((path) => [path, 'new\n'])),
    parts: onePathParts(...PATHS),
  }),
};

const options = (crew: SwarmWorldOptions['crew']): SwarmWorldOptions => ({
  files: FILES,
  goals: { go: goal },
  ...(crew === undefined ? {} : { crew }),
});

interface Midway {
  readonly world: SwarmWorld;
  readonly mission: string;
  readonly gate: Gate;
}

/** One of three tasks is done, two are at work and have written nothing yet. */
async function stopMidway(): Promise<Midway> {
  const gate = new Gate();
  const coder = coderThat(({ task, work }) => (task.endsWith('.1') ? undefined : gate.pass(work)));
  const world = await openSwarmWorld(options({ coder }));
  const mission = await world.begin('go', { jobs: 3 });
  await gate.until(2);
  await world.seen(({ type }) => type === 'task.done', mission);
  return { world, mission, gate };
}

const statuses = ({ world, mission }: Midway): readonly string[] =>
  ['1', '2', '3'].map((number) => world.space.task(`${mission}.${number}`).status);

const editsDone = (events: readonly SkeinEvent[]): readonly string[] =>
  events.filter(({ type }) => type === 'edit.done').map(({ subject }) => subject);

/** All three files are as planned, each was edited once. */
async function assertFinished(world: SwarmWorld, mission: string): Promise<void> {
  const end = await world.finish(mission);
  assertEnded(world, end, 'done');
  for (const path of PATHS) assert.equal(world.show(end.state.gitCommit ?? '', path), 'new\n');
  assert.deepEqual(
    editsDone(end.events).toSorted(),
    PATHS.map((path) => `file/${path}`),
  );
}

describe('a mission that is interrupted in the middle of its tasks', () => {
  it('gives everything back, and goes on where it was', async () => {
    const midway = await stopMidway();
    const { world, mission, gate } = midway;
    assert.equal(await world.supervisor.interrupt(mission, 'a person'), true);
    assert.deepEqual(statuses(midway), ['done', 'ready', 'ready']);
    assert.deepEqual(world.space.held(), []);
    assert.deepEqual(world.supervisor.agents, []);
    assert.deepEqual(world.supervisor.atWork, []);
    gate.open();
    await world.resume(mission);
    await assertFinished(world, mission);
    assert.equal(world.space.task(`${mission}.1`).attempt, 1);
  });

  it('goes on under another owner of the home', async () => {
    const midway = await stopMidway();
    const { world, mission, gate } = midway;
    await world.supervisor.close();
    assert.deepEqual(world.space.held(), []);
    gate.open();
    const next = await world.reopen();
    await next.resume(mission);
    await assertFinished(next, mission);
  });

  it('goes on after a crash: leases of the owner before are void', async () => {
    const midway = await stopMidway();
    const { world, mission, gate } = midway;
    // The record is gone from under it, as if the process had died.
    const next = await world.reopen();
    assert.equal(next.space.task(`${mission}.2`).status, 'claimed');
    await next.resume(mission);
    // Those of before wake up too, and find no record that they could write to.
    gate.open();
    await assertFinished(next, mission);
  });
});

describe('a mission that is cancelled in the middle of its tasks', () => {
  it('leaves its worktree, no branch and no lease; others may have its paths', async () => {
    const { world, mission, gate } = await stopMidway();
    await world.cancel(mission);
    const state = await world.until(mission, 'cancelled');
    assertEnded(world, { mission, state, events: [] }, 'cancelled');
    assert.equal(state.worktreeKept, true);
    assert.ok(existsSync(world.worktree(mission)));
    assert.deepEqual(world.space.held(), []);
    gate.open();
    await assertFinished(world, await world.begin('go'));
  });
});

describe('a mission one of whose agents breaks off', () => {
  const broken = new SkeinError('workspace-failed', 'Cannot edit: planted');

  it('lets the others finish, then fails and gives everything back', async () => {
    const gate = new Gate();
    const coder = coderThat(async ({ task, work }) => {
      if (task.endsWith('.1')) throw broken;
      await gate.pass(work);
    });
    const world = await openSwarmWorld(options({ coder }));
    const mission = await world.begin('go', { jobs: 2 });
    await gate.until();
    gate.open();
    const end = await world.finish(mission);
    assertEnded(world, end, 'failed');
    assert.equal(end.state.problem?.error, 'workspace-failed');
    assert.deepEqual(
      ['1', '2', '3'].map((number) => world.space.task(`${mission}.${number}`).status),
      ['failed', 'done', 'ready'],
    );
  });

  it('fails when an agent can not even begin, and its name is free again', async () => {
    let isBroken = true;
    const world = await openSwarmWorld(
      options({
        makeAgent: (given) => {
          if (isBroken && given.role === 'critic') throw broken;
          return new SwarmAgent(given);
        },
      }),
    );
    const end = await world.run('go');
    assertEnded(world, end, 'failed');
    assert.equal(end.state.problem?.error, 'workspace-failed');
    assert.deepEqual(world.supervisor.agents, []);
    isBroken = false;
    const next = await world.run('go');
    assertEnded(world, next, 'done');
    const critics = dataOf(next.events, 'task.claimed').filter(({ agent }) =>
      /critic/u.test(agent),
    );
    assert.deepEqual(
      critics.map(({ agent }) => agent),
      ['agent:critic-1'],
    );
  });
});

describe('a task that hands over while another one writes', () => {
  it('is not blamed for that', async () => {
    const [looking, written] = [new Gate(), new Gate()];
    let looks = 0;
    const findStray: World['trees']['findStray'] = async (where) => {
      looks += 1;
      if (looks > 1) return localWorld.trees.findStray(where);
      // The first task is looked at for as long as the third one takes to begin and to write.
      await looking.pass();
      return localWorld.trees.findStray(where);
    };
    const second = new Gate();
    const world = await openSwarmWorld({
      ...options({
        coder: coderThat(({ task, work }) => (task.endsWith('.2') ? second.pass(work) : undefined)),
      }),
      world: {
        trees: { ...localWorld.trees, findStray },
        files: {
          ...localWorld.files,
          write: async (edit) => {
            await localWorld.files.write(edit);
            if (edit.path === 'c.txt') {
              // Written, and not on the record yet: nothing explains the file but its task.
              looking.open();
              await written.pass();
            }
          },
        },
      },
    });
    const mission = await world.begin('go', { jobs: 2 });
    await Promise.all([looking.until(), second.until()]);
    second.open();
    await world.seen(() => world.space.task(`${mission}.1`).status === 'done', mission);
    written.open();
    await assertFinished(world, mission);
  });
});
