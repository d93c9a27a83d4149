/** Events are read strictly where it matters and leniently where a newer Skein may have written. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fromCloudEvent, toCloudEvent } from './cloud-event.ts';
import { assertData, decodeEvent, entityOf } from './event-types.ts';
import { parseEnvelope, type EventEnvelope } from './event.ts';

const event: EventEnvelope = {
  id: '01a1fe44-6af5-7100-9298-3544be3b20ae',
  type: 'task.failed',
  subject: 'task/t1',
  time: '2026-11-21T00:00:00.000Z',
  actor: 'coder',
  authority: 'peer',
  traceId: 'ab',
  spanId: 'cd',
  data: { reason: 'it broke' },
};

const line = (change: object): string => JSON.stringify({ ...event, ...change });

describe('an event', () => {
  it('is read as text and as bytes', () => {
    assert.deepEqual(parseEnvelope(line({})), event);
    assert.deepEqual(parseEnvelope(Buffer.from(line({ actor: 'Zoë 🪿' }))).actor, 'Zoë 🪿');
  });

  it('keeps fields that this version does not know', () => {
    const decoded = decodeEvent(line({ later: { a: 1 }, data: { reason: 'x', later: 2 } }));
    assert.deepEqual(
      { ...decoded.event, data: decoded.event.data },
      {
        ...event,
        later: { a: 1 },
        data: { reason: 'x', later: 2 },
      },
    );
  });

  it('is refused when it is no JSON, no UTF-8 or no envelope', () => {
    const bad: (string | Buffer)[] = [
      '',
      '{',
      'null',
      '[]',
      '"text"',
      `${line({})}\n{}`,
      line({ id: 1 }),
      line({ authority: 'root' }),
      line({ mission: null }),
      line({ v: 1.5 }),
      line({ v: 2 ** 53 }).replace('9007199254740992', '9007199254740993'),
      JSON.stringify({ ...event, subject: undefined }),
      Buffer.from(line({ actor: 'Zoë' }), 'latin1'),
      Buffer.from([0xef, 0xbb]),
    ];
    for (const bytes of bad) {
      assert.throws(() => decodeEvent(bytes), { name: 'event-invalid' }, String(bytes));
    }
  });

  it('takes nothing from a key named __proto__', () => {
    const text = line({}).replace('"subject":"task/t1"', '"__proto__":{"subject":"task/t1"}');
    assert.throws(() => decodeEvent(text), {
      name: 'event-invalid',
      message: /subject is not text/,
    });
    const kept = decodeEvent(line({}).replace('"reason"', '"__proto__":{"a":1},"reason"'));
    assert.equal(({} as { a?: number }).a, undefined);
    assert.ok(Object.hasOwn(kept.event.data as object, '__proto__'));
  });

  it('may be nested absurdly deep and is still answered', () => {
    const deep = line({ type: 'later.thing' }).replace(
      '"it broke"',
      `${'['.repeat(50_000)}${']'.repeat(50_000)}`,
    );
    assert.equal(decodeEvent(deep).known, false);
  });
});

describe('the registry', () => {
  it('answers unknown types and newer versions as such, with their bytes intact', () => {
    for (const change of [{ type: 'later.thing' }, { v: 2 }, { type: 'toString' }]) {
      const decoded = decodeEvent(line({ ...change, data: 'anything' }));
      assert.deepEqual([decoded.known, decoded.event.data], [false, 'anything']);
    }
    assert.equal(decodeEvent(line({ v: 1 })).known, true);
  });

  it('refuses known types whose data lacks what they declare', () => {
    for (const data of [{}, { reason: 1 }, null, [], 'x', undefined]) {
      assert.throws(() => decodeEvent(line({ data })), { name: 'event-invalid' });
    }
  });

  it('lets nobody record a type it does not know', () => {
    assert.throws(() => assertData({ type: 'later.thing', data: {} }), { name: 'event-invalid' });
    assertData(event);
  });

  it('names the entity of an event: the subject after its kind, an effect by its key', () => {
    assert.deepEqual(entityOf({ ...event, subject: 'task/a/b' }), { kind: 'task', id: 'a/b' });
    const effect = { ...event, type: 'edit.done', subject: 'file/x', data: { effect: 'm/edit/x' } };
    assert.deepEqual(entityOf(effect), { kind: 'effect', id: 'm/edit/x' });
    assert.equal(entityOf({ ...event, type: 'guardrail.passed' }), null);
    assert.equal(entityOf({ ...event, type: 'later.thing' }), null);
  });
});

describe('a CloudEvent', () => {
  const full: EventEnvelope = { ...event, v: 3, mission: 'm', parentSpanId: 'ef', cause: 'c' };

  it('carries an event there and back without loss, optional fields or none', () => {
    for (const each of [
      event,
      full,
      { ...event, data: null },
      { ...event, data: [1, { a: 'ü' }] },
    ]) {
      const there = JSON.parse(JSON.stringify(toCloudEvent(each, 'space')));
      assert.deepEqual(fromCloudEvent(there), each);
    }
  });

  it('has the attributes that the standard demands, in the form it demands', () => {
    const cloud = toCloudEvent(full, 'ab12');
    assert.equal(cloud['specversion'], '1.0');
    assert.equal(cloud['source'], 'skein://ab12');
    assert.equal(cloud['type'], 'dev.skein.task.failed');
    for (const attribute of Object.keys(cloud)) assert.match(attribute, /^[a-z0-9]{1,20}$/);
  });
});
