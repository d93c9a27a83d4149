/** Plans that change on the way: asked about again when they grow, adopted when they do not. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import { newTypeErrors } from '#guardrails/new-type-errors.ts';
import { ERRORS, SkeinError, toSkeinError } from '#protocol/errors.ts';
import type { Diagnosis } from '#agents/scout.ts';
import type { OpenPlace } from '#supervisor/recipe.ts';
import { Gate, coderThat } from './gate.ts';
import { PERSON } from './swarm-space.ts';
import { assertEnded, dataOf, openSwarmWorld, type SwarmWorld } from './swarm-world.ts';
import { onePathParts, type TestGoal } from './test-recipe.ts';

const FILES = { 'a.txt': 'a\n', 'b.txt': 'b\n', 'c.txt': 'c\n', 'a.ts': 'export const a = 1;\n' };

const remedy = (paths: readonly string[], strategy: string | null = 'both'): Diagnosis => ({
  finding: 'the plan is too small',
  strategy,
  paths,
});

/** Writes a.txt, finds b.txt on the way, and knows that it must be written too. */
const growing = (strategy: string | null = 'both'): TestGoal => ({
  plan: ({ strategies }) => {
    const edits: Record<string, string> = { 'a.txt': 'A\n' };
    if (strategies.length > 0) edits['b.txt'] = 'B\n';
    return { edits, parts: onePathParts(...Object.keys(edits)) };
  },
  look: async (_goal, { planned }): Promise<readonly OpenPlace[]> =>
    planned.has('b.txt') ? [] : [{ path: 'b.txt', line: 1, preview: 'b' }],
  diagnose: async () => remedy(['b.txt'], strategy),
});

/** A mission whose changed plan waits for an answer, with the hash of the plan before it. */
async function untilChanged(goal = growing()) {
  const world = await openSwarmWorld({ files: FILES, goals: { go: goal } });
  const mission = await world.begin('go');
  const { hash: old } = await world.until(mission, 'running');
  const { hash } = await world.until(mission, 'waiting', 'failed');
  return { world, mission, old, hash };
}

const manyPlaces = (count: number): readonly OpenPlace[] =>
  Array.from({ length: count }, (_, index) => ({ path: 'b.txt', line: index + 1, preview: 'b' }));

const kindsOf = (world: SwarmWorld, mission: string): readonly string[] =>
  world.space.events(mission).map(({ type }) => type);

describe('a plan that has grown', () => {
  it('waits for an answer to its own hash, and holds nothing meanwhile', async () => {
    const { world, mission, old, hash } = await untilChanged();
    assert.notEqual(hash, old);
    assert.deepEqual(world.space.held(), []);
    const input = { mission, hash: old, from: PERSON.actor };
    await assert.rejects(world.space.say('mission.approve', input), { name: 'plan-stale' });
    await assert.rejects(world.reject(mission, old), { name: 'plan-stale' });
    const end = await world.finish(mission);
    assertEnded(world, end, 'done');
    const commit = end.state.gitCommit ?? '';
    assert.deepEqual([world.show(commit, 'a.txt'), world.show(commit, 'b.txt')], ['A\n', 'B\n']);
  });

  it('can be rejected: nothing of it is kept', async () => {
    const { world, mission } = await untilChanged();
    await world.reject(mission);
    const state = await world.until(mission, 'rejected');
    assertEnded(world, { mission, state, events: [] }, 'rejected');
    assert.equal(existsSync(world.worktree(mission)), false);
    assert.equal(existsSync(`${world.worktree(mission)}.plan`), false);
    assert.deepEqual(world.supervisor.atWork, []);
  });

  it('can be approved although the base has moved since: it is not the first', async () => {
    const { world, mission } = await untilChanged();
    world.repository.write('c.txt', 'moved\n');
    world.repository.commit();
    assertEnded(world, await world.finish(mission), 'done');
  });

  it('fails the mission when nobody knows what to do', async () => {
    const { world, mission } = await untilChanged(growing(null));
    const end = await world.finish(mission);
    assertEnded(world, end, 'failed');
    assert.match(end.state.problem?.message ?? '', /also used at b\.txt:1/u);
  });

  it('is found again after an interruption: the task is not done while something is missing', async () => {
    const [found, other] = [new Gate(), new Gate()];
    const goal = growing();
    const world = await openSwarmWorld({
      files: FILES,
      goals: {
        go: {
          ...goal,
          plan: async (request) => {
            const { edits } = await goal.plan(request);
            const all = { ...edits, 'c.txt': 'C\n' };
            return { edits: all, parts: onePathParts(...Object.keys(all)) };
          },
          // Only who writes a.txt comes so far.
          look: async (...asked) => {
            await found.pass();
            return (await goal.look?.(...asked)) ?? [];
          },
        },
      },
      crew: {
        coder: coderThat(({ task, work }) => (task.endsWith('.2') ? other.pass(work) : undefined)),
      },
    });
    const mission = await world.begin('go');
    await other.until();
    found.open();
    await world.seen(({ type, data }) => {
      const { action } = data as { readonly action?: string };
      return type === 'expectation.met' && action === 'Write a.txt';
    }, mission);
    await world.supervisor.interrupt(mission, 'a person');
    assert.ok(!kindsOf(world, mission).includes('task.done'));
    other.open();
    await world.resume(mission);
    const end = await world.finish(mission);
    assertEnded(world, end, 'done');
    assert.equal(world.show(end.state.gitCommit ?? '', 'b.txt'), 'B\n');
  });
});

