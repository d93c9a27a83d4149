/**
 * Places that no plan knew of, found by several agents at once: exactly one takes them, and who
 * can't have them neither waits while holding nor gets in the way of who comes first.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Assignment } from '#agents/assignment.ts';
import { makeCoder } from '#agents/coder.ts';
import type { DiscoveryTools, FoundPlace, LookedAround } from '#agents/discoveries.ts';
import { GUARDRAILS, makeReflex } from '#guardrails/guardrails.ts';
import { SkeinError } from '#protocol/errors.ts';
import { comesBefore } from '#supervisor/plan/task-graph.ts';
import { Gate } from './gate.ts';
import { openStage, type AgentStage } from './agent-stage.ts';
import { dataOf } from './swarm-world.ts';
import { toEdits } from './test-recipe.ts';
import { TestTimers } from './test-timers.ts';

const FILES = { 'a.ts': 'a;\n', 'b.ts': 'b;\n', 'c.ts': 'c;\n', 'x.ts': 'x;\n' };
const ANSWER_MS = 5_000;

const places = (...paths: readonly string[]): readonly FoundPlace[] =>
  paths.map((path, index) => ({ path, line: index + 1, preview: path }));

/** Gives all paths of a task back, as the supervisor does. */
const releaseOf =
  (stage: AgentStage, { task }: Assignment) =>
  async (reason: string): Promise<void> => {
    await stage.space.say('task.release', { task, reason });
  };

interface Looking {
  readonly found: readonly FoundPlace[];
  readonly writeSet: readonly string[];
  readonly tools?: Partial<DiscoveryTools>;
}

const lookAround = (
  stage: AgentStage,
  assignment: Assignment,
  { found, writeSet, tools }: Looking,
): Promise<LookedAround> =>
  makeCoder(makeReflex(GUARDRAILS)).lookAround(assignment, {
    look: async () => found,
    plain: () => undefined,
    comesBefore,
    writeSet,
    release: releaseOf(stage, assignment),
    ...tools,
  });

const pathsOf = ({ found }: LookedAround): readonly string[] => found.map(({ path }) => path);

interface Pair {
  readonly stage: AgentStage;
  /** At work on a.ts; its task comes first. */
  readonly first: Assignment;
  /** At work on b.ts. */
  readonly second: Assignment;
}

/** Two agents at work: of one mission, or of two, the older one first. */
async function openPair(areStrangers = false, timers?: TestTimers): Promise<Pair> {
  const stage = await openStage(FILES, timers);
  const older = await stage.mission(['a.ts'], ['b.ts']);
  const younger = areStrangers ? await stage.mission(['b.ts']) : older;
  const [task, other] = [`${older}.1`, areStrangers ? `${younger}.1` : `${older}.2`];
  return {
    stage,
    first: await stage.assign(stage.agent(older, 'agent:coder-1'), task),
    second: await stage.assign(stage.agent(younger, 'agent:coder-2'), other),
  };
}

const messages = (stage: AgentStage): readonly string[] =>
  stage.space
    .events()
    .flatMap(({ actor, type, data }) =>
      type === 'message.sent' ? [`${actor} ${(data as { kind: string }).kind}`] : [],
    );

