/**
 * Agents that fall silent: their leases end by the home's own clock, their tasks go to others, and
 * whatever they still do when they wake up is refused. No test waits for real: the clock is moved.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Assignment } from '#agents/assignment.ts';
import { SwarmAgent } from '#agents/swarm-agent.ts';
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import type { Crew } from '#supervisor/crew.ts';
import type { ProposedEdit } from '#workspace/apply-edit.ts';
import { localWorld } from '#workspace/local-world.ts';
import type { World } from '#workspace/world.ts';
import { Gate, coderThat } from './gate.ts';
import {
  assertEnded,
  dataOf,
  openSwarmWorld,
  realCoder,
  type SwarmWorld,
  type SwarmWorldOptions,
} from './swarm-world.ts';
import { onePathParts } from './test-recipe.ts';
import { TestTimers } from './test-timers.ts';

const EDIT_TTL_MS = 60_000;
const ANSWER_MS = 30_000;

interface Still {
  readonly world: SwarmWorld;
  readonly timers: TestTimers;
}

const EDITS = { 'a.txt': 'A\n', 'b.txt': 'B\n' };

/** A world whose clock stands still; its goal writes a.txt and b.txt. */
async function openStill(crew: Partial<Crew>, more: Partial<SwarmWorldOptions> = {}) {
  const timers = new TestTimers();
  const options: SwarmWorldOptions = {
    files: { 'a.txt': 'a\n', 'b.txt': 'b\n' },
    goals: { go: { plan: () => ({ edits: EDITS }) } },
    crew,
    timers,
    ...more,
  };
  return { world: await openSwarmWorld(options), timers } satisfies Still;
}

/** Moves the clock each time somebody has come to `gate`, so often. */
async function tireOut({ timers }: Still, gate: Gate, times: number, ms: number): Promise<void> {
  for (let time = 1; time <= times; time += 1) {
    await gate.until(time);
    timers.advance(ms);
  }
}

const claims = (world: SwarmWorld, mission: string): readonly string[] =>
  dataOf(world.space.events(mission), 'task.claimed').map(
    ({ agent, attempt }) => `${agent} ${attempt}`,
  );

