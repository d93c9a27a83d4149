/** Recipes of a repository at the command line: all kinds of steps, parameters, mistakes. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { GREETER, greeterRepository, RENAME } from '../support/line-repository.ts';
import { openHome, told, type Ended } from '../support/run-skein.ts';

const skein = openHome();

const example = (name: string): string =>
  readFileSync(
    fileURLToPath(new URL(`../../examples/recipes/${name}.yaml`, import.meta.url)),
    'utf8',
  );

const NAMED = { 'skein.yaml': 'recipes: [recipes/*.yaml]\n' };

/** A program with a test and a document, and both recipes of the examples. */
const FILES = {
  ...NAMED,
  'recipes/node-imports.yaml': example('node-imports'),
  'recipes/strict-assertions.yaml': example('strict-assertions'),
  'test/greet.test.mjs':
    "import assert from 'assert';\nimport { test } from 'node:test';\n\ntest('sums', () => {\n  assert.equal(1 + 1, 2); // assert.equal: a comment\n  assert.deepEqual([1], [1]);\n});\n",
  'test/other/late.test.mjs':
    "import assert from 'node:assert';\nimport { test } from 'node:test';\n\ntest('late', () => assert.notEqual(1, 2));\n",
  'docs/tests.md': 'Compare with assert.equal, or assert.deepEqual.\n\nNothing else.\n',
};

const changedIn = (git: (...args: string[]) => string, branch: string): readonly string[] =>
  git('diff', '--name-only', 'main', branch).trim().split('\n');

const branchOf = ({ stdout }: Ended): string => /^branch (\S+)$/mu.exec(stdout)?.[1] ?? '';

async function statuses(): Promise<readonly string[]> {
  const { stdout } = await skein.run('missions', '--json');
  const lines = stdout.trim().split('\n').filter(Boolean);
  return lines.map((line) => (JSON.parse(line) as { status: string }).status);
}

