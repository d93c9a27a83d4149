/** Recipes of a repository: plans on real repositories, how edits compose, and the parts they make. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { sha256 } from '#lib/sha256.ts';
import { tempRepository } from '#workspace/fixtures/temp-repository.ts';
import type { PlannedChange, PlannedPart, Recipe } from '../recipe.ts';
import { planRequest } from './fixtures/plan-request.ts';
import { readYamlRecipes } from './yaml-recipe.ts';

type Files = Readonly<Record<string, string>>;

const OWN = [{ name: 'rename' }, { name: 'rewrite' }] as unknown as readonly Recipe[];

/** Plans a goal by the recipes of a repository with these files. */
async function planIn(files: Files, goal: string): Promise<PlannedChange> {
  const temp = tempRepository({ 'skein.yaml': 'recipes: [recipes/*.yaml]\n', ...files });
  const request = await planRequest(temp);
  const recipes = await readYamlRecipes(request.repository, request.base, OWN);
  const recipe = recipes.find(({ matches }) => matches(goal));
  assert.ok(recipe !== undefined, `a recipe covers ${goal}`);
  return recipe.plan(goal, request);
}

const recipe = (steps: string, goal = 'do it'): Files => ({
  'recipes/a.yaml': `name: a-recipe\ndescription: For tests\ngoal: ${goal}\nsteps:\n${steps}`,
});

const REWRITE_F = "  - { id: f, rewrite: { pattern: 'f($A)', to: 'g($A)' } }\n";
const REWRITE_G = "  - { id: g, rewrite: { pattern: 'g($A)', to: 'h($A, 1)' } }\n";

const contentsOf = ({ edits }: PlannedChange): Files =>
  Object.fromEntries(edits.map(({ path, after }) => [path, after.toString()]));

describe('rewrites of a recipe', () => {
  it('see what the steps before them made, and give one edit a file', async () => {
    const before = 'f(1);\nx;\ng(2);\n';
    const files = { 'a.ts': before, 'b.ts': 'g(3);\n', 'c.ts': 'x;\n' };
    const change = await planIn({ ...files, ...recipe(REWRITE_F + REWRITE_G) }, 'do it');
    assert.deepEqual(contentsOf(change), {
      'a.ts': 'h(1, 1);\nx;\nh(2, 1);\n',
      'b.ts': 'h(3, 1);\n',
    });
    const [edit] = change.edits;
    assert.equal(edit?.baseHash, sha256(before));
    assert.equal(edit?.afterHash, sha256('h(1, 1);\nx;\nh(2, 1);\n'));
    assert.deepEqual([edit?.changes, edit?.lines], [3, [1, 3]]);
    assert.equal(change.title, 'Do it');
    assert.equal(change.summary, 'Do it (4 places; recipe a-recipe)');
    assert.equal(change.engine, 'recipes/a.yaml');
  });

  it('that undo each other leave nothing', async () => {
    const back = "  - { rewrite: { pattern: 'g($A)', to: 'f($A)' } }\n";
    await assert.rejects(planIn({ 'a.ts': 'f(1);\n', ...recipe(REWRITE_F + back) }, 'do it'), {
      name: 'nothing-to-change',
    });
  });

  it('that find nothing are told, and others go on', async () => {
    const none = "  - { title: Nothing, rewrite: { pattern: 'k($A)', to: 'l($A)' } }\n";
    const change = await planIn({ 'a.ts': 'f(1);\n', ...recipe(none + REWRITE_F) }, 'do it');
    assert.deepEqual(change.warnings, ['Nothing: nothing to rewrite was found']);
    assert.deepEqual(contentsOf(change), { 'a.ts': 'g(1);\n' });
  });

  it('have parameters in patterns, from the goal or by default', async () => {
    const files = {
      'a/x.ts': 'f(1);\n',
      'b/x.ts': 'f(1);\n',
      'recipes/a.yaml': [
        'name: a-recipe\ndescription: For tests\ngoal: call {to} [in {folder}]\n',
        'parameters:\n  - { name: to, enum: [g, h] }\n  - { name: folder, default: a }\n',
        "steps:\n  - rewrite: { pattern: 'f($A)', to: '{to}($A)', in: '{folder}/' }\n",
      ].join(''),
    };
    assert.deepEqual(contentsOf(await planIn(files, 'call g')), { 'a/x.ts': 'g(1);\n' });
    assert.deepEqual(contentsOf(await planIn(files, 'call "h" in b')), { 'b/x.ts': 'h(1);\n' });
    await assert.rejects(planIn(files, 'call k'), {
      name: 'usage',
      message: 'Cannot use "k" for to: it is none of g, h',
    });
    await assert.rejects(planIn(files, 'call g in c'), {
      name: 'pattern-invalid',
      message: 'Cannot use c/: no tracked file matches',
    });
  });
});

