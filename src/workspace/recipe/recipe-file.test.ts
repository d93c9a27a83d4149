/** Recipe files: what they may say, that each mistake is named with its line, where they come from. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { tempRepository } from '#workspace/fixtures/temp-repository.ts';
import { parseRecipe, readRecipes } from './recipe-file.ts';
import { recipeSchema } from './recipe-form.ts';

const parse = (text: string) => parseRecipe('a.yaml', Buffer.from(text));

const HEAD = 'name: a\ndescription: b\ngoal: do it\n';
const REWRITE = '  - rewrite: { pattern: x, to: y }\n';

describe('a recipe', () => {
  it('is read with its defaults', () => {
    const text = `# comment
format: 1
name: use-logger
description: Log by the logger
goal: use logger [in {folder}]
parameters:
  - name: folder
    description: where to look
    default: src/
steps:
  - id: find
    role: scout
    search: { text: console, in: '{folder}' }
  - title: Log
    after: find
    role: coder
    rewrite: { pattern: console.log($$$A), to: logger.info($$$A), in: ['{find}', 'x/{folder}'] }
  - id: format
    after: [find, step-2]
    command: { run: 'fmt {find} {folder}', writes: ['*.md', '{find}'], lines: '^{folder}' }
  - role: runner
    check: { name: types, run: npx tsc }
`;
    const { steps, parameters, ...rest } = parse(text);
    assert.deepEqual(rest, {
      file: 'a.yaml',
      name: 'use-logger',
      description: 'Log by the logger',
      goal: 'use logger [in {folder}]',
    });
    assert.deepEqual(
      parameters.map(({ name, default: value }) => [name, value]),
      [['folder', 'src/']],
    );
    assert.deepEqual(
      steps.map(({ kind, id, title, after }) => [kind, id, title, after]),
      [
        ['search', 'find', undefined, []],
        ['rewrite', 'step-2', 'Log', ['find']],
        ['command', 'format', undefined, ['find', 'step-2']],
        ['check', 'step-4', undefined, []],
      ],
    );
    const [search, rewrite] = steps;
    assert.ok(search?.kind === 'search' && rewrite?.kind === 'rewrite');
    assert.deepEqual([search.in, search.atLeast], [['{folder}'], 1]);
    assert.deepEqual(rewrite.in, ['{find}', 'x/{folder}']);
  });

  const mistakes: readonly (readonly [string, number, RegExp])[] = [
    ['name: a\ngoal: do it\nsteps: []\n', 1, /description is missing/u],
    ['name: A b\ndescription: c\ngoal: d\nsteps: []\n', 1, /name: must be words/u],
    [HEAD, 1, /steps is missing/u],
    [`${HEAD}stepps: []\n`, 4, /stepps is not known/u],
    [`${HEAD}steps:\n${REWRITE}stepps: []\n`, 6, /stepps is not known/u],
    [`${HEAD}steps: []\n`, 4, /steps/u],
    [`format: 2\n${HEAD}steps: []\n`, 1, /format is 2/u],
    [`${HEAD}steps:\n  - rewrite: { pattern: x }\n`, 5, /steps\.0\.rewrite\.to is missing/u],
    [`${HEAD}steps:\n  - rewrite: { pattern: x, to: y, out: z }\n`, 5, /out is not known/u],
    [`${HEAD}steps:\n  - title: x\n`, 5, /step 1: it says not what to do/u],
    [`${HEAD}steps:\n${REWRITE}    check: { name: a, run: b }\n`, 5, /rewrite and check at once/u],
    [`${HEAD}steps:\n${REWRITE}    role: runner\n`, 6, /done by a coder/u],
    [`${HEAD}steps:\n  - search: { in: a }\n`, 5, /either a pattern or a text/u],
    [`${HEAD}steps:\n  - search: { text: a, pattern: b }\n`, 5, /either a pattern or a text/u],
    [`${HEAD}steps:\n  - search: { text: a, atMost: 0 }\n`, 5, /less than atLeast/u],
    [`${HEAD}steps:\n  - search: { text: a }\n`, 4, /no step changes anything/u],
    [`${HEAD}steps:\n${REWRITE}    after: b\n`, 6, /no step before .* id b/u],
    [`${HEAD}steps:\n${REWRITE}    id: b\n${REWRITE}    id: b\n`, 8, /b is there twice/u],
    [`${HEAD}steps:\n  - rewrite:\n      pattern: x\n      to: y\n      in: '{b}'\n`, 8, /\{b\}/u],
    [`${HEAD}steps:\n  - rewrite:\n      pattern: x\n      to: y\n      in: {b}\n`, 8, /in: must/u],
    [`${HEAD}steps:\n  - command: { run: a, writes: b, lines: '(' }\n`, 5, /no regular/u],
    [`${HEAD}steps:\n  - command: { run: a, writes: b }\n`, 5, /lines is missing/u],
    [`${HEAD}parameters: [{ name: b }]\nsteps:\n${REWRITE}`, 4, /b needs a default/u],
    [`${HEAD}parameters:\n  - { name: b, default: c }\nsteps:\n${REWRITE}`, 5, /no step uses/u],
    [`${HEAD}parameters:\n  - { name: b, default: -c }\nsteps:\n${REWRITE}`, 5, /option/u],
    [`${HEAD}parameters:\n  - { name: b, pattern: '(' }\nsteps:\n${REWRITE}`, 5, /no regular/u],
    [`${HEAD}it: {b}\nsteps:\n${REWRITE}`, 4, /it is not known/u],
    [`name: a\ndescription: b\ngoal: do {c}\nsteps:\n${REWRITE}`, 3, /\{c\} is not among/u],
    [`name: a\ndescription: b\ngoal: '{c} it'\nsteps:\n${REWRITE}`, 3, /begin with a word/u],
    [`${HEAD}steps: [\n`, 5, /./u],
    ['', 1, /./u],
    ['- a\n', 1, /./u],
  ];
  for (const [text, line, message] of mistakes) {
    it(`is refused in line ${line}: ${message.source}`, () => {
      assert.throws(
        () => parse(text),
        (error: Error & { details?: { file?: string; line?: number } }) => {
          assert.equal(error.name, 'recipe-invalid');
          assert.match(error.message, message);
          assert.deepEqual(error.details, { file: 'a.yaml', line }, error.message);
          return true;
        },
      );
    });
  }

  it('refuses names in quotes of a command, and those of later steps', () => {
    const steps = (run: string): string =>
      `${HEAD}steps:\n  - id: s\n    search: { text: a }\n  - command:\n      run: ${run}\n      writes: a\n      lines: b\n`;
    assert.throws(() => parse(steps(`"echo '{s}'"`)), /line 8: \{s\} is in quotes/u);
    parse(steps('echo {s}'));
    const later = `${steps('echo {t}')}  - id: t\n    search: { text: a }\n`;
    assert.throws(() => parse(later), /line 8: \{t\} is a later step/u);
    const joined = `${HEAD}steps:\n  - id: s\n    search: { text: a }\n  - rewrite: { pattern: x, to: y, in: 'a/{s}' }\n`;
    assert.throws(() => parse(joined), /line 7: \{s\} stands for files/u);
  });

  it('has the published form', () => {
    const page = new URL('../../../docs/recipe.schema.json', import.meta.url);
    assert.deepEqual(
      JSON.parse(readFileSync(page, 'utf8')),
      JSON.parse(JSON.stringify(recipeSchema())),
    );
  });
});

describe('the recipes of a git commit', () => {
  const good = `${HEAD}steps:\n${REWRITE}`;
  const other = good.replace('name: a', 'name: b').replace('do it', 'do that');

  it('are those that skein.yaml names, as they were committed', async () => {
    const temp = tempRepository({
      'skein.yaml': 'recipes: [r/*.yaml, one.yaml]\n',
      'r/b.yaml': good,
      'one.yaml': other,
      'r/c.yml': 'not read',
    });
    const head = temp.git('rev-parse', 'HEAD').trim();
    temp.write('r/b.yaml', 'broken: [');
    temp.write('r/d.yaml', 'broken: [');
    const recipes = await readRecipes(temp, head);
    assert.deepEqual(
      recipes.map(({ file, name }) => [file, name]),
      [
        ['one.yaml', 'b'],
        ['r/b.yaml', 'a'],
      ],
    );
    await assert.rejects(readRecipes(temp, temp.commit()), {
      name: 'recipe-invalid',
      message: /r\/b\.yaml, line 1/u,
    });
  });

  it('are none without the key', async () => {
    const temp = tempRepository({ 'r/b.yaml': 'broken: [' });
    assert.deepEqual(await readRecipes(temp, 'HEAD'), []);
  });

  it('are refused when a file is missing, or two are alike', async () => {
    const yaml = 'recipes: ["*.yaml"]\n';
    const gone = tempRepository({ 'skein.yaml': 'recipes: [r/]\n' });
    await assert.rejects(readRecipes(gone, 'HEAD'), {
      name: 'recipe-invalid',
      message: 'Cannot read r/, named in skein.yaml: the git commit has no such file',
    });
    const same = tempRepository({
      'skein.yaml': yaml.replace('*', 'r/*'),
      'r/a.yaml': good,
      'r/b.yaml': good,
    });
    await assert.rejects(readRecipes(same, 'HEAD'), {
      message: /r\/a\.yaml has the name a as well/u,
    });
    const goal = tempRepository({
      'skein.yaml': yaml.replace('*', 'r/*'),
      'r/a.yaml': good,
      'r/b.yaml': good.replace('name: a', 'name: b'),
    });
    await assert.rejects(readRecipes(goal, 'HEAD'), { message: /has the goal "do it" as well/u });
  });
});