describe('a recipe with searches, rewrites, a command and a check', () => {
  const { top, git } = greeterRepository(FILES);

  it('is shown by a dry run that leaves nothing: its tasks, its command, its own check', async () => {
    const shown = await skein.run('plan', 'use strict assertions', '--repo', top, '--dry-run');
    assert.equal(shown.code, 0, told(shown));
    assert.match(shown.stdout, /^Use strict assertions \(3 places, 1 command; recipe strict-/mu);
    assert.match(shown.stdout, /^ +\d+ {2}edit .*Inequality, 1 file/mu);
    assert.match(shown.stdout, /^ +\d+ {2}edit .*Equality; Deep equality, 1 file/mu);
    assert.match(shown.stdout, /^ +\d+ {2}command .*The same words in the documents, 1 file/mu);
    assert.match(
      shown.stdout,
      /^ {2}command .*perl .*\n {4}may write docs\/tests\.md; only lines that match/mu,
    );
    assert.match(shown.stdout, /^ {2}checks: tests \(node --test\)$/mu);
    assert.deepEqual(await statuses(), ['rejected']);
    assert.equal(git('for-each-ref', '--format=%(refname)'), 'refs/heads/main\n');
  });

  it('is carried out: exact edits, what the command wrote, the check before and after', async () => {
    const done = await skein.run('run', 'use strict assertions', '--repo', top, '--yes');
    assert.equal(done.code, 0, told(done));
    assert.match(done.stderr, /check tests on the base: exit code 0/u);
    assert.match(done.stderr, /check tests on the change: exit code 0/u);
    const branch = branchOf(done);
    assert.deepEqual(changedIn(git, branch), Object.keys(FILES).slice(3).toSorted());
    assert.equal(
      git('show', `${branch}:test/greet.test.mjs`),
      FILES['test/greet.test.mjs']
        .replace('assert.equal(1', 'assert.strictEqual(1')
        .replace('assert.deepEqual(', 'assert.deepStrictEqual('),
    );
    assert.equal(
      git('show', `${branch}:docs/tests.md`),
      'Compare with assert.strictEqual, or assert.deepStrictEqual.\n\nNothing else.\n',
    );
    assert.match(
      git('log', '-1', '--format=%B', branch),
      /^Use strict assertions\n\nGoal: use st/u,
    );
  });

  it('takes what its goal says: a folder', async () => {
    const goal = 'use strict assertions in test/other/';
    const done = await skein.run('run', goal, '--repo', top, '--yes', '--check', 'true');
    assert.equal(done.code, 0, told(done));
    assert.deepEqual(changedIn(git, branchOf(done)), ['docs/tests.md', 'test/other/late.test.mjs']);
  });

  it('takes no value that its parameter does not: 2, with what there may be', async () => {
    for (const [value, says] of [
      ['../evil', /Cannot use "\.\.\/evil" for module: it does not match/u],
      ['--all', /Cannot use "--all" for module: it begins with -/u],
      ['"a b"', /Cannot use "a b" for module/u],
    ] as const) {
      const refused = await skein.run('run', `import ${value} from node`, '--repo', top, '--yes');
      assert.equal(refused.code, 2, told(refused));
      assert.match(refused.stderr, says);
      assert.match(refused.stderr, /one of Node's own modules/u);
    }
    const done = await skein.run('run', 'import assert from node', '--repo', top, '--yes');
    assert.equal(done.code, 0, told(done));
    assert.deepEqual(changedIn(git, branchOf(done)), ['test/greet.test.mjs']);
  });

  it('that finds nothing: 3, with what it looks for', async () => {
    const goal = 'import fs from node in test/';
    const refused = await skein.run('run', goal, '--repo', top, '--yes');
    assert.equal(refused.code, 3, told(refused));
    assert.match(refused.stderr, /Files that name the module found nothing/u);
  });

  it('is among the goals that are named when none covers what was asked for', async () => {
    const refused = await skein.run('run', 'make it faster', '--repo', top, '--yes');
    assert.equal(refused.code, 2, told(refused));
    for (const goal of [
      'rename <symbol> to <name>',
      'rewrite <pattern> to <pattern>',
      'import <module> from node [in <folder>]',
      'use strict assertions [in <folder>]',
    ]) {
      assert.ok(refused.stderr.includes(goal), told(refused));
    }
  });
});

describe('a recipe that can not be read', () => {
  const broken = example('strict-assertions').replace('steps:', 'step:');
  const line = broken.split('\n').indexOf('step:') + 1;
  const { top, git } = greeterRepository({ ...NAMED, 'recipes/broken.yaml': broken });

  it('is named with its file and line: 2, before anything is planned', async () => {
    const refused = await skein.run('run', 'use strict assertions', '--repo', top, '--yes');
    assert.equal(refused.code, 2, told(refused));
    assert.ok(refused.stderr.includes(`recipes/broken.yaml, line ${line}: `), told(refused));
    assert.match(refused.stderr, /the key step is not known[^]*Known: .*steps/u);
    assert.doesNotMatch(refused.stderr, /worktree ready/u);
  });

  it('stands in the way of no goal of Skein', async () => {
    const done = await skein.run('run', RENAME, '--repo', top, '--yes', '--check', 'true');
    assert.equal(done.code, 0, told(done));
    assert.deepEqual(changedIn(git, branchOf(done)), ['src/greet.ts', 'src/main.ts']);
  });

  it('counts once it is committed right, not before', async () => {
    const { top: own, ...repository } = greeterRepository(GREETER);
    repository.write('skein.yaml', NAMED['skein.yaml']);
    repository.write('recipes/imports.yaml', example('node-imports'));
    repository.write('src/fs.mjs', "import fs from 'fs';\n\nfs.existsSync('a');\n");
    const goal = ['plan', 'import fs from node', '--repo', own, '--dry-run', '--check', 'true'];
    const early = await skein.run(...goal);
    assert.equal(early.code, 2, told(early));
    assert.match(early.stderr, /no recipe covers it/u);
    assert.match(early.stderr, /committed/u);
    repository.commit('Recipes');
    const shown = await skein.run(...goal);
    assert.equal(shown.code, 0, told(shown));
  });
});
