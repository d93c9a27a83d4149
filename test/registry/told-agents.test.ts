/** Agents as they are told: only changes travel, both ends agree, and a loss shows. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  AGENT_STATES,
  MAX_BEAT_BYTES,
  type AgentLine,
  type AgentNow,
} from '#registry/heartbeat/heartbeat.ts';
import { MAX_TOLD, tellChanges, ToldAgents, toParts } from '#registry/heartbeat/told-agents.ts';
import { seededFor, type SeededRandom } from '../support/seeded-random.ts';

const agentNow = (name: string, waiting = 0): AgentNow => ({
  name,
  state: 'idle',
  waiting,
  inFlight: 0,
});

const many = (count: number): AgentNow[] =>
  Array.from({ length: count }, (_, index) => agentNow(`agent-${index}`));

const take = (told: ToldAgents, lines: readonly AgentLine[]): void => {
  for (const line of lines) told.take(line);
};

describe('tellChanges', () => {
  it('tells everything once, then only what changed, and who is gone', () => {
    const told = new ToldAgents();
    assert.equal(tellChanges(told, many(100)).length, 100);
    assert.deepEqual(tellChanges(told, many(100)), []);
    const busy = [...many(99).slice(1), { ...agentNow('agent-0'), state: 'at work' as const }];
    assert.deepEqual(tellChanges(told, busy), [
      ['agent-99', 'gone', 0, 0],
      ['agent-0', 'at work', 0, 0],
    ]);
  });

  it('tells no more agents than the other side keeps', () => {
    const [here, there] = [new ToldAgents(), new ToldAgents()];
    take(there, tellChanges(here, many(MAX_TOLD + 10)));
    assert.equal(there.digest.count, MAX_TOLD);
    take(there, [['one-more', 'idle', 0, 0]]);
    assert.deepEqual(there.digest, here.digest);
  });
});

describe('toParts', () => {
  it('fits 10,000 agents into heartbeats of the right size', () => {
    const told = new ToldAgents();
    const names = Array.from({ length: 10_000 }, (_, index) =>
      agentNow(`${'n'.repeat(59)}${index}`),
    );
    const parts = toParts(told, tellChanges(told, names), true);
    assert.ok(parts.length > 10 && parts.length <= 32, `${parts.length} parts`);
    for (const part of parts) assert.ok(JSON.stringify(part).length < MAX_BEAT_BYTES);
    assert.deepEqual([...new Set(parts.map(({ anew }) => anew))], [true, false]);
    assert.equal(parts.filter(({ last }) => last).length, 1);
    assert.equal(parts.at(-1)?.last, true);
    assert.equal(parts.flatMap(({ lines }) => lines).length, 10_000);
  });

  it('has one empty part when nothing changed', () => {
    const parts = toParts(new ToldAgents(), [], false);
    assert.deepEqual(parts, [{ anew: false, lines: [], last: true, count: 0, sum: 0 }]);
  });
});

/** A second in the life of a node: agents come, go, and change. */
function change(random: SeededRandom, agents: Map<string, AgentNow>): void {
  for (let step = random.below(8); step > 0; step -= 1) {
    const name = `agent-${random.below(30)}`;
    if (random.below(4) === 0) agents.delete(name);
    else {
      const state = random.pick(AGENT_STATES);
      agents.set(name, { name, state, waiting: random.below(5), inFlight: random.below(2) });
    }
  }
}

describe('what two nodes know', () => {
  it('is the same after every heartbeat, or the digest says that it is not', (context) => {
    const random = seededFor(context);
    let [lost, noticed, same] = [0, 0, 0];
    for (let round = 0; round < 200; round += 1) {
      const agents = new Map<string, AgentNow>();
      const [here, there] = [new ToldAgents(), new ToldAgents()];
      for (let beat = 0; beat < 20; beat += 1) {
        change(random, agents);
        const lines = tellChanges(here, agents.values());
        const isLost = random.below(6) === 0 && lines.length > 0;
        if (isLost) lost += 1;
        else take(there, lines);
        const isEqual =
          JSON.stringify(here.lines().toSorted()) === JSON.stringify(there.lines().toSorted());
        const isSaidEqual = JSON.stringify(here.digest) === JSON.stringify(there.digest);
        assert.equal(isSaidEqual, isEqual);
        if (isEqual) same += 1;
        else noticed += 1;
        if (isEqual) continue;
        there.clear();
        take(there, here.lines());
        assert.deepEqual(there.digest, here.digest);
      }
    }
    assert.ok(lost > 50 && noticed > 50 && same > 500, `${lost} lost, ${noticed} noticed`);
  });
});
