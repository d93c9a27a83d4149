/**
 * Safety > Swarm > Mission, by real agents on a real record: a guardrail overrides what peers agreed
 * on, a peer's lease overrides the supervisor's order, and the order counts when neither objects.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Assignment } from '#agents/assignment.ts';
import { makeCoder } from '#agents/coder.ts';
import { GUARDRAILS, makeReflex } from '#guardrails/guardrails.ts';
import { parsesGuardrail } from '#guardrails/parses.ts';
import type { EditJudge, ProposedEdit } from '#workspace/apply-edit.ts';
import { openStage, type AgentStage } from './agent-stage.ts';
import { dataOf } from './swarm-world.ts';
import { toEdits } from './test-recipe.ts';

const FILE = 'src/a.ts';
const BEFORE = 'export const a = 1;\n';
const BROKEN = 'export const = 1;\n';

interface Agreed {
  readonly stage: AgentStage;
  readonly mission: string;
  readonly holder: Assignment;
  readonly edit: ProposedEdit;
  /** The names of both agents. */
  readonly peers: readonly string[];
}

/** Two agents: one holds src/a.ts, the other one has told it of a change there, and it takes it over. */
async function agree(content: string): Promise<Agreed> {
  const stage = await openStage({ [FILE]: BEFORE, 'src/b.ts': 'export {};\n' });
  const mission = await stage.mission([FILE], ['src/b.ts']);
  const [one, two] = [1, 2].map((number) => stage.agent(mission, `agent:coder-${number}`));
  assert.ok(one !== undefined && two !== undefined);
  const holder = await stage.assign(one, `${mission}.1`);
  one.answerPeersBy(() => ({ takes: true, text: `I hold ${FILE}: I take it over` }));
  const said = {
    kind: 'ask',
    text: 'a is wrong there',
    about: [FILE],
    task: `${mission}.2`,
  } as const;
  const answer = await two.tell(one.name, said);
  assert.equal(answer?.takes, true);
  const [edit] = toEdits(stage.worktree, { [FILE]: content });
  assert.ok(edit !== undefined);
  return { stage, mission, holder, edit, peers: [two.name, one.name] };
}

const content = ({ stage }: Agreed): string => readFileSync(join(stage.worktree, FILE), 'utf8');

const propose = ({ holder, edit, peers }: Agreed, reflex: EditJudge) =>
  makeCoder(reflex).propose(holder, edit, peers);

describe('safety over swarm', () => {
  it('an edit that two agents agreed on is refused by the parser, and nothing is written', async () => {
    const agreed = await agree(BROKEN);
    const verdict = await propose(agreed, makeReflex(GUARDRAILS));
    assert.equal(verdict.type, 'refuse');
    assert.equal(content(agreed), BEFORE);
    const events = agreed.stage.space.events(agreed.mission);
    assert.deepEqual(dataOf(events, 'edit.intended'), []);
    const overridden = dataOf(events, 'decision.overridden');
    assert.deepEqual(
      overridden.map(({ layer, by, over, whom }) => `${layer} ${by} over ${over} ${whom}`),
      agreed.peers.map((peer) => `safety guardrail:parses over swarm ${peer}`),
    );
    for (const { why } of overridden) assert.match(why, /would not parse/u);
  });

  it('and so it is when the holder edits the file itself', async () => {
    const agreed = await agree(BROKEN);
    const work = makeCoder(makeReflex(GUARDRAILS)).edit(agreed.holder, [agreed.edit]);
    await assert.rejects(work, { name: 'guardrail-refused' });
    assert.equal(content(agreed), BEFORE);
    const events = agreed.stage.space.events(agreed.mission);
    // Each refusal is the effect of an expectation, and the cause of what follows from it.
    const of = (type: string) => events.find((event) => event.type === type);
    assert.equal(of('guardrail.refused')?.cause, of('agent.expected')?.id);
    assert.equal(of('expectation.failed')?.cause, of('guardrail.refused')?.id);
    assert.equal(of('decision.overridden')?.cause, of('guardrail.refused')?.id);
    const [overridden] = dataOf(events, 'decision.overridden');
    assert.equal(`${overridden?.layer} over ${overridden?.over}`, 'safety over mission');
  });

  it('an edit that parses is let through, and nobody is overridden', async () => {
    const agreed = await agree('export const a = 2;\n');
    assert.equal((await propose(agreed, makeReflex(GUARDRAILS))).type, 'accept');
    await makeCoder(makeReflex(GUARDRAILS)).edit(agreed.holder, [agreed.edit]);
    assert.equal(content(agreed), 'export const a = 2;\n');
    assert.deepEqual(dataOf(agreed.stage.space.events(agreed.mission), 'decision.overridden'), []);
  });

  it('without the parser what the agents agreed on is done', async () => {
    const agreed = await agree(BROKEN);
    const reflex = makeReflex(GUARDRAILS.filter((guardrail) => guardrail !== parsesGuardrail));
    assert.equal((await propose(agreed, reflex)).type, 'accept');
    await makeCoder(reflex).edit(agreed.holder, [agreed.edit]);
    assert.equal(content(agreed), BROKEN);
  });
});

