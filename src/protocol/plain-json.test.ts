/** Only what reads back as it was written may be recorded. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_DATA_DEPTH, plainJsonProblem } from './plain-json.ts';

const nested = (depth: number): unknown => {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { value };
  return value;
};

describe('plain JSON', () => {
  it('accepts exactly what JSON reads back the same', () => {
    const prototypeless: unknown = Object.assign(Object.create(null), { a: 1 });
    const parsed: unknown = JSON.parse('{"__proto__":{"a":[1.5,"x",null,true]},"toString":""}');
    for (const value of [
      {},
      [],
      'ü🪿\u0000\ud800',
      -0,
      1e300,
      null,
      false,
      prototypeless,
      parsed,
    ]) {
      assert.equal(plainJsonProblem(value, 'data'), undefined);
      assert.deepEqual(
        JSON.parse(JSON.stringify(value)),
        Object.is(value, -0) ? 0 : structuredClone(value),
      );
    }
    assert.equal(plainJsonProblem({ a: undefined }, 'data'), undefined);
  });

  it('names what is not, and where', () => {
    const problems: [unknown, RegExp][] = [
      [{ a: [1, Number.NaN] }, /^data\.a\[1\] is NaN/],
      [{ a: Infinity }, /^data\.a is Infinity/],
      [{ a: 1n }, /^data\.a is a bigint/],
      [{ a: () => 1 }, /^data\.a is a function/],
      [[undefined], /^data\[0\] is a undefined/],
      [{ a: new Date(0) }, /^data\.a is a Date, not plain data/],
      [{ a: new Map() }, /^data\.a is a Map/],
      [{ a: Buffer.from('x') }, /^data\.a is a Buffer/],
      [undefined, /^data is a undefined/],
    ];
    for (const [value, problem] of problems)
      assert.match(plainJsonProblem(value, 'data') ?? '', problem);
  });

  it('is nested as deep as the limit and no deeper', () => {
    assert.equal(plainJsonProblem(nested(MAX_DATA_DEPTH), 'data'), undefined);
    assert.match(
      plainJsonProblem(nested(MAX_DATA_DEPTH + 1), 'data') ?? '',
      /nested deeper than 64/,
    );
    assert.match(plainJsonProblem(nested(1_000_000), 'data') ?? '', /nested deeper/);
    const loop: unknown[] = [];
    loop.push(loop);
    assert.match(plainJsonProblem(loop, 'data') ?? '', /nested deeper/);
  });
});
