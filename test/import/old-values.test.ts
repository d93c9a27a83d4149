/** How times, priorities, states and names of old buses are read, one by one. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mapColumns, MESSAGE_NAMES, readMapChoices } from '#daemon/import/column-names.ts';
import { derivedId } from '#daemon/import/derived-id.ts';
import { toName, toNames, toRecipients, toSender } from '#daemon/import/old-name.ts';
import { readPriority, readStatus } from '#daemon/import/old-words.ts';
import { readTime } from '#daemon/import/read-time.ts';
import { isUuidv7 } from '#lib/uuidv7.ts';

const isoOf = (value: unknown, offset = 0): string | undefined => {
  const found = readTime(value, offset);
  return found === undefined ? undefined : new Date(found.ms).toISOString();
};

describe('a time', () => {
  it('may be a count of seconds, milliseconds, microseconds or nanoseconds', () => {
    const counts = [1_771_324_800, 1_771_324_800_000, 1_771_324_800_000_000n];
    for (const count of [...counts, 1_771_324_800_000_000_000n, '1771324800', ' 1771324800000 ']) {
      assert.equal(isoOf(count), '2026-02-17T10:40:00.000Z', String(count));
    }
    assert.equal(isoOf(1_771_324_800.25), '2026-02-17T10:40:00.250Z');
  });

  it('may be written with a zone, or without one', () => {
    assert.equal(isoOf('2026-02-17T10:40:00+05:30'), '2026-02-17T05:10:00.000Z');
    assert.equal(isoOf('2026-02-17 10:40:00.123456 -0800'), '2026-02-17T18:40:00.123Z');
    assert.equal(isoOf('2026-02-17T10:40'), '2026-02-17T10:40:00.000Z');
    assert.equal(isoOf('2026-02-17'), '2026-02-17T00:00:00.000Z');
    assert.equal(isoOf('2026-02-17T10:40:00.5', 330), '2026-02-17T05:10:00.500Z');
    assert.equal(isoOf('2026-02-17 10:40:00.5', 330), '2026-02-17T05:10:00.500Z');
    // As SQLite's CURRENT_TIMESTAMP writes it.
    assert.equal(isoOf('2026-02-17 10:40:00', 330), '2026-02-17T10:40:00.000Z');
    assert.equal(isoOf('2024-02-29T00:00:00Z'), '2024-02-29T00:00:00.000Z');
  });

  it('is none when it can not be', () => {
    const words = [
      '',
      'yesterday',
      '2026-02-30',
      '2026-02-17T25:00:00',
      '17.02.2026',
      '2026-13-01',
    ];
    const values = [null, undefined, true, {}, 0, -1, 42, NaN, Infinity, 1e21];
    for (const none of [...words, '1900-01-01T00:00:00Z', ...values]) {
      assert.equal(isoOf(none), undefined, String(none));
    }
  });
});

describe('words', () => {
  it('of priority are told; others are not guessed', () => {
    const scale = { normal: 5, lowIsUrgent: false };
    const read = (value: unknown): string | undefined => readPriority(value, scale);
    assert.equal(read('URGENT'), 'critical');
    assert.equal(read(' medium '), 'normal');
    assert.equal(read(null), 'normal');
    assert.deepEqual([read(5), read(6n), read('4')], ['normal', 'high', 'low']);
    for (const unknown of ['constructor', 'soon', {}, true]) assert.equal(read(unknown), undefined);
    assert.equal(readPriority(1, { normal: 5, lowIsUrgent: true }), 'high');
  });

  it('of state are told; what is not done counts as unread', () => {
    for (const read of ['read', 'ACKED', 1, 2n, true, '1', '2026-02-17 10:00:00', 'delivered']) {
      assert.equal(readStatus(read), 'read', String(read));
    }
    for (const unread of ['unread', 'pending', 0, 0n, false, null, '', '0', 'failed', 'leased']) {
      assert.equal(readStatus(unread), 'unread', String(unread));
    }
    for (const unknown of ['constructor', 'maybe', {}])
      assert.equal(readStatus(unknown), undefined);
  });
});

describe('a name', () => {
  it('stays when it may, and stays apart from others when it may not', () => {
    assert.equal(toName('agent_1-b'), 'agent_1-b');
    const odd = ['a b', 'a.b', 'a-b ', 'a/b', 'ä', 'ö', '..', 'x'.repeat(65), 'person', 'coder-1'];
    const names = odd.map((name) => toName(name));
    assert.equal(new Set(names).size, odd.length);
    for (const name of names) assert.match(name, /^[A-Za-z0-9_-]{1,64}$/);
    assert.equal(toName(''), 'unknown');
  });

  it('means somebody of Skein only where who writes knows Skein', () => {
    const full = `coder-1@${'ab'.repeat(8)}`;
    assert.equal(toName('person', true), 'person');
    assert.equal(toRecipients(full, 'to', true)[0]?.name, full);
    assert.notEqual(toRecipients(full, 'to')[0]?.name, full);
  });

  it('may stand in an object, after a sign or in a list', () => {
    assert.equal(toSender({ agent_id: 'a', node: 'x' }), 'a');
    assert.equal(toSender('agent:a'), 'a');
    assert.deepEqual(toNames('["sql", "sql", {"name": "ts"}]'), ['sql', 'ts']);
    assert.deepEqual(toNames('sql; ts,,'), ['sql', 'ts']);
    assert.deepEqual(toNames({ sql: 0.9 }), ['sql']);
    assert.deepEqual(toNames(null), []);
    const several = toRecipients(['a', { name: 'b' }, '#c', 'capability:d'], 'to');
    const told = several.map(({ type, name }) => `${type}:${name}`);
    assert.deepEqual(told, ['agent:a', 'agent:b', 'topic:c', 'skill:d']);
  });
});

describe('columns', () => {
  const map = (columns: readonly string[], ...typed: readonly string[]) =>
    mapColumns(MESSAGE_NAMES, columns, { table: 'messages', choices: readMapChoices(typed) });

  it('are known in any spelling, and one that is chosen is in the way of none', () => {
    const found = map(['MessageId', 'fromAgent', 'TO', 'Body']).columns;
    assert.deepEqual(found, { id: 'MessageId', from: 'fromAgent', to: 'TO', text: 'Body' });
    const { columns, extra } = map(['id', 'uuid', 'body', 'payload'], 'message_id=uuid', 'text=');
    assert.deepEqual(columns, { id: 'uuid' });
    assert.deepEqual(extra, ['id', 'body', 'payload']);
  });

  it('that can not be told apart are refused, and so is what names none', () => {
    assert.throws(() => map(['created_at', 'timestamp']), { name: 'import-ambiguous' });
    assert.throws(() => map(['body'], 'text=nothing'), { name: 'import-ambiguous' });
    for (const wrong of ['body', '=body', 'colour=body', 'skills.x=y']) {
      assert.throws(() => map(['body'], wrong), { name: 'usage' }, wrong);
    }
  });
});

describe('an id', () => {
  const key = { source: 's', sourceId: '1', from: 'a', to: 'agent:b', text: 't', time: '0' };

  it('is a UUIDv7 of the time, and another one for any other message', () => {
    const base = { ...key, occurrence: 0 };
    const id = derivedId(base, 1_771_324_800_000);
    assert.ok(isUuidv7(id));
    assert.equal(Number.parseInt(id.replace('-', '').slice(0, 12), 16), 1_771_324_800_000);
    // Golden: what is imported today must be found by a later Skein.
    assert.equal(id, '019c6b2f-7c00-7e01-bda3-453e7f4430c9');
    const others = Object.keys(key).map((name) => derivedId({ ...base, [name]: 'x' }, 0));
    const all = [...others, derivedId({ ...base, occurrence: 1 }, 0), derivedId(base, 0), id];
    assert.equal(new Set(all).size, all.length);
    for (const other of all) assert.ok(isUuidv7(other), other);
  });
});
