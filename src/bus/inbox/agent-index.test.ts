/** The index of agents must not depend on the order in which it hears of them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AgentCard } from '#registry/registry-reducer.ts';
import { agentIndex, type AgentIndex } from './agent-index.ts';

const card = (skills: readonly string[], more: Partial<AgentCard> = {}): AgentCard => ({
  role: 'r',
  skills,
  topics: skills,
  version: null,
  status: 'registered',
  ...more,
});

function indexOf(...news: readonly (readonly [string, AgentCard])[]): AgentIndex {
  const index = agentIndex.start();
  for (const [id, body] of news) {
    agentIndex.add(index, { kind: 'agent', id, version: 1, home: 'h', body });
  }
  return index;
}

describe('the index of agents', () => {
  it('lists who has a skill, hears a topic, and has a name', () => {
    const index = indexOf(['b@2', card(['s', 't'])], ['a@1', card(['s'])], ['a@2', card([])]);
    assert.deepEqual(index.bySkill.get('s'), ['a@1', 'b@2']);
    assert.deepEqual(index.byTopic.get('t'), ['b@2']);
    assert.deepEqual(index.byName.get('a'), ['a@1', 'a@2']);
  });

  it('forgets what a card says no more, and who is retired', () => {
    const index = indexOf(
      ['a@1', card(['s', 't'])],
      ['a@1', card(['t'])],
      ['b@1', card(['t'])],
      ['b@1', card(['t'], { status: 'retired' })],
    );
    assert.equal(index.bySkill.get('s'), undefined);
    assert.deepEqual(index.bySkill.get('t'), ['a@1']);
    assert.deepEqual([...index.cards.keys()], ['a@1']);
    assert.equal(index.byName.get('b'), undefined);
  });

  it('is the same in whatever order it hears of different agents', () => {
    const news = ['c', 'a', 'd', 'b'].map((name) => [`${name}@1`, card(['s', name])] as const);
    assert.deepEqual(
      indexOf(...news).bySkill.get('s'),
      indexOf(...news.toReversed()).bySkill.get('s'),
    );
  });
});
