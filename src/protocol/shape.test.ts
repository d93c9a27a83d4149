/** Guards name what is wrong and where, and let unknown keys pass. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  digest,
  fields,
  flag,
  gitId,
  integer,
  list,
  nullable,
  oneOf,
  optional,
  text,
  type Shape,
} from './shape.ts';

const accepts = (shape: Shape<unknown>, value: unknown): boolean =>
  shape.problem(value, 'it') === undefined;

const CASES: readonly [string, Shape<unknown>, readonly unknown[], readonly unknown[]][] = [
  ['text', text, ['', 'a'], [1, null, undefined, ['a']]],
  ['integer', integer, [0, -1, 2 ** 53 - 1], [2 ** 53, 1.5, Number.NaN, Infinity, '1', 1n, null]],
  ['flag', flag, [true, false], [0, 'true', null, undefined]],
  [
    'digest',
    digest,
    ['0'.repeat(64)],
    ['0'.repeat(63), 'G'.repeat(64), 'A'.repeat(64), `${'0'.repeat(64)}\n`],
  ],
  ['gitId', gitId, ['a'.repeat(40), 'a'.repeat(64)], ['a'.repeat(41), 'a'.repeat(39), 'HEAD']],
  ['nullable', nullable(text), [null, 'a'], [undefined, 1]],
  ['optional', optional(text), [undefined, 'a'], [null, 1]],
  ['oneOf', oneOf('a', 'b'), ['a', 'b'], ['c', 'A', '', undefined, ['a']]],
  ['list', list(integer), [[], [1, 2]], [[1, 'a'], { length: 0 }, 'ab', null]],
  [
    'fields',
    fields({ a: text, b: optional(text) }),
    [{ a: '' }, { a: '', b: '', c: 1 }],
    [{}, [], null, 'a', { a: '', b: 1 }],
  ],
];

describe('a shape', () => {
  for (const [name, shape, good, bad] of CASES) {
    it(`${name} accepts what it names and nothing else`, () => {
      for (const value of good) assert.ok(accepts(shape, value), `${String(value)} is one`);
      for (const value of bad) assert.ok(!accepts(shape, value), `${String(value)} is none`);
    });
  }

  it('names the place of the problem', () => {
    const shape = fields({ tasks: list(fields({ id: text })) });
    assert.equal(
      shape.problem({ tasks: [{ id: 'a' }, { id: 2 }] }, 'data'),
      'data.tasks[1].id is not text',
    );
    assert.equal(shape.problem([], 'data'), 'data is not an object');
  });

  it('reads own keys only: what an object inherits is not on the record', () => {
    const shape = fields({ constructor: text, toString: text });
    assert.equal(shape.problem({}, 'data'), 'data.constructor is not text');
    assert.equal(
      fields({ a: text }).problem(Object.create({ a: 'x' }), 'data'),
      'data.a is not text',
    );
    assert.equal(
      fields({ a: text }).problem(JSON.parse('{"__proto__":{"a":"x"}}'), 'it'),
      'it.a is not text',
    );
  });
});
