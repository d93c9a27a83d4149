/** The recipe `rewrite a to b`: how goals are read, and plans on a real repository. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import { tempRepository } from '#workspace/fixtures/temp-repository.ts';
import type { PlannedChange } from '../recipe.ts';
import { RECIPES } from '../recipes.ts';
import { planRequest } from './fixtures/plan-request.ts';
import { parseRewriteGoal, rewritePattern } from './rewrite-pattern.ts';

describe('a goal', () => {
  const cases: readonly (readonly [string, string, string, string?])[] = [
    ['rewrite console.log($A) to logger.info($A)', 'console.log($A)', 'logger.info($A)'],
    ['rewrite f($$$A) to g($$$A) in src/**/*.ts', 'f($$$A)', 'g($$$A)', 'src/**/*.ts'],
    ["rewrite 'f($A)' to 'g($A)'", 'f($A)', 'g($A)'],
    ['rewrite "f($A)" to `g($A)` in \'my files/\'', 'f($A)', 'g($A)', 'my files/'],
    ["rewrite 'a('x') to b' to 'c in d' in src", "a('x') to b", 'c in d', 'src'],
    ["rewrite '$A in $B' to has($B, $A) in src", '$A in $B', 'has($B, $A)', 'src'],
    ['rewrite $A in $B to has($B, $A)', '$A in $B', 'has($B, $A)'],
    ['rewrite f(" to ") to g(a in b) in src', 'f(" to ")', 'g(a in b)', 'src'],
    ['rewrite "a" + $B to f($B)', '"a" + $B', 'f($B)'],
    ['  Rewrite  a\n to\tb  ', 'a', 'b'],
    ['rewrite \'"a"\' to \'"b"\'', '"a"', '"b"'],
  ];
  for (const [goal, pattern, replacement, glob] of cases) {
    it(JSON.stringify(goal), () => {
      const expected = { pattern, replacement, ...(glob === undefined ? {} : { glob }) };
      assert.deepEqual(parseRewriteGoal(goal), expected);
      assert.equal(RECIPES.find((recipe) => recipe.matches(goal))?.name, 'rewrite');
    });
  }

  it('that can be read in two ways is refused', () => {
    const goals = ['rewrite a to b to c', 'rewrite a to b in c in d', "rewrite a to '' in src"];
    for (const goal of [...goals, 'rewrite f(a to b']) {
      assert.throws(() => parseRewriteGoal(goal), { name: 'pattern-invalid' }, goal);
    }
  });

  it('of another form is none of its', () => {
    for (const goal of ['rename a to b', 'rewrite a', 'rewrite a with b', 'prewrite a to b']) {
      assert.equal(parseRewriteGoal(goal), undefined);
    }
  });
});

const planIn = async (
  files: Readonly<Record<string, string>>,
  goal: string,
): Promise<PlannedChange> => rewritePattern.plan(goal, await planRequest(tempRepository(files)));

/** Whether the parser's package is loaded into this process. */
const isParserLoaded = (): boolean =>
  Object.keys(createRequire(import.meta.url).cache).some((file) => file.includes('@ast-grep'));

describe('the plan of a rewrite', () => {
  const files = { 'src/a.ts': 'f(1);\nf(2);\n', 'src/b.ts': 'f(3);\n', 'c.js': 'f(4);\n' };

  it('is the first to load the parser: a node that plans none starts without', async () => {
    assert.equal(isParserLoaded(), false);
    await planIn(files, 'rewrite f($A) to g($A)');
    assert.equal(isParserLoaded(), true);
  });

  it('names what it does and holds exact edits', async () => {
    const change = await planIn(files, 'rewrite f($A) to g($A) in src/');
    assert.equal(change.title, 'Rewrite f($A) to g($A)');
    assert.equal(change.summary, 'Rewrite f($A) to g($A) (3 places, src/)');
    assert.equal(change.engine, 'ast-grep');
    assert.deepEqual(
      change.edits.map(({ path, after }) => [path, after.toString()]),
      [
        ['src/a.ts', 'g(1);\ng(2);\n'],
        ['src/b.ts', 'g(3);\n'],
      ],
    );
  });

  it('is refused when there is nothing to change', async () => {
    await assert.rejects(planIn(files, 'rewrite h($A) to g($A) in src'), {
      name: 'nothing-to-change',
      message: 'Cannot rewrite h($A): none of 2 files in src holds it',
    });
    const left = { 'a.ts': 'f(/* why */ 1);\n' };
    await assert.rejects(planIn(left, 'rewrite f($A) to g()'), {
      name: 'nothing-to-change',
      message: 'Cannot rewrite f($A): 1 places match, and none of them can be changed',
      fix: 'a.ts:1: left as it is, because a comment in it would be lost',
    });
  });
});