describe('an agent that hangs', () => {
  it('keeps its lease until it was silent for the whole time, then another one finishes', async () => {
    const [hung, second] = [new Gate(), new Gate()];
    let attempts = 0;
    const still = await openStill({
      coder: coderThat(({ work }) => ((attempts += 1) === 1 ? hung.pass() : second.pass(work))),
    });
    const { world, timers } = still;
    const mission = await world.begin('go');
    await hung.until();
    timers.advance(EDIT_TTL_MS - 1);
    assert.deepEqual(world.space.held(), ['agent:coder-1 a.txt b.txt']);
    timers.advance(1);
    await second.until();
    assert.deepEqual(world.space.held(), ['agent:coder-2 a.txt b.txt']);
    assert.deepEqual(
      world.supervisor.agents.map(({ name, state }) => `${name} ${state}`),
      ['agent:coder-1 lost', 'agent:coder-2 at work'],
    );
    const [expired] = dataOf(world.space.events(mission), 'lease.expired');
    assert.deepEqual(expired, { ttlMs: EDIT_TTL_MS });
    second.open();
    assertEnded(world, await world.finish(mission), 'done');
    assert.deepEqual(claims(world, mission).slice(0, 2), ['agent:coder-1 1', 'agent:coder-2 2']);
    assert.deepEqual(world.supervisor.agents, []);
    hung.open();
  });

  it('keeps it for ever while it gives signs of life', async () => {
    const gate = new Gate();
    const still = await openStill({
      coder: coderThat(async ({ alive }) => {
        for (let time = 0; time < 20; time += 1) {
          still.timers.advance(EDIT_TTL_MS - 1);
          alive();
        }
        await gate.pass();
      }),
    });
    const mission = await still.world.begin('go');
    await gate.until();
    gate.open();
    assertEnded(still.world, await still.world.finish(mission), 'done');
    assert.deepEqual(dataOf(still.world.space.events(mission), 'lease.expired'), []);
  });

  it('leaves the others at work alone', async () => {
    const [hung, other] = [new Gate(), new Gate()];
    const still = await openStill(
      {
        coder: coderThat(({ task, work, agent }) => {
          if (agent.name === 'agent:coder-1') return hung.pass();
          return task.endsWith('.2') ? other.pass(work) : undefined;
        }),
      },
      { goals: { go: { plan: () => ({ edits: EDITS, parts: onePathParts('a.txt', 'b.txt') }) } } },
    );
    const mission = await still.world.begin('go', { jobs: 2 });
    await Promise.all([hung.until(), other.until()]);
    // Both gave a sign of life when they took their task: the other one hands over just in time.
    still.timers.advance(EDIT_TTL_MS - 1);
    other.open();
    await still.world.seen(({ type }) => type === 'task.done', mission);
    still.timers.advance(1);
    const end = await still.world.finish(mission);
    assertEnded(still.world, end, 'done');
    assert.equal(dataOf(end.events, 'lease.expired').length, 1);
  });

  it('is given up after three were silent: the mission fails, and nothing is held', async () => {
    const gate = new Gate();
    const still = await openStill({ coder: coderThat(() => gate.pass()) });
    const mission = await still.world.begin('go');
    await tireOut(still, gate, 3, EDIT_TTL_MS);
    const end = await still.world.finish(mission);
    assertEnded(still.world, end, 'failed');
    assert.equal(end.state.problem?.error, 'agent-lost');
    assert.equal(dataOf(end.events, 'lease.expired').length, 3);
    gate.open();
  });

  it('may have yielded and been interrupted before: only silences are counted', async () => {
    const gate = new Gate();
    let silences = 0;
    const still = await openStill({
      coder: coderThat(async ({ work }) => {
        await gate.pass(work).catch((thrown: unknown) => {
          if (toSkeinError(thrown).name === 'interrupted') throw thrown;
          silences += 1;
          throw thrown;
        });
      }),
    });
    const { world } = still;
    const mission = await world.begin('go');
    for (const time of [1, 2, 3]) {
      await gate.until(time);
      await world.supervisor.interrupt(mission, 'a person');
      await world.resume(mission);
    }
    await gate.until(4);
    still.timers.advance(EDIT_TTL_MS);
    await gate.until(5);
    gate.open();
    assertEnded(world, await world.finish(mission), 'done');
    assert.equal(silences, 1);
  });

  it('and breaks off at once when it is stopped is replaced like one that does not', async () => {
    const gate = new Gate();
    const still = await openStill({
      coder: coderThat(({ work, agent }) =>
        agent.name === 'agent:coder-1' ? gate.pass(work) : undefined,
      ),
    });
    const mission = await still.world.begin('go');
    await gate.until();
    still.timers.advance(EDIT_TTL_MS);
    assertEnded(still.world, await still.world.finish(mission), 'done');
    assert.deepEqual(claims(still.world, mission).slice(0, 2), [
      'agent:coder-1 1',
      'agent:coder-2 2',
    ]);
  });
});

describe('an agent that wakes up after its lease ended', () => {
  interface Woken extends Still {
    readonly mission: string;
    readonly assignment: Assignment;
    readonly edits: readonly ProposedEdit[];
    /** Where the second attempt stands before its edits, and after them. */
    readonly second: Gate;
    readonly written: Gate;
    readonly wakeUp: () => void;
    /** How often the supervisor has looked at what was handed over. */
    readonly looks: () => number;
  }

  /** The first coder has lost its lease, the second one has it and has written nothing yet. */
  async function loseLease(): Promise<Woken> {
    const [hung, second, written] = [new Gate(), new Gate(), new Gate()];
    const coder = realCoder();
    let looks = 0;
    const lost: { assignment?: Assignment; edits?: readonly ProposedEdit[] } = {};
    const crew: Partial<Crew> = {
      coder: {
        ...coder,
        edit: async (assignment, edits) => {
          if (lost.assignment !== undefined) {
            await second.pass(assignment.work);
            await coder.edit(assignment, edits);
            return written.pass(assignment.work);
          }
          lost.assignment = assignment;
          lost.edits = edits;
          // It does not listen when it is told to stop, and says in the end that all is done.
          return hung.pass();
        },
      },
    };
    const findStray: World['trees']['findStray'] = (where) => {
      looks += 1;
      return localWorld.trees.findStray(where);
    };
    const still = await openStill(crew, {
      world: { trees: { ...localWorld.trees, findStray } },
    });
    const mission = await still.world.begin('go');
    await hung.until();
    still.timers.advance(EDIT_TTL_MS);
    await second.until();
    const { assignment, edits } = lost as Required<typeof lost>;
    const found = { mission, assignment, edits, second, written };
    return { ...still, ...found, wakeUp: hung.open, looks: () => looks };
  }

  it('cannot write: its token is not that of the lease', async () => {
    const { world, mission, assignment, edits, second, written } = await loseLease();
    // As itself, without the signal that stops it.
    const asItself = { ...assignment, work: assignment.agent.work };
    await assert.rejects(realCoder().edit(asItself, edits), { name: 'lease-missing' });
    const file = join(world.worktree(mission), 'a.txt');
    assert.equal(readFileSync(file, 'utf8'), 'a\n');
    // The twin: who has the lease may.
    second.open();
    written.open();
    assertEnded(world, await world.finish(mission), 'done');
  });

  it('cannot call the task done, with its token or with that of the other', async () => {
    const { world, mission, assignment, second, written } = await loseLease();
    const { task, lease, work } = assignment;
    const gitTree = 'c0'.repeat(20);
    const finish = (token: number): Promise<unknown> =>
      work.record('task.finish', { task, gitTree, checks: [], token });
    await assert.rejects(finish(lease.token), { name: 'lease-missing' });
    await assert.rejects(work.record('lease.extend', { ...lease, path: 'c.txt', why: 'x' }), {
      name: 'lease-missing',
    });
    second.open();
    written.open();
    assertEnded(world, await world.finish(mission), 'done');
  });

  it('hands nothing over, even when it says that it is done', async () => {
    const { world, mission, second, written, wakeUp, looks } = await loseLease();
    second.open();
    await written.until();
    // All is as the woken one says by now, but it was another one that did it.
    wakeUp();
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(looks(), 0);
    written.open();
    assertEnded(world, await world.finish(mission), 'done');
    // Once when the other one handed over, once before the git commit.
    assert.equal(looks(), 2);
  });
});

