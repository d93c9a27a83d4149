/** The view of held leases: what a claim asks instead of walking through all leases. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Entity } from '#protocol/entity.ts';
import { heldLeases, type HeldLeases } from './held-leases.ts';
import type { LeaseState } from './task-reducer.ts';

const lease = (id: string, body: Partial<LeaseState>): Entity<LeaseState> => ({
  kind: 'lease',
  id,
  version: 1,
  home: 'node',
  body: {
    task: id,
    holder: `agent:${id}`,
    paths: ['a.ts'],
    token: 1,
    epoch: 1,
    ttlMs: 1_000,
    status: 'held',
    ...body,
  },
});

function viewOf(...leases: readonly Entity[]): HeldLeases {
  const view = heldLeases.start();
  for (const each of leases) heldLeases.add(view, each);
  return view;
}

const holderOf = (view: HeldLeases, path: string): string | undefined =>
  view.byPath.get(path)?.lease.holder;

describe('the view of held leases', () => {
  it('names the holder of each path, until the lease is released', () => {
    const held = lease('x', { paths: ['a.ts', 'b.ts'] });
    const view = viewOf(held);
    assert.equal(holderOf(view, 'b.ts'), 'agent:x');
    assert.equal(holderOf(view, 'c.ts'), undefined);
    heldLeases.add(view, { ...held, body: { ...held.body, status: 'released' } });
    assert.equal(view.byPath.size, 0);
  });

  it('lets the higher token win, whatever came first, and keeps it when the other is released', () => {
    const [old, young] = [lease('old', { token: 1 }), lease('young', { token: 2, epoch: 2 })];
    for (const view of [viewOf(old, young), viewOf(young, old)]) {
      assert.equal(holderOf(view, 'a.ts'), 'agent:young');
      heldLeases.add(view, { ...old, body: { ...old.body, status: 'released' } });
      assert.equal(holderOf(view, 'a.ts'), 'agent:young');
    }
  });

  it('remembers the highest token, of released leases too: tokens are never given twice', () => {
    assert.equal(viewOf(lease('x', { token: 7, status: 'released' })).highestToken, 7);
  });
});
