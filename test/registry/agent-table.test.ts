/** The table of agents against a plain list of cards: every query, after every change. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Presence } from '#protocol/events/node.ts';
import { AgentTable } from '#registry/agent-table.ts';
import type { AgentNow } from '#registry/heartbeat/heartbeat.ts';
import type { AgentQuery } from '#registry/registry.ts';
import type { AgentCard } from '#registry/registry-reducer.ts';
import { seededFor, type SeededRandom } from '../support/seeded-random.ts';

const NODES = ['a', 'b', 'c'].map((digit) => digit.repeat(16));
const WORDS = ['review', 'test', 'deploy', 'docs'];

/** A table, and what it asks about nodes. */
function makeTable(): {
  readonly table: AgentTable;
  readonly members: Map<string, Presence>;
  readonly told: Map<string, AgentNow>;
} {
  const members = new Map<string, Presence>(NODES.slice(0, 2).map((short) => [short, 'alive']));
  const told = new Map<string, AgentNow>();
  const table = new AgentTable('s', {
    member: (short) => {
      const presence = members.get(short);
      return presence === undefined ? undefined : { key: short.repeat(4), presence };
    },
    told: (short, name) => told.get(`${name}@${short}`),
  });
  return { table, members, told };
}

const cardBy = (random: SeededRandom): AgentCard => ({
  role: random.pick(['coder', 'critic']),
  skills: random.shuffle(WORDS).slice(0, random.below(3)),
  topics: random.shuffle(WORDS).slice(0, random.below(2)),
  version: random.pick([null, '1']),
  status: random.pick(['registered', 'registered', 'registered', 'retired']),
});

/** The same answer, the plain way. */
function search(cards: ReadonlyMap<string, AgentCard>, query: AgentQuery): string[] {
  return [...cards]
    .filter(([id, card]) => {
      const short = id.slice(id.indexOf('@') + 1);
      const { skill, topic, node, withRetired = false } = query;
      return (
        NODES.slice(0, 2).includes(short) &&
        (withRetired || card.status === 'registered') &&
        (skill === undefined || card.skills.includes(skill)) &&
        (topic === undefined || card.topics.includes(topic)) &&
        (node === undefined || node.startsWith(short))
      );
    })
    .map(([id]) => id)
    .toSorted();
}

describe('the table of agents', () => {
  it('answers every query as a plain list would', (context) => {
    const random = seededFor(context);
    const { table } = makeTable();
    const cards = new Map<string, AgentCard>();
    for (let step = 0; step < 2_000; step += 1) {
      const id = `agent-${random.below(40)}@${random.pick(NODES)}`;
      const card = cardBy(random);
      cards.set(id, card);
      table.set(id, card);
      const query: AgentQuery = {
        ...(random.below(2) === 0 ? { skill: random.pick(WORDS) } : {}),
        ...(random.below(3) === 0 ? { topic: random.pick(WORDS) } : {}),
        ...(random.below(3) === 0 ? { node: random.pick(NODES).repeat(4) } : {}),
      };
      const found = table.query(query);
      assert.deepEqual(
        found.map((agent) => agent.id),
        search(cards, query),
        JSON.stringify(query),
      );
      for (const { id: each, skills } of found) assert.deepEqual(skills, cards.get(each)?.skills);
    }
    table.clear();
    assert.deepEqual([table.query({}), table.size], [[], 0]);
  });

  it('shows what a node says of its agents, and no more than the node is there', () => {
    const { table, members, told } = makeTable();
    const [short = ''] = NODES;
    const id = `coder@${short}`;
    table.set(id, { role: 'coder', skills: [], topics: [], version: null, status: 'registered' });
    assert.deepEqual(
      [table.get(id)?.presence, table.get(id)?.state, table.get(id)?.node],
      ['alive', null, short.repeat(4)],
    );
    const says = (state: AgentNow['state']): Presence | undefined => {
      told.set(id, { name: 'coder', state, waiting: 3, inFlight: 1 });
      table.touch(short, 'coder');
      return table.get(id)?.presence;
    };
    assert.deepEqual((['idle', 'at work', 'draining', 'away'] as const).map(says), [
      'alive',
      'alive',
      'draining',
      'late',
    ]);
    const before = table.get(id);
    members.set(short, 'lost');
    table.touchAll(short);
    assert.equal(table.get(id)?.presence, 'lost');
    assert.equal(before?.presence, 'late', 'what was answered before does not change');
    assert.deepEqual([table.get(id)?.waiting, table.get(id)?.inFlight], [3, 1]);
  });

  it('keeps no agent of a stranger in sight', () => {
    const { table } = makeTable();
    const id = `coder@${NODES[2]}`;
    table.set(id, { role: '', skills: ['x'], topics: [], version: null, status: 'registered' });
    assert.deepEqual(
      [table.get(id), table.query({ skill: 'x' }), table.named('coder')],
      [undefined, [], []],
    );
  });
});