describe('swarm over mission', () => {
  /** A task of an older mission holds the path that a task of a younger one is to write. */
  async function holdPath() {
    const stage = await openStage({ [FILE]: BEFORE });
    const older = await stage.mission([FILE]);
    const younger = await stage.mission([FILE]);
    const peer = stage.agent(older, 'agent:coder-1');
    const agent = stage.agent(younger, 'agent:coder-2');
    const held = await stage.assign(peer, `${older}.1`);
    return { stage, older, younger, agent, held, task: `${younger}.1` };
  }

  it('an agent declines a task whose path a peer holds, says who was overridden, and claims nothing', async () => {
    const { stage, younger, agent, task } = await holdPath();
    const answer = await stage.send(agent, task);
    assert.deepEqual(answer, { type: 'declined', holder: 'agent:coder-1', path: FILE });
    const events = stage.space.events(younger);
    assert.deepEqual(dataOf(events, 'agent.declined'), [
      { task, why: `agent:coder-1 holds ${FILE}`, holder: 'agent:coder-1', path: FILE },
    ]);
    const [overridden] = dataOf(events, 'decision.overridden');
    assert.deepEqual(overridden, {
      layer: 'swarm',
      by: 'agent:coder-1',
      over: 'mission',
      whom: 'agent:supervisor',
      why: `agent:coder-1 holds ${FILE}`,
    });
    assert.deepEqual(dataOf(events, 'task.claimed'), []);
    assert.equal(stage.space.task(task).status, 'ready');
    assert.deepEqual(stage.space.held(), [`agent:coder-1 ${FILE}`]);
  });

  it('the same order is carried out once the lease is released', async () => {
    const { stage, older, younger, agent, held, task } = await holdPath();
    assert.equal((await stage.send(agent, task)).type, 'declined');
    await held.work.record('task.release', { task: `${older}.1`, reason: 'done with it' });
    assert.equal((await stage.send(agent, task)).type, 'taken');
    assert.equal(stage.space.task(task).agent, 'agent:coder-2');
    assert.equal(dataOf(stage.space.events(younger), 'decision.overridden').length, 1);
  });

  it('it is all or nothing: a path that is asked for besides is a reason to decline as well', async () => {
    const { stage, agent, task } = await holdPath();
    const other = await stage.mission(['src/c.ts']);
    const third = stage.agent(other, 'agent:coder-3');
    assert.equal((await stage.send(third, `${other}.1`, [FILE])).type, 'declined');
    assert.equal((await stage.send(agent, task)).type, 'declined');
    assert.deepEqual(stage.space.held(), [`agent:coder-1 ${FILE}`]);
    // The twin: without it the same task is taken.
    assert.equal((await stage.send(third, `${other}.1`)).type, 'taken');
  });
});

describe('mission, when neither objects', () => {
  it('the order is carried out', async () => {
    const stage = await openStage({ [FILE]: BEFORE });
    const mission = await stage.mission([FILE]);
    const agent = stage.agent(mission, 'agent:coder-1');
    const assignment = await stage.assign(agent, `${mission}.1`);
    const edits = toEdits(stage.worktree, { [FILE]: 'export const a = 2;\n' });
    await makeCoder(makeReflex(GUARDRAILS)).edit(assignment, edits);
    assert.equal(readFileSync(join(stage.worktree, FILE), 'utf8'), 'export const a = 2;\n');
    assert.deepEqual(dataOf(stage.space.events(mission), 'decision.overridden'), []);
    assert.deepEqual(stage.reports, []);
  });
});
