/** A fork goes on from an event of another mission, and leaves that mission as it is. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SkeinEvent } from '#protocol/event-types.ts';
import type { MissionState, PlanState } from '#supervisor/mission-reducer.ts';
import type { EffectState } from '#tasks/effect-reducer.ts';
import { assertEnded, dataOf } from '../swarm/swarm-world.ts';
import {
  everythingOf,
  FAILING,
  forkAt,
  openForkWorld,
  openMidway,
  tasksOf,
  treeOf,
} from './fork-world.ts';

const typesOf = (events: readonly SkeinEvent[], ...types: readonly string[]): number =>
  events.filter(({ type }) => types.includes(type)).length;

describe('a fork at the end of a mission that is done', () => {
  it('comes to the same git tree by a git commit of its own, runs no check, and can be forked', async () => {
    const world = await openForkWorld();
    const original = await world.run('capitals', { checks: [FAILING] });
    assertEnded(world, original, 'done');
    const before = everythingOf(world, original.mission);
    const tree = treeOf(world, original.state.gitCommit);

    const fork = await world.finish(await forkAt(world, original.mission, 'end'));
    assertEnded(world, fork, 'done');
    assert.equal(treeOf(world, fork.state.gitCommit), tree);
    assert.notEqual(fork.state.gitCommit, original.state.gitCommit);
    const message = world.repository.git('log', '-1', '--format=%B', fork.state.gitCommit ?? '');
    assert.match(message, new RegExp(`^Skein-Mission: ${fork.mission}$`, 'mu'));
    assert.equal(typesOf(fork.events, 'check.intended', 'mission.approved', 'agent.discovered'), 0);
    assert.equal(fork.events[0]?.type, 'mission.forked');
    assert.equal(fork.events[0]?.cause, fork.state.forked?.at);
    assert.equal(fork.state.forked?.from, original.mission);

    const second = await world.finish(await forkAt(world, fork.mission, 'end'));
    assertEnded(world, second, 'done');
    assert.equal(treeOf(world, second.state.gitCommit), tree);
    assert.equal(second.state.forked?.from, fork.mission);
    assert.deepEqual(everythingOf(world, original.mission), before);
    assert.deepEqual((await world.space.ledger.verify([])).damage, []);
  });
});

describe('a fork in the middle of a mission', () => {
  it('takes over what was done, and nothing of what was under way', async () => {
    const { world, mission, open } = await openMidway();
    const { ledger, task, events } = world.space;
    const before = everythingOf(world, mission);
    // Hooks are something else than what was approved: it waits, and can be looked at.
    const fork = await forkAt(world, mission, 'end', { options: { hooks: true } });
    const state = await world.until(fork, 'waiting');
    assert.deepEqual(everythingOf(world, mission), before);

    // done tasks stay done, with their trees and their evidence
    assert.deepEqual(tasksOf(world, fork), [
      'done base-checks',
      'done edit',
      'ready edit',
      'ready edit',
      'ready review',
      'ready prove',
      'ready edit',
    ]);
    assert.equal(task(`${fork}.2`).gitTree, task(`${mission}.2`).gitTree);
    const proofs = (of: string): unknown => dataOf(events(of), 'task.done').map((d) => d.checks);
    assert.deepEqual(proofs(fork), proofs(mission));
    // a running one is ready again, and the attempt counts
    assert.equal(task(`${mission}.3`).status, 'claimed');
    assert.equal(task(`${fork}.3`).attempt, 1);
    assert.equal(task(`${fork}.4`).attempt, 0);
    // base, goal and plan, whose contents are the same blob
    const planOf = (of: MissionState): PlanState =>
      ledger.read.entity('plan', of.plan ?? '')?.body as PlanState;
    const original = ledger.read.entity('mission', mission)?.body as MissionState;
    assert.deepEqual([state.base, state.goal], [original.base, original.goal]);
    assert.deepEqual(planOf(state).contents, planOf(original).contents);
    assert.deepEqual(planOf(state).price, planOf(original).price);
    // answers of checks, by reference
    const answered = state.forked?.answers.map(({ effect, from }) => `${effect} = ${from}`);
    const base = `check/base/${FAILING}`;
    assert.deepEqual(
      answered,
      [base, `${base}#2`].map((key) => `${fork}/${key} = ${mission}/${key}`),
    );
    // no leases, and so none of the timers that watch them
    assert.deepEqual(ledger.read.entities('lease', `${fork}.`), []);
    assert.equal(task(`${fork}.3`).lease, null);
    // no effects in flight: the original's intent is open, the fork has none
    const inFlight = ledger.read.entity('effect', `${mission}/edit/b.txt`)?.body as EffectState;
    assert.equal(inFlight.status, 'intended');
    assert.deepEqual(ledger.read.entities('effect', `${fork}/`), []);
    // no messages, read or unread
    assert.equal(typesOf(events(fork), 'message.sent', 'message.received'), 0);
    // no reservations: missions cost nothing today, and the budget is what was given
    assert.equal(state.forked?.budget, 0);
    // the answer, because it was to something else
    assert.equal(state.approvedFrom, null);

    // what the original holds is waited for, as by any other mission
    const ended = world.finish(fork);
    await world.seen(({ type }) => type === 'agent.declined', fork);
    open();
    assertEnded(world, await world.finish(mission), 'done');
    const end = await ended;
    assertEnded(world, end, 'done');
    assert.equal(
      treeOf(world, end.state.gitCommit),
      treeOf(world, (await world.until(mission, 'done')).gitCommit),
    );
    assert.equal(task(`${fork}.3`).attempt, 2);
    // the base checks were not run again; what they said is what the proof was compared with
    const phases = dataOf(end.events, 'check.intended').map(({ phase }) => phase);
    assert.deepEqual(phases, ['change']);
    assert.deepEqual(
      dataOf(end.events, 'task.done').flatMap(({ checks }) => checks.map((c) => c.comparison)),
      ['base', 'failed-before-too'],
    );
  });
});