describe('a path that two tasks of a mission find', () => {
  it('goes to exactly one of them, whoever asks first', async () => {
    const { stage, first, second } = await openPair();
    // Neither has heard of the other when it asks.
    const both = new Gate();
    const look = async (): Promise<readonly FoundPlace[]> => {
      await both.pass();
      return places('x.ts');
    };
    const looking = [
      lookAround(stage, first, { found: [], writeSet: ['a.ts'], tools: { look } }),
      lookAround(stage, second, { found: [], writeSet: ['b.ts'], tools: { look } }),
    ];
    await both.until(2);
    both.open();
    const taken = (await Promise.all(looking)).map(pathsOf);
    assert.deepEqual(taken.flat(), ['x.ts'], JSON.stringify(taken));
    assert.equal(dataOf(stage.space.events(), 'lease.extended').length, 1);
    assert.equal(dataOf(stage.space.events(), 'agent.discovered').length, 2);
  });

  it('is taken over by who holds it when the other one asks', async () => {
    for (const isFirst of [true, false]) {
      const { stage, first, second } = await openPair();
      const [holder, asker] = isFirst ? [first, second] : [second, first];
      const sets = isFirst ? [['a.ts'], ['b.ts']] : [['b.ts'], ['a.ts']];
      // It has taken the path already, and the announcement is lost on the way to the other one.
      asker.agent.leave();
      assert.deepEqual(
        pathsOf(
          await lookAround(stage, holder, { found: places('x.ts'), writeSet: sets[0] ?? [] }),
        ),
        ['x.ts'],
      );
      asker.agent.join();
      const looked = await lookAround(stage, asker, {
        found: places('x.ts'),
        writeSet: sets[1] ?? [],
      });
      assert.deepEqual(looked.found, []);
      const answer = dataOf(stage.space.events(), 'message.sent').find(
        ({ kind }) => kind === 'answer',
      );
      assert.equal(answer?.text, 'yield, I hold x.ts: I take it over');
      // Nobody has given anything back.
      assert.deepEqual(dataOf(stage.space.events(), 'task.released'), []);
    }
  });

  it('is only warned of by who has heard that it is taken', async () => {
    const { stage, first, second } = await openPair();
    await lookAround(stage, first, { found: places('x.ts'), writeSet: ['a.ts'] });
    const looked = await lookAround(stage, second, { found: places('x.ts'), writeSet: ['b.ts'] });
    assert.deepEqual(looked.found, []);
    assert.deepEqual(messages(stage), [
      'agent:coder-1 announce',
      'agent:coder-2 warn',
      'agent:coder-1 answer',
    ]);
  });

  it('two different ones are taken by each its own', async () => {
    const { stage, first, second } = await openPair();
    const looked = await Promise.all([
      lookAround(stage, first, { found: places('x.ts'), writeSet: ['a.ts'] }),
      lookAround(stage, second, { found: places('c.ts'), writeSet: ['b.ts'] }),
    ]);
    assert.deepEqual(looked.map(pathsOf), [['x.ts'], ['c.ts']]);
  });
});

describe('a path that a task of another mission holds', () => {
  it('makes the later task give everything back', async () => {
    const { stage, first, second } = await openPair(true);
    await lookAround(stage, first, { found: [], writeSet: ['a.ts'] });
    await assert.rejects(lookAround(stage, second, { found: places('a.ts'), writeSet: ['b.ts'] }), {
      name: 'path-held',
      details: { path: 'a.ts', holder: 'agent:coder-1', task: first.task },
    });
    assert.deepEqual(messages(stage), ['agent:coder-2 ask', 'agent:coder-1 answer']);
    assert.deepEqual(stage.space.held(), ['agent:coder-1 a.ts', 'agent:coder-2 b.ts']);
  });

  it('is yielded to the earlier task by the later one', async () => {
    const { stage, first, second } = await openPair(true);
    await lookAround(stage, second, { found: [], writeSet: ['b.ts'] });
    const looked = await lookAround(stage, first, { found: places('b.ts'), writeSet: ['a.ts'] });
    assert.deepEqual(pathsOf(looked), ['b.ts']);
    assert.deepEqual(stage.space.held(), ['agent:coder-1 a.ts b.ts']);
    assert.equal(stage.space.task(second.task).status, 'ready');
    const [released] = dataOf(stage.space.events(), 'task.released');
    assert.equal(released?.reason, 'agent:coder-1 comes first and asked for b.ts');
    assert.deepEqual(messages(stage).slice(0, 2), ['agent:coder-1 yield', 'agent:coder-2 answer']);
  });

  it('is not taken over for another mission: that would be left without its change', async () => {
    const { stage, first, second } = await openPair(true);
    await lookAround(stage, first, { found: places('x.ts'), writeSet: ['a.ts'] });
    await assert.rejects(lookAround(stage, second, { found: places('x.ts'), writeSet: ['b.ts'] }), {
      name: 'path-held',
    });
  });

  it('makes even the earlier task give way to one that does not listen yet', async () => {
    const { stage, first, second } = await openPair(true);
    await assert.rejects(lookAround(stage, first, { found: places('b.ts'), writeSet: ['a.ts'] }), {
      name: 'path-held',
      details: { path: 'b.ts', holder: 'agent:coder-2', task: second.task },
    });
  });

  it('makes it give way to one that has left', async () => {
    const { stage, first, second } = await openPair(true);
    second.agent.leave();
    await assert.rejects(lookAround(stage, first, { found: places('b.ts'), writeSet: ['a.ts'] }), {
      name: 'path-held',
    });
  });

  it('makes it give way to one that does not answer in time', async () => {
    const timers = new TestTimers();
    const { stage, first, second } = await openPair(true, timers);
    const gate = new Gate();
    second.agent.answerPeersBy(async () => {
      await gate.pass();
      return { takes: true, text: 'too late' };
    });
    const looking = lookAround(stage, first, { found: places('b.ts'), writeSet: ['a.ts'] });
    await gate.until();
    timers.advance(ANSWER_MS);
    await assert.rejects(looking, { name: 'path-held' });
    gate.open();
  });

  it('is taken when it came free in the meantime', async () => {
    const { stage, first, second } = await openPair(true);
    // Its holder is done just when it is asked to yield: there is nothing left to release.
    const release = async (): Promise<void> => {
      const gitTree = 'c0'.repeat(20);
      const { task, lease } = second;
      await stage.space.say('task.finish', { task, gitTree, checks: [], token: lease.token });
    };
    await lookAround(stage, second, { found: [], writeSet: ['b.ts'], tools: { release } });
    const looked = await lookAround(stage, first, { found: places('b.ts'), writeSet: ['a.ts'] });
    assert.deepEqual(pathsOf(looked), ['b.ts']);
  });
});

