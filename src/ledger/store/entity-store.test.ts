/** What the writer keeps in memory follows the disk: kept entities, views, the highest id. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EntityView } from '#ledger/decider.ts';
import type { Entity } from '#protocol/entity.ts';
import { openLedgerDatabase } from './database.ts';
import { EntityCache } from './entity-cache.ts';
import { EntityStore } from './entity-store.ts';
import { IdStore } from './id-store.ts';

const task = (id: string, body: unknown, version = 1): Entity => ({
  kind: 'task',
  id,
  version,
  home: 'node',
  body,
});

const allTasks: EntityView<Map<string, unknown>> = {
  kind: 'task',
  start: () => new Map(),
  add: (view, { id, body }) => void view.set(id, body),
};

const uuid = (last: string): string => `0199aaaa-bbbb-7ccc-8ddd-${last.padStart(12, '0')}`;

describe('the writer in memory', () => {
  it('forgets entities, absent ones and views when a transaction fails', () => {
    const database = openLedgerDatabase(':memory:');
    const store = new EntityStore(database);
    assert.equal(store.get('task', 'a'), undefined);
    assert.equal(store.view(allTasks).size, 0);
    database.exec('BEGIN');
    store.set(task('a', 1));
    store.settle();
    store.flush();
    assert.deepEqual([...store.view(allTasks)], [['a', 1]]);
    database.exec('ROLLBACK');
    // The twin: without forgetting it would still tell of what was rolled back.
    assert.equal(store.get('task', 'a')?.body, 1);
    store.forget();
    assert.equal(store.get('task', 'a'), undefined);
    assert.equal(store.view(allTasks).size, 0);
    database.close();
  });

  it('shows a view what succeeded, not what was refused', () => {
    const database = openLedgerDatabase(':memory:');
    const store = new EntityStore(database);
    store.view(allTasks);
    store.set(task('refused', 1));
    store.revert();
    store.set(task('stored', 2));
    store.settle();
    assert.deepEqual([...store.view(allTasks).keys()], ['stored']);
    database.close();
  });

  it('keeps a bounded amount, and what it dropped is read again', () => {
    const cache = new EntityCache();
    const half = 5 * 1024 * 1024;
    cache.set('a', task('a', 1), half);
    cache.set('a', task('a', 2), half);
    assert.equal(cache.get('a')?.entity?.body, 2);
    cache.set('b', task('b', 1), half);
    assert.equal(cache.get('a'), undefined);
  });

  it('looks at the table again for ids of a transaction that failed', () => {
    const database = openLedgerDatabase(':memory:');
    const ids = new IdStore(database, 'write');
    ids.add({ id: uuid('5'), position: 1, count: 2 });
    assert.deepEqual([ids.isFree(uuid('6'), 1), ids.isFree(uuid('7'), 1)], [false, true]);
    assert.deepEqual([ids.isFree(uuid('4'), 1), ids.isFree(uuid('4'), 2)], [true, false]);
    database.exec('BEGIN');
    ids.add({ id: uuid('9'), position: 3, count: 1 });
    database.exec('ROLLBACK');
    ids.forget();
    ids.add({ id: uuid('8'), position: 3, count: 1 });
    assert.equal(ids.find(uuid('9')), undefined);
    assert.equal(ids.find(uuid('8'))?.position, 3);
    database.close();
  });
});