describe('searches of a recipe', () => {
  const search = (rest: string): string => `  - { id: s, search: { ${rest} } }\n`;
  const only = "  - rewrite: { pattern: 'f($A)', to: 'g($A)', in: '{s}' }\n";
  const files = { 'a.ts': '// here\nf(1);\n', 'b.ts': 'f(1);\n', 'c.ts': '// here, here\nf(1);\n' };

  it('bind the files that later steps work on', async () => {
    const steps = search('text: here, in: "*.ts"') + only;
    const change = await planIn({ ...files, ...recipe(steps) }, 'do it');
    assert.deepEqual(Object.keys(contentsOf(change)), ['a.ts', 'c.ts']);
  });

  it('fail the plan when they find too little or too much', async () => {
    const trial = (rest: string): Promise<unknown> =>
      planIn({ ...files, ...recipe(search(rest) + only) }, 'do it');
    await assert.rejects(trial('text: gone, in: "*.ts"'), {
      name: 'nothing-to-change',
      message: 'Cannot use the recipe a-recipe: s found nothing',
    });
    await assert.rejects(trial('pattern: f($A), atLeast: 4'), {
      name: 'nothing-to-change',
      message: 'Cannot use the recipe a-recipe: s found 3 places, 4 are needed',
    });
    await assert.rejects(trial('text: here, in: "*.ts", atMost: 2'), { name: 'limit-reached' });
    await trial('text: here, in: "*.ts", atLeast: 3, atMost: 3');
  });

  it('that may find nothing leave out the steps that need it', async () => {
    const steps = search('text: gone, in: "*.ts", atLeast: 0') + only;
    const command =
      "  - { id: c, command: { run: 'touch {s}', writes: '*.ts', lines: '.' } }\n" +
      "  - { check: { name: look, run: 'ls {s}' } }\n";
    const change = await planIn({ ...files, ...recipe(steps + command + REWRITE_F) }, 'do it');
    assert.deepEqual(change.warnings, [
      'step-2: left out, there is no file for it',
      'c: left out, there is no file for it',
      'step-4: left out, there is no file for it',
    ]);
    assert.deepEqual(change.checks, []);
  });

  it('do not find the recipe itself', async () => {
    const steps = `${search('text: here')}${REWRITE_F}`;
    await assert.rejects(planIn({ 'a.ts': 'f(1);\n', ...recipe(steps) }, 'do it'), {
      message: 'Cannot use the recipe a-recipe: s found nothing',
    });
  });

  it('see what rewrites before them made', async () => {
    const steps = `${REWRITE_F}${search("pattern: 'f($A)', atLeast: 0, atMost: 0")}`;
    await planIn({ ...files, ...recipe(steps) }, 'do it');
    const early = `${search("pattern: 'f($A)', atLeast: 0, atMost: 0")}${REWRITE_F}`;
    await assert.rejects(planIn({ ...files, ...recipe(early) }, 'do it'), {
      name: 'limit-reached',
    });
  });
});

const keyed = ({ parts = [] }: PlannedChange): ReadonlyMap<string, PlannedPart> =>
  new Map(parts.map((part) => [part.key, part]));