/** Writes what does not parse; a diagnosis knows better. */
const corrected = (strategy: string | null): TestGoal => ({
  plan: ({ strategies }) => ({
    edits: { 'a.ts': strategies.length > 0 ? 'export const a = 2;\n' : 'export const = ;\n' },
  }),
  diagnose: async () => remedy(['a.ts'], strategy),
});

describe('a plan that has changed and not grown', () => {
  it('goes on by itself', async () => {
    const world = await openSwarmWorld({ files: FILES, goals: { go: corrected('another way') } });
    const mission = await world.begin('go');
    const state = await world.until(mission, 'done', 'failed', 'waiting');
    const end = { mission, state, events: world.space.events(mission) };
    assertEnded(world, end, 'done');
    const [replanned] = dataOf(end.events, 'mission.replanned');
    assert.match(replanned?.reason ?? '', /another way/u);
    assert.equal(world.show(state.gitCommit ?? '', 'a.ts'), 'export const a = 2;\n');
    const tasks = world.space.ledger.read.entities('task', mission);
    for (const { id, body } of tasks) {
      const { status } = body as { status: string };
      assert.ok(status === 'done' || status === 'dropped', `${id} is ${status}`);
    }
  });

  it('is not tried for ever when it does not help', async () => {
    const goal = corrected('another way');
    const world = await openSwarmWorld({
      files: FILES,
      goals: { go: { ...goal, plan: () => ({ edits: { 'a.ts': 'export const = ;\n' } }) } },
    });
    const end = await world.run('go');
    assertEnded(world, end, 'failed');
    assert.equal(end.state.problem?.error, 'guardrail-refused');
    assert.equal(dataOf(end.events, 'mission.replanned').length, 1);
  });

  it('is changed ten times at most', async () => {
    let times = 0;
    const world = await openSwarmWorld({
      files: FILES,
      goals: {
        go: {
          plan: () => ({ edits: { 'a.ts': 'export const = ;\n' } }),
          diagnose: async () => remedy(['a.ts'], `way ${(times += 1)}`),
        },
      },
    });
    const end = await world.run('go');
    assertEnded(world, end, 'failed');
    assert.equal(end.state.problem?.error, 'limit-reached');
    assert.equal(dataOf(end.events, 'mission.replanned').length, 10);
  });

  it('writes anew what the plan before it had written', async () => {
    const world = await openSwarmWorld({
      files: FILES,
      goals: {
        go: {
          plan: ({ strategies }) => ({
            edits: { 'a.txt': strategies.length > 0 ? 'right\n' : 'wrong\n', 'b.txt': 'B\n' },
            parts: onePathParts('a.txt', 'b.txt'),
          }),
          diagnose: async () => remedy(['a.txt']),
        },
      },
    });
    const end = await world.run('go', { checks: ['! grep -q wrong a.txt'] });
    assertEnded(world, end, 'done');
    const commit = end.state.gitCommit ?? '';
    assert.deepEqual(
      [world.show(commit, 'a.txt'), world.show(commit, 'b.txt')],
      ['right\n', 'B\n'],
    );
  });
});

