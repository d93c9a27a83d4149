/** Goal forms: which goals they read, the values they give, and forms that can't be read. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileGoal, completeValues, readGoal, valueProblem } from './goal-form.ts';
import type { RecipeParameter } from './recipe.ts';

function read(form: string, goal: string): Record<string, string> | undefined {
  const compiled = compileGoal(form);
  assert.ok(typeof compiled !== 'string', String(compiled));
  const values = readGoal(compiled, goal);
  return values && Object.fromEntries(values);
}

describe('a goal form', () => {
  const cases: readonly (readonly [string, string, Record<string, string> | undefined])[] = [
    ['use logger', 'use logger', {}],
    ['use logger', '  Use \t logger ', {}],
    ['use logger', 'use logger now', undefined],
    ['use logger', 'reuse logger', undefined],
    ['use {tool} in {folder}', 'use x in src/', { tool: 'x', folder: 'src/' }],
    ['use {tool} in {folder}', 'use "a b" in `c d`', { tool: 'a b', folder: 'c d' }],
    ['use {tool} in {folder}', 'use x in', undefined],
    ['use {tool} [in {folder}]', 'use x', { tool: 'x' }],
    ['use {tool} [in {folder}]', 'use x in y', { tool: 'x', folder: 'y' }],
    ['use {tool} [in {folder}] now', 'use x now', { tool: 'x' }],
    ['move {a}.{b}(c)?', 'move x.y(c)?', { a: 'x', b: 'y' }],
    ['move {a}.{b}(c)?', 'move xzy(c)', undefined],
    ['use[d] it', 'used it', {}],
  ];
  for (const [form, goal, expected] of cases) {
    it(`${form} | ${goal}`, () => assert.deepEqual(read(form, goal), expected));
  }

  it('has no very long goals', () => {
    assert.deepEqual(read('a {b}', `a ${'x'.repeat(900)}`), { b: 'x'.repeat(900) });
    assert.equal(read('a {b}', `a ${'x'.repeat(1_000)}`), undefined);
  });

  it('that can not be read says why', () => {
    const forms: Readonly<Record<string, RegExp>> = {
      'a {b} {b}': /twice/u,
      'a {b}{c}': /between \{b\} and \{c\}/u,
      'a {B}': /no name/u,
      'a {}': /no name/u,
      'a [b': /brackets/u,
      'a b]': /brackets/u,
      'a [b [c]]': /brackets/u,
      '{a} b': /begin with a word/u,
      '[a] b': /begin with a word/u,
    };
    for (const [form, problem] of Object.entries(forms)) {
      assert.match(String(compileGoal(form)), problem, form);
    }
  });
});

const parameter = (rest: Partial<RecipeParameter> = {}): RecipeParameter => ({
  name: 'folder',
  description: undefined,
  default: undefined,
  pattern: undefined,
  enum: undefined,
  ...rest,
});

describe('a value', () => {
  it('is the given one, else the default', () => {
    const parameters = [parameter({ default: 'src' })];
    assert.equal(completeValues(parameters, new Map()).get('folder'), 'src');
    assert.equal(completeValues(parameters, new Map([['folder', 'x']])).get('folder'), 'x');
    assert.throws(() => completeValues([parameter()], new Map()), { name: 'usage' });
  });

  it('must be one that the parameter takes', () => {
    assert.equal(valueProblem(parameter({ enum: ['a'] }), 'a'), undefined);
    assert.match(valueProblem(parameter({ enum: ['a'] }), 'b') ?? '', /none of a/u);
    assert.equal(valueProblem(parameter({ pattern: 'a|b' }), 'b'), undefined);
    assert.match(valueProblem(parameter({ pattern: 'a|b' }), 'ab') ?? '', /does not match/u);
    assert.match(valueProblem(parameter(), '-rf') ?? '', /option/u);
    assert.match(valueProblem(parameter(), 'a\nb') ?? '', /control/u);
    assert.match(valueProblem(parameter(), 'x'.repeat(501)) ?? '', /longer/u);
  });

  it('is refused when its pattern would take for ever', () => {
    const value = `${'a'.repeat(60)}!`;
    assert.match(valueProblem(parameter({ pattern: '(a+)+' }), value) ?? '', /does not match/u);
  });
});
