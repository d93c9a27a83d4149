/** A fork goes on from an event of another mission, and leaves that mission as it is. */
import assert from 'node:assert/strict';
import { before as beforeAll, describe, it } from 'node:test';
import type { SkeinEvent } from '#protocol/event-types.ts';
import type { MissionState, PlanState } from '#supervisor/mission-reducer.ts';
import type { EffectState } from '#tasks/effect-reducer.ts';
import { assertEnded, dataOf, type Ended, type SwarmWorld } from '../swarm/swarm-world.ts';
import {
  everythingOf,
  FAILING,
  forkAt,
  openForkWorld,
  openMidway,
  tasksOf,
  treeOf,
  type Midway,
} from './fork-world.ts';

const countOf = (events: readonly SkeinEvent[], ...types: readonly string[]): number =>
  events.filter(({ type }) => types.includes(type)).length;

describe('a fork at the end of a mission that is done', () => {
  let world: SwarmWorld;
  let original: Ended;
  let tree: string;
  beforeAll(async () => {
    world = await openForkWorld();
    original = await world.run('capitals', { checks: [FAILING] });
    assertEnded(world, original, 'done');
    tree = treeOf(world, original.state.gitCommit);
  });

  it('comes to the same git tree by a git commit of its own, and runs no check', async () => {
    const before = everythingOf(world, original.mission);
    const fork = await world.finish(await forkAt(world, original.mission, 'end'));
    assertEnded(world, fork, 'done');
    assert.equal(treeOf(world, fork.state.gitCommit), tree);
    assert.notEqual(fork.state.gitCommit, original.state.gitCommit);
    const message = world.repository.git('log', '-1', '--format=%B', fork.state.gitCommit ?? '');
    assert.match(message, new RegExp(`^Skein-Mission: ${fork.mission}$`, 'mu'));
    assert.equal(countOf(fork.events, 'check.intended', 'mission.approved', 'agent.discovered'), 0);
    assert.equal(fork.events[0]?.type, 'mission.forked');
    assert.equal(fork.events[0]?.cause, fork.state.forked?.at);
    assert.equal(fork.state.forked?.from, original.mission);
    assert.deepEqual(everythingOf(world, original.mission), before);
  });

  it('can be forked itself, also before it has laid out anything', async () => {
    const fork = await world.finish(await forkAt(world, original.mission, 'end'));
    const second = await world.finish(await forkAt(world, fork.mission, 'end'));
    const waits = await forkAt(world, original.mission, 'end', { options: { jobs: 2 } });
    await world.until(waits, 'waiting');
    const third = await world.finish(await forkAt(world, waits, 'end'));
    for (const each of [second, third]) {
      assertEnded(world, each, 'done');
      assert.equal(treeOf(world, each.state.gitCommit), tree);
      assert.equal(countOf(each.events, 'check.intended'), 0);
    }
    assert.deepEqual(
      [second, third].map(({ state }) => state.forked?.from),
      [fork.mission, waits],
    );
    assert.deepEqual((await world.space.verify()).damage, []);
  });
});

describe('a fork in the middle of a mission', () => {
  let midway: Midway;
  let before: readonly string[];
  let fork: string;
  let state: MissionState;
  beforeAll(async () => {
    midway = await openMidway();
    const { world, mission } = midway;
    before = everythingOf(world, mission);
    // Hooks are something else than what was approved: it waits, and can be looked at.
    fork = await forkAt(world, mission, 'end', { options: { hooks: true } });
    state = await world.until(fork, 'waiting');
  });

  it('changes no line of its original', () => {
    assert.deepEqual(everythingOf(midway.world, midway.mission), before);
  });

  it('takes over goal and base, the plan by reference, done tasks and answers', () => {
    const { world, mission } = midway;
    const { ledger, task, events } = world.space;
    assert.deepEqual(tasksOf(world, fork), [
      'done base-checks',
      'done edit',
      'ready edit',
      'ready edit',
      'ready review',
      'ready prove',
      'ready edit',
    ]);
    // done ones with their trees and their evidence
    assert.equal(task(`${fork}.2`).gitTree, task(`${mission}.2`).gitTree);
    const proofs = (of: string): unknown => dataOf(events(of), 'task.done').map((d) => d.checks);
    assert.deepEqual(proofs(fork), proofs(mission));
    // a running one is ready again, and the attempt counts
    assert.equal(task(`${mission}.3`).status, 'claimed');
    assert.equal(task(`${fork}.3`).attempt, 1);
    assert.equal(task(`${fork}.4`).attempt, 0);
    // the contents of the plan are the same blob
    const original = ledger.read.entity('mission', mission)?.body as MissionState;
    const [own, other] = [state, original].map(
      ({ plan }) => ledger.read.entity('plan', plan ?? '')?.body as PlanState,
    );
    assert.deepEqual([state.base, state.goal], [original.base, original.goal]);
    assert.deepEqual([own?.contents, own?.price], [other?.contents, other?.price]);
    // answers of checks, by their keys
    const base = `check/base/${FAILING}`;
    assert.deepEqual(
      state.forked?.answers.map(({ effect, from }) => `${effect} = ${from}`),
      [base, `${base}#2`].map((key) => `${fork}/${key} = ${mission}/${key}`),
    );
  });

  it('leaves with its original what was under way', () => {
    const { world, mission } = midway;
    const { ledger, task, events } = world.space;
    // no leases, and so none of the timers that watch them
    assert.equal(task(`${mission}.3`).lease, `${mission}.3.1`);
    assert.deepEqual(ledger.read.entities('lease', `${fork}.`), []);
    assert.equal(task(`${fork}.3`).lease, null);
    // no effects in flight
    const inFlight = ledger.read.entity('effect', `${mission}/edit/b.txt`)?.body as EffectState;
    assert.equal(inFlight.status, 'intended');
    assert.deepEqual(ledger.read.entities('effect', `${fork}/`), []);
    // no messages, read or unread
    const messages = ['message.sent', 'message.received'];
    assert.ok(countOf(events(mission), ...messages) > 0);
    assert.equal(countOf(events(fork), ...messages), 0);
    // no reservations: missions cost nothing today, and the budget is what was given
    assert.equal(state.forked?.budget, 0);
    // not the answer, because that was to something else
    assert.equal(state.approvedFrom, null);
  });

  it('waits for what the original holds, and uses its answers up to the fork only', async () => {
    const { world, mission, open } = midway;
    const ended = world.finish(fork);
    await world.seen(({ type }) => type === 'agent.declined', fork);
    open();
    const original = await world.finish(mission);
    const end = await ended;
    for (const each of [original, end]) assertEnded(world, each, 'done');
    const trees = [original, end].map(({ state: { gitCommit } }) => treeOf(world, gitCommit));
    assert.equal(trees[0], trees[1]);
    assert.equal(world.space.task(`${fork}.3`).attempt, 2);
    // the base checks were not run again, those on the change were
    const phases = dataOf(end.events, 'check.intended').map(({ phase }) => phase);
    assert.deepEqual(phases, ['change']);
    assert.deepEqual(
      dataOf(end.events, 'task.done').flatMap(({ checks }) => checks.map((c) => c.comparison)),
      ['base', 'failed-before-too'],
    );
  });
});
