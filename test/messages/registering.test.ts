/** An agent that is registered again keeps what is not said, and changes what is. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { AgentCard } from '#registry/registry-reducer.ts';
import { entityFromRow } from '#ledger/store/entity-store.ts';
import { makeTestLedger } from '../support/test-ledger.ts';

it('a card keeps its skills over a start that does not name them', () => {
  const ledger = makeTestLedger();
  const card = (): AgentCard => {
    const row = ledger.database.prepare("SELECT * FROM entities WHERE kind = 'agent'").get();
    return entityFromRow(row).body as AgentCard;
  };
  ledger.store('agent.register', {
    name: 'bob',
    role: 'coder',
    skills: ['build'],
    topics: ['news'],
  });
  assert.equal(ledger.store('agent.register', { name: 'bob' }).events.length, 0);
  assert.deepEqual([card().role, card().skills, card().topics], ['coder', ['build'], ['news']]);
  ledger.store('agent.register', { name: 'bob', skills: [] });
  assert.deepEqual([card().role, card().skills, card().topics], ['coder', [], ['news']]);
});
