/** The model of a file: which places are one binding, and what goes in and out. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzeFile } from './analyze-file.ts';
import type { FileModel } from './file-model.ts';

/** The bindings of `a` as lists of offsets, smallest first. */
function bindings(model: FileModel): number[][] {
  const found = new Map<number, number[]>();
  for (const site of model.sites) {
    const key = model.bindingOf(site);
    if (key !== undefined) found.set(key, [...(found.get(key) ?? []), site.start]);
  }
  return [...found.values()]
    .map((each) => each.sort((x, y) => x - y))
    .sort((x, y) => (x[0] ?? 0) - (y[0] ?? 0));
}

const of = (text: string, path = 'x.ts'): number[][] => bindings(analyzeFile(path, text, ['a']));

describe('analyzeFile', () => {
  it('tells scopes apart', () => {
    assert.deepEqual(of('let a; { let a; a } a'), [
      [4, 20],
      [13, 16],
    ]);
    assert.deepEqual(of('f(a); function f(a) { return a }'), [[17, 29]]);
    assert.deepEqual(of('{ var a } a'), [[6, 10]]);
    assert.deepEqual(of('try {} catch (a) { a } for (const a of []) a;'), [
      [14, 19],
      [34, 43],
    ]);
  });

  it('tells types from values', () => {
    assert.deepEqual(of('type a = 1; function f(a: string): a { return a as a }'), [
      [5, 35, 51],
      [23, 46],
    ]);
    assert.deepEqual(of('type X<a> = a extends infer a ? a : a'), [
      [7, 12, 36],
      [28, 32],
    ]);
    assert.deepEqual(of('type F = (a: 1) => a is 1; type T = [a: 1]'), [[10, 19]]);
  });

  it('sees both sides of a shorthand', () => {
    const { sites } = analyzeFile('x.ts', 'const { a } = o; f({ a }); ({ a } = o)', ['a']);
    const roles = sites.map((site) => site.role);
    assert.deepEqual(roles, ['pattern-shorthand', 'object-shorthand', 'pattern-shorthand']);
  });

  it('knows imports and exports of both module systems', () => {
    const names = (text: string, path: string) => {
      const model = analyzeFile(path, text, ['a']);
      return [
        ...model.imports.map((each) => `${each.name} from ${each.from.text}`),
        ...model.exports.map((each) => `${each.form} ${each.name}`),
        ...model.stars.map((each) => `star ${each.text}`),
      ];
    };
    const esm =
      "import { a } from 'x'; export { a }; export * from 'y'; import * as n from 'z'; n.a;";
    assert.deepEqual(names(esm, 'x.ts'), ['a from x', 'a from z', 'specifier a', 'star y']);
    const common =
      "const { a } = require('x'); module.exports = { a, ...require('y') }; exports.a = a;";
    assert.deepEqual(names(common, 'x.cjs'), ['a from x', 'commonjs a', 'commonjs a', 'star y']);
  });

  it('classes what is not code', () => {
    const text = "/* a */ const x = 'a b'; // a\nconst y = `a ${x}`, z = /a+/;";
    const model = analyzeFile('x.ts', text, ['a']);
    const at = (offset: number) => model.wordClass(offset);
    assert.deepEqual([at(3), at(19), at(28), at(41)], ['comment', 'string', 'comment', 'string']);
    assert.deepEqual(model.sites, []);
  });

  it('reports a file that does not parse', () => {
    assert.equal(analyzeFile('x.ts', 'const = a;', ['a']).parseErrors.length > 0, true);
    assert.deepEqual(analyzeFile('x.ts', 'const b = a;', ['a']).parseErrors, []);
  });
});
