/** The card of a node: recorded when it says something new, by the node alone. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { contextOf } from '#ledger/fixtures/decision-context.ts';
import { makeAnnouncer } from './announce.ts';
import { nodeDeciders } from './node-decider.ts';
import { reduceNode, type NodeCard } from './registry-reducer.ts';

const decide = nodeDeciders['node.announce'];
const card: NodeCard = {
  name: 'laptop',
  version: '0.1.0',
  addresses: ['ws://10.0.0.1:7400'],
  draining: false,
};

describe('node.announce', () => {
  it('records a card once, and every change of it', () => {
    assert.deepEqual(decide?.(card, contextOf({})), [
      { type: 'node.announced', subject: 'node/h', data: card },
    ]);
    const known = contextOf({ 'node/h': card });
    assert.deepEqual(decide?.(card, known), []);
    for (const change of [
      { name: 'desk' },
      { version: '0.2.0' },
      { addresses: [] },
      { addresses: ['ws://10.0.0.2:7400'] },
      { draining: true },
    ]) {
      assert.equal(decide?.({ ...card, ...change }, known).length, 1, JSON.stringify(change));
    }
  });

  it('is refused to agents', () => {
    for (const authority of ['peer', 'supervisor'] as const) {
      assert.throws(() => decide?.(card, contextOf({}, { authority })), {
        name: 'command-rejected',
      });
    }
  });

  it('refuses names that are none, and cards without end', () => {
    const refused = [
      [{ name: 'my laptop' }, 'subject-invalid'],
      [{ addresses: Array.from({ length: 17 }, () => 'ws://a') }, 'usage'],
      [{ addresses: ['x'.repeat(257)] }, 'usage'],
      [{ version: 'x'.repeat(257) }, 'usage'],
      [{ draining: 'yes' }, 'usage'],
    ] as const;
    for (const [change, name] of refused) {
      assert.throws(() => decide?.({ ...card, ...change }, contextOf({})), { name });
    }
  });
});

describe('an announcer', () => {
  it('says what the node is, and when it drains', async () => {
    let known: NodeCard | undefined;
    let recorded = 0;
    const announcer = makeAnnouncer({
      node: 'h',
      newId: () => '',
      card: () => ({ name: 'laptop', version: '0.1.0', addresses: [] }),
      execute: async ({ name, input }, { authority }) => {
        const bodies = known === undefined ? {} : { 'node/h': known };
        for (const event of nodeDeciders[name]?.(input, contextOf(bodies, { authority })) ?? []) {
          recorded += 1;
          known = reduceNode(known, event as Parameters<typeof reduceNode>[1]);
        }
      },
    });
    await announcer.announce();
    await announcer.announce();
    assert.deepEqual([recorded, known?.draining], [1, false]);
    await announcer.drain(true);
    await announcer.announce();
    assert.deepEqual([recorded, known?.draining], [2, true]);
    await announcer.drain(false);
    assert.deepEqual([recorded, known?.draining], [3, false]);
  });
});