describe('the parts of a recipe', () => {
  const command = (writes: string, more = ''): string =>
    `  - { id: c, ${more}command: { run: make, writes: '${writes}', lines: '^x' } }\n`;

  it('share many files out by folders, and every file is in one', async () => {
    const names = Array.from({ length: 70 }, (_, at) => `packages/p${at % 10}/src/file-${at}.ts`);
    const files = Object.fromEntries(names.map((name) => [name, 'f(1);\n']));
    const change = await planIn({ ...files, ...recipe(REWRITE_F) }, 'do it');
    const parts = change.parts ?? [];
    assert.ok(parts.length > 1 && parts.length <= 8, `${parts.length} parts`);
    assert.deepEqual(parts.flatMap(({ paths }) => paths).toSorted(), names.toSorted());
    assert.ok(parts.every(({ after }) => after.length === 0));
    assert.ok(parts.every(({ expects }) => expects.includes('f($A) to g($A)')));
  });

  it('put a command after the rewrites of its files, and beside the others', async () => {
    const files = { 'a/x.ts': 'f(1);\n', 'b/x.ts': 'g(1);\n', 'b/y.md': 'x\n' };
    const steps = REWRITE_F.replace('to:', 'in: a/, to:') + REWRITE_G.replace('to:', 'in: b/, to:');
    const parts = keyed(await planIn({ ...files, ...recipe(steps + command('b/')) }, 'do it'));
    assert.deepEqual([...parts.keys()], ['f-1', 'g-1', 'c']);
    assert.deepEqual(parts.get('c')?.after, ['g-1']);
    assert.deepEqual(parts.get('c')?.paths, ['b/x.ts', 'b/y.md']);
    assert.deepEqual(parts.get('c')?.command, { name: 'c', command: 'make', lines: '^x' });
    assert.deepEqual(parts.get('g-1')?.after, []);
  });

  it('keep the order that steps ask for', async () => {
    const files = { 'a.ts': 'f(1);\n', 'b.ts': 'g(1);\n', 'c.md': 'x\n' };
    const later = "  - { id: d, after: c, command: { run: m, writes: '*.css', lines: '.' } }\n";
    const steps =
      REWRITE_F + REWRITE_G.replace('{ id', '{ after: f, id') + command('*.md', 'after: [g], ');
    const change = await planIn({ ...files, 'd.css': '', ...recipe(steps + later) }, 'do it');
    const parts = keyed(change);
    assert.deepEqual(parts.get('g-1')?.paths, ['a.ts', 'b.ts']);
    assert.deepEqual(parts.get('c')?.after, ['g-1']);
    assert.deepEqual(parts.get('d')?.after, ['g-1', 'c']);
  });

  it('of two commands have different titles', async () => {
    const second = command('*.md').replace('id: c', 'id: e');
    const change = await planIn({ 'a.md': 'x\n', ...recipe(command('*.md') + second) }, 'do it');
    assert.deepEqual(
      change.parts?.map(({ title, after }) => [title, after]),
      [
        ['Run make', []],
        ['Run make (e)', ['c']],
      ],
    );
  });

  it('do without edits when there is a command', async () => {
    const change = await planIn({ 'a.md': 'x\n', ...recipe(command('*.md')) }, 'do it');
    assert.deepEqual(change.edits, []);
    assert.deepEqual([...keyed(change).keys()], ['c']);
    assert.equal(change.summary, 'Do it (0 places, 1 command; recipe a-recipe)');
  });

  it('never look at files that a command may have changed', async () => {
    const files = { 'a.ts': 'f(1);\n', 'b.md': 'x\n' };
    const trial = (steps: string): Promise<unknown> =>
      planIn({ ...files, ...recipe(steps) }, 'do it');
    await assert.rejects(trial(command('*.ts') + REWRITE_F), { name: 'recipe-invalid' });
    await trial(command('*.md') + REWRITE_F.replace('to:', 'in: a.ts, to:'));
  });
});

describe('commands and checks of a recipe', () => {
  it('get values as quoted words', async () => {
    const files = {
      "it's $(id).md": 'here\n',
      '-n.md': 'here\n',
      'recipes/a.yaml': [
        'name: a-recipe\ndescription: For tests\ngoal: replace {word}\n',
        "parameters: [{ name: word }]\nsteps:\n  - { id: s, search: { text: here, in: '*.md' } }\n",
        "  - command: { run: 'replace {word} {s} --x={word}', writes: '{s}', lines: '^{word}\\.' }\n",
        "  - check: { name: 'no {word}', run: 'test {word}' }\n",
      ].join(''),
    };
    const change = await planIn(files, 'replace "a; b."');
    const [part] = change.parts ?? [];
    assert.deepEqual(part?.paths, ['-n.md', "it's $(id).md"]);
    assert.equal(
      part?.command?.command,
      String.raw`replace 'a; b.' './-n.md' 'it'\''s $(id).md' --x='a; b.'`,
    );
    assert.ok(new RegExp(part?.command?.lines ?? '', 'u').test('a; b..'));
    assert.ok(!new RegExp(part?.command?.lines ?? '', 'u').test('a; bxx'));
    assert.deepEqual(change.checks, [{ name: 'no a; b.', command: "test 'a; b.'" }]);
  });
});

