/** Equal values give equal bytes, and what JSON can't hold is refused. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { canonicalJson } from './canonical-json.ts';

describe('canonical JSON', () => {
  it('sorts keys by UTF-16 code unit at every depth and keeps the order of lists', () => {
    const value = {
      b: [3, 1, { z: 1, a: 2 }],
      a: null,
      é: 1,
      Z: true,
      '\u{1f9bf}': 0,
      '\ufb33': 0,
    };
    const expected = '{"Z":true,"a":null,"b":[3,1,{"a":2,"z":1}],"é":1,"\u{1f9bf}":0,"\ufb33":0}';
    assert.equal(canonicalJson(value), expected);
  });

  it('is the same for any order of keys, and reads back as the value', () => {
    const one = { a: 1, b: { c: 'x', d: [] }, 10: 0, 9: 0 };
    const other = { 9: 0, b: { d: [], c: 'x' }, 10: 0, a: 1 };
    assert.equal(canonicalJson(one), canonicalJson(other));
    assert.deepEqual(JSON.parse(canonicalJson(one)), one);
  });

  it('writes what JSON writes: escapes, minus zero, exponents, absent keys and holes', () => {
    for (const value of ['"\\\n\u2028\ud800', -0, 1e21, 1e-7, 0.1, true, null, '', []]) {
      assert.equal(canonicalJson(value), JSON.stringify(value));
    }
    assert.equal(canonicalJson({ a: undefined, b: 1 }), '{"b":1}');
    assert.equal(canonicalJson([undefined, 1]), '[null,1]');
  });

  it('keeps a key named __proto__', () => {
    assert.equal(
      canonicalJson(JSON.parse('{"b":1,"__proto__":{"a":1}}')),
      '{"__proto__":{"a":1},"b":1}',
    );
  });

  it('refuses what JSON would drop or change in silence', () => {
    for (const value of [Number.NaN, Infinity, -Infinity, 1n, () => 1, Symbol('s'), undefined]) {
      assert.throws(() => canonicalJson(value), TypeError, String(value));
      if (value !== undefined) assert.throws(() => canonicalJson({ deep: [value] }), TypeError);
    }
  });
});