/** An agent that is not there when the supervisor calls. */
class AbsentAgent extends SwarmAgent {
  override join(): void {
    // It hears nothing.
  }
}

describe('an agent that does not answer', () => {
  it('is replaced when nobody listens in its name', async () => {
    let made = 0;
    const still = await openStill({
      makeAgent: (options) =>
        (made += 1) === 1 ? new AbsentAgent(options) : new SwarmAgent(options),
    });
    assertEnded(still.world, await still.world.run('go'), 'done');
  });

  it('is not replaced for ever', async () => {
    let coders = 0;
    const still = await openStill({
      makeAgent: (options) => {
        if (options.role !== 'coder') return new SwarmAgent(options);
        coders += 1;
        return new AbsentAgent(options);
      },
    });
    const end = await still.world.run('go');
    assertEnded(still.world, end, 'failed');
    assert.equal(end.state.problem?.error, 'agent-lost');
    assert.equal(coders, 3);
    assert.deepEqual(still.world.supervisor.agents, []);
  });

  it('and takes the task too late gives it back', async () => {
    const [late, claimed] = [new Gate(), new Gate()];
    let asked = 0;
    const slowly: Crew['makeAgent'] = (options) => {
      const { work } = options;
      if (options.role !== 'coder') return new SwarmAgent(options);
      const record: typeof work.record = async (name, input) => {
        if (name === 'task.claim' && (asked += 1) <= 2) await (asked === 1 ? late : claimed).pass();
        return work.record(name, input);
      };
      return new SwarmAgent({ ...options, work: { ...work, record } });
    };
    const still = await openStill({ makeAgent: slowly });
    const { world, timers } = still;
    const mission = await world.begin('go');
    await late.until();
    timers.advance(ANSWER_MS);
    await claimed.until();
    late.open();
    const released = await world.seen(({ type }) => type === 'task.released', mission);
    assert.match((released.data as { reason: string }).reason, /coder-1 took it too late/u);
    assert.deepEqual(world.space.held(), []);
    claimed.open();
    assertEnded(world, await world.finish(mission), 'done');
  });
});

describe('a mission whose agent hangs', () => {
  it('is interrupted as soon as the lease has ended', async () => {
    const gate = new Gate();
    const still = await openStill({ coder: coderThat(() => gate.pass()) });
    const { world, timers } = still;
    const mission = await world.begin('go');
    await gate.until();
    const stopped = world.supervisor.interrupt(mission, 'a person');
    timers.advance(EDIT_TTL_MS);
    assert.equal(await stopped, true);
    assert.equal((await world.until(mission, 'interrupted')).status, 'interrupted');
    assert.deepEqual(world.space.held(), []);
    gate.open();
  });

  it('fails when the agent throws at once instead of answering', async () => {
    const still = await openStill({
      coder: {
        ...realCoder(),
        edit: () => {
          throw new SkeinError('workspace-failed', 'Cannot edit: thrown, not rejected');
        },
      },
    });
    const end = await still.world.run('go');
    assertEnded(still.world, end, 'failed');
    assert.equal(end.state.problem?.error, 'workspace-failed');
  });
});