describe('names of recipes', () => {
  it('that are those of Skein are refused', async () => {
    const named = {
      'recipes/a.yaml': recipe(REWRITE_F)['recipes/a.yaml']!.replace('a-recipe', 'rename'),
    };
    await assert.rejects(planIn(named, 'do it'), {
      name: 'recipe-invalid',
      message: /rename is taken/u,
    });
    await assert.rejects(planIn(recipe(REWRITE_F, 'Rewrite all'), 'x'), {
      name: 'recipe-invalid',
      message: /goals that begin with Rewrite are taken/u,
    });
  });
});

const example = (name: string): Files => ({
  [`recipes/${name}.yaml`]: readFileSync(
    new URL(`../../../examples/recipes/${name}.yaml`, import.meta.url),
    'utf8',
  ),
});

/** The files that a page shows: a line with the name in backticks, then a block of code. */
function filesIn(page: string): Files {
  const text = readFileSync(new URL(`../../../docs/guides/${page}`, import.meta.url), 'utf8');
  const blocks = text.matchAll(/^`([^`]+)`( afterwards)?:\n\n```\w+\n(.*?)```$/gmsu);
  return Object.fromEntries(
    Array.from(blocks, ([, path, after = '', content = '']) => [`${path}${after}`, content]),
  );
}

describe('the worked example of the guide', () => {
  it('does what the page says', async () => {
    const shown = filesIn('recipes.md');
    const { 'src/main.ts afterwards': after, ...files } = shown;
    assert.ok(after !== undefined && files['recipes/client-options.yaml'] !== undefined);
    const all = { ...files, 'docs/client.md': 'Call createClient(url, key).\n' };
    const change = await planIn(all, 'pass options to clients');
    assert.deepEqual(contentsOf(change), { 'src/main.ts': after });
    const parts = (change.parts ?? []).map((part) => [part.title, part.paths, part.after]);
    assert.deepEqual(parts, [
      ['Options by name', ['src/main.ts'], []],
      ['The same in the manual', ['docs/client.md'], []],
    ]);
    assert.deepEqual(change.checks, [{ name: 'types', command: 'npx tsc -p .' }]);
  });
});

describe('the examples', () => {
  it('node-imports', async () => {
    const files = {
      'a.ts': "import { a } from 'fs';\nimport type { b } from 'fs';\nimport * as c from \"fs\";\n",
      'b.js': "const fs = require('fs');\nconst x = require('./fs');\n",
      'c.ts': "import d, { e } from 'fs';\nimport 'fsx';\n",
    };
    const change = await planIn({ ...files, ...example('node-imports') }, 'import fs from node');
    assert.deepEqual(contentsOf(change), {
      'a.ts':
        "import { a } from 'node:fs';\nimport type { b } from 'node:fs';\nimport * as c from \"node:fs\";\n",
      'b.js': "const fs = require('node:fs');\nconst x = require('./fs');\n",
      'c.ts': "import d, { e } from 'node:fs';\nimport 'fsx';\n",
    });
    // A repository without types: the step that is for them finds nothing.
    const { 'b.js': script } = files;
    const plain = await planIn(
      { 'b.js': script, ...example('node-imports') },
      'import fs from node',
    );
    assert.deepEqual(Object.keys(contentsOf(plain)), ['b.js']);
    const unknown = { ...files, 'd.ts': "export * from 'fs';\n", ...example('node-imports') };
    await assert.rejects(planIn(unknown, 'import fs from node'), { name: 'limit-reached' });
  });

  it('strict-assertions', async () => {
    const files = {
      'test/a.test.js':
        'assert.equal(\n  a, // one\n  b,\n);\nassert.deepEqual(a, b);\nassert.ok(a);\n',
      'docs/a.md': 'Use `assert.equal`.\n',
      'docs/b.md': 'Nothing.\n',
    };
    const goal = 'use strict assertions in test/';
    const change = await planIn({ ...files, ...example('strict-assertions') }, goal);
    assert.deepEqual(contentsOf(change), {
      'test/a.test.js':
        'assert.strictEqual(\n  a, // one\n  b,\n);\nassert.deepStrictEqual(a, b);\nassert.ok(a);\n',
    });
    const command = change.parts?.find((part) => part.command !== undefined);
    assert.deepEqual(command?.paths, ['docs/a.md']);
    assert.match(command?.command?.command ?? '', /^perl -pi -e '.*' 'docs\/a\.md'$/su);
    assert.deepEqual(change.checks, [{ name: 'tests', command: 'node --test' }]);
  });
});
