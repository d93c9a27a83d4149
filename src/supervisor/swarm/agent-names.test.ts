/** Names of agents: the lowest free one, never two of a kind. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SwarmAgent } from '#agents/swarm-agent.ts';
import { AgentNames } from './agent-names.ts';

const agent = (name: string, more: Partial<SwarmAgent> = {}): SwarmAgent =>
  ({
    name,
    role: 'coder',
    task: null,
    isLost: false,
    work: { mission: 'm' },
    ...more,
  }) as SwarmAgent;

describe('AgentNames', () => {
  it('gives each role its own numbers, from 1', () => {
    const names = new AgentNames();
    assert.deepEqual(
      [names.take('coder'), names.take('coder'), names.take('runner')],
      ['agent:coder-1', 'agent:coder-2', 'agent:runner-1'],
    );
  });

  it('gives a name again when it is free, the lowest first', () => {
    const names = new AgentNames();
    for (let time = 0; time < 4; time += 1) names.take('coder');
    names.free('agent:coder-3');
    names.free('agent:coder-2');
    assert.deepEqual(
      [names.take('coder'), names.take('coder')],
      ['agent:coder-2', 'agent:coder-3'],
    );
    assert.equal(names.take('coder'), 'agent:coder-5');
  });

  it('lists who has a name, with what they do; not a name that nobody has yet', () => {
    const names = new AgentNames();
    names.take('coder');
    names.give(agent('agent:coder-2', { task: 'm.1' }));
    names.give(agent('agent:coder-3'));
    names.give(agent('agent:coder-4', { task: 'm.2', isLost: true }));
    assert.deepEqual(
      names.list().map(({ name, state, task }) => `${name} ${state} ${task}`),
      ['agent:coder-2 at work m.1', 'agent:coder-3 idle null', 'agent:coder-4 lost m.2'],
    );
    names.free('agent:coder-2');
    assert.equal(names.list().length, 2);
  });
});