describe('who lost its lease', () => {
  it('takes nothing over, and can ask for nothing', async () => {
    const { stage, first, second } = await openPair();
    await lookAround(stage, first, { found: places('x.ts'), writeSet: ['a.ts'] });
    await stage.space.say('lease.expire', { ...first.lease });
    const said = { kind: 'ask', text: 'x', about: ['x.ts'], task: second.task } as const;
    assert.equal((await second.agent.tell(first.agent.name, said))?.takes, false);
    await assert.rejects(lookAround(stage, first, { found: places('c.ts'), writeSet: ['a.ts'] }), {
      name: 'lease-missing',
    });
  });
});

describe('the plain edit of a place that was found', () => {
  const tryPlain = async (content: string | undefined): Promise<LookedAround> => {
    const { stage, first } = await openPair();
    const [edit] = content === undefined ? [] : toEdits(stage.worktree, { 'x.ts': content });
    const looked = await lookAround(stage, first, {
      found: places('x.ts', 'x.ts'),
      writeSet: ['a.ts'],
      tools: { plain: () => edit },
    });
    assert.equal(looked.found[0]?.places.length, 2);
    assert.deepEqual(dataOf(stage.space.events(), 'edit.intended'), []);
    return looked;
  };

  it('is refused by the reflex, with its reason', async () => {
    const { found } = await tryPlain('const = ;\n');
    assert.match(found[0]?.refusal?.reason ?? '', /would not parse/u);
  });

  it('is not refused when it is good, or when there is none', async () => {
    assert.equal((await tryPlain('y;\n')).found[0]?.refusal, null);
    assert.equal((await tryPlain(undefined)).found[0]?.refusal, null);
  });
});

describe('looking around', () => {
  it('says that the change reaches every use, when it does', async () => {
    const { stage, first } = await openPair();
    const { found, event } = await lookAround(stage, first, { found: [], writeSet: ['a.ts'] });
    assert.deepEqual(found, []);
    const met = stage.space.events().find(({ id }) => id === event);
    assert.equal(met?.type, 'expectation.met');
  });

  it('names the event that says what is missing, when it does not', async () => {
    const { stage, first } = await openPair();
    const looked = await lookAround(stage, first, { found: places('x.ts'), writeSet: ['a.ts'] });
    const failed = stage.space.events().find(({ id }) => id === looked.event);
    assert.equal(failed?.type, 'expectation.failed');
    assert.match(JSON.stringify(failed?.data), /also used in x\.ts/u);
  });

  it('throws what its recipe throws, and holds no more than before', async () => {
    const { stage, first } = await openPair();
    const look = async (): Promise<never> => {
      throw new SkeinError('workspace-failed', 'Cannot look: planted');
    };
    await assert.rejects(
      lookAround(stage, first, { found: [], writeSet: ['a.ts'], tools: { look } }),
      {
        name: 'workspace-failed',
      },
    );
    assert.deepEqual(stage.space.held(), ['agent:coder-1 a.ts', 'agent:coder-2 b.ts']);
  });
});