describe('types', () => {
  const goal: TestGoal = {
    plan: ({ strategies }) => {
      const use = `import { a } from './a.ts';\nexport const b: ${strategies.length > 0 ? 'string' : 'number'} = a;\n`;
      return {
        edits: { 'a.ts': "export const a = 'one';\n", 'b.ts': use },
        parts: onePathParts('a.ts', 'b.ts'),
      };
    },
  };

  it('are judged once, over all parts of a change, by who hands over last', async () => {
    const files = {
      'a.ts': 'export const a = 1;\n',
      'b.ts': "import { a } from './a.ts';\nexport const b: number = a;\n",
    };
    let judged = 0;
    const world = await openSwarmWorld({
      files,
      goals: {
        go: {
          plan: ({ strategies: _none, ...rest }) =>
            goal.plan({ ...rest, strategies: [{ name: 'x', paths: [] }] }),
        },
      },
      crew: {
        changeGuardrails: [
          {
            name: 'counted',
            judge: async ({ edits }) => {
              judged += 1;
              assert.equal(edits.length, 2);
              return { type: 'accept' };
            },
          },
        ],
      },
    });
    assertEnded(world, await world.run('go', { jobs: 2 }), 'done');
    assert.equal(judged, 1);
  });

  it('that are wrong stop the change', async () => {
    const files = {
      'a.ts': 'export const a = 1;\n',
      'b.ts': "import { a } from './a.ts';\nexport const b: number = a;\n",
    };
    const world = await openSwarmWorld({
      files: {
        ...files,
        'tsconfig.json':
          '{"compilerOptions":{"strict":true,"allowImportingTsExtensions":true,"noEmit":true}}',
      },
      goals: { go: goal },
      crew: { changeGuardrails: [newTypeErrors] },
    });
    const end = await world.run('go');
    assertEnded(world, end, 'failed');
    assert.equal(end.state.problem?.error, 'guardrail-refused');
    assert.match(end.state.problem?.message ?? '', /b\.ts/u);
  });
});

describe('a first plan', () => {
  it('is stale once the base has moved, and can still be rejected', async () => {
    const world = await openSwarmWorld({ files: FILES, goals: { go: growing() } });
    const mission = await world.submit('go');
    await world.until(mission, 'waiting');
    world.repository.write('c.txt', 'moved\n');
    world.repository.commit();
    const error = await world.approve(mission).then(
      () => assert.fail('it was approved'),
      (thrown: unknown) => toSkeinError(thrown),
    );
    assert.equal(error.name, 'plan-stale');
    assert.equal(ERRORS[error.name].exit, 7);
    await world.reject(mission);
    assert.equal((await world.until(mission, 'rejected')).status, 'rejected');
    assert.equal(existsSync(world.worktree(mission)), false);
  });

  it('that is answered at once is worked on once, and can be stopped', async () => {
    const gate = new Gate();
    const open = manyPlaces(150);
    const world = await openSwarmWorld({
      files: FILES,
      goals: { go: { plan: () => ({ edits: { 'a.txt': 'A\n' }, open }) } },
      crew: { coder: coderThat(({ work }) => gate.pass(work)) },
    });
    // The planner still tells of open places while the answer is on its way.
    const mission = await world.begin('go');
    await gate.until();
    const kinds = kindsOf(world, mission);
    assert.ok(kinds.lastIndexOf('agent.discovered') < kinds.indexOf('message.sent'));
    assert.deepEqual(world.supervisor.atWork, [mission]);
    assert.equal(await world.supervisor.interrupt(mission, 'a person'), true);
    assert.equal((await world.until(mission, 'interrupted')).status, 'interrupted');
    assert.deepEqual(world.supervisor.atWork, []);
    gate.open();
    await world.resume(mission);
    assertEnded(world, await world.finish(mission), 'done');
  });
});

describe('a plan that waits for its answer', () => {
  it('goes on waiting when it is stopped, whatever is still said of it', async () => {
    const open = manyPlaces(150);
    const world = await openSwarmWorld({
      files: FILES,
      goals: { go: { plan: () => ({ edits: { 'a.txt': 'A\n' }, open }) } },
    });
    const mission = await world.submit('go');
    await world.until(mission, 'waiting');
    await world.supervisor.close();
    assert.equal((await world.until(mission, 'waiting')).status, 'waiting');
    assert.deepEqual(world.reports, []);
    assertEnded(world, await world.finish(mission), 'done');
  });
});

describe('a recipe that throws on the way', () => {
  const thrown = async (): Promise<never> => {
    throw new SkeinError('workspace-failed', 'Cannot look: planted');
  };
  const goals: Readonly<Record<string, TestGoal>> = {
    'while it looks': { ...growing(), look: thrown },
    'while it diagnoses': { ...growing(), diagnose: thrown },
    'while it plans again': {
      ...growing(),
      plan: ({ strategies }) => (strategies.length > 0 ? thrown() : { edits: { 'a.txt': 'A\n' } }),
    },
  };
  for (const [when, goal] of Object.entries(goals)) {
    it(`${when} fails its mission`, async () => {
      const world = await openSwarmWorld({ files: FILES, goals: { go: goal } });
      const end = await world.run('go');
      assertEnded(world, end, 'failed');
      assert.equal(end.state.problem?.error, 'workspace-failed');
      assert.equal(existsSync(`${world.worktree(end.mission)}.plan`), false);
      assert.deepEqual(world.supervisor.agents, []);
    });
  }
});
