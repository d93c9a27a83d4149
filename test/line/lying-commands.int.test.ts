/** Commands of recipes that do more than their recipe says: found out, named, and nothing is kept. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { tempRepository } from '#workspace/fixtures/temp-repository.ts';
import { openHome, WITHOUT_WALLS, told } from '../support/run-skein.ts';

const skein = openHome(WITHOUT_WALLS);

/** A command runs on a copy beside the worktree of its mission, which it can reach all the same. */
const WORKTREE = '"${PWD%.copy-*}"';

interface Command {
  readonly run: string;
  /** What is said when it is found out. */
  readonly says: RegExp;
  readonly writes?: string;
}

const HONEST = "echo 'new: line' >> docs/a.md";

const COMMANDS: Readonly<Record<string, Command>> = {
  'files of others': {
    run: `${HONEST}; echo x >> src/b.mjs; echo x > src/c.mjs`,
    says: /changed: src\/b\.mjs \(changed\), src\/c\.mjs \(new\)/u,
  },
  'a deleted file': {
    run: 'rm docs/a.md src/b.mjs',
    says: /docs\/a\.md \(deleted\), src\/b\.mjs \(deleted\)/u,
  },
  'a line more': {
    run: `${HONEST}; echo 'something else' >> docs/a.md`,
    says: /docs\/a\.md:4/u,
  },
  'a line less': {
    run: "printf 'new: line\\n' > docs/a.md",
    says: /docs\/a\.md/u,
  },
  'what does not parse': {
    run: "echo 'const new: = 1' >> src/b.mjs",
    writes: 'src/b.mjs',
    says: /Cannot edit src\/b\.mjs/u,
  },
  'the worktree itself': {
    run: `${HONEST}; echo '// new:' >> ${WORKTREE}/src/b.mjs`,
    says: /src\/b\.mjs: .*no recorded edit explains it/u,
  },
  'its own file in the worktree': {
    run: `${HONEST}; echo 'new: other' >> ${WORKTREE}/docs/a.md`,
    says: /changed: docs\/a\.md \(written past the copy\)/u,
  },
  'an end that is none': {
    run: `${HONEST}; exit 3`,
    says: /it ended with 3/u,
  },
};

const names = Object.keys(COMMANDS);

const recipeOf = (name: string, run: string, writes = 'docs/a.md'): string =>
  [
    `name: recipe-${name}\ndescription: Changes more than it says\ngoal: change by ${name}\n`,
    `steps:\n  - title: Change\n    command:\n      run: |-\n        ${run}\n`,
    `      writes: ${writes}\n      lines: 'new:'\n`,
  ].join('');

describe('a command of a recipe', () => {
  const { top, git } = tempRepository({
    'skein.yaml': 'recipes: [recipes/*.yaml]\n',
    'docs/a.md': 'one\ntwo\n',
    'src/b.mjs': 'export const b = 1;\n',
    'recipes/honest.yaml': recipeOf('nothing', HONEST),
    ...Object.fromEntries(
      Object.values(COMMANDS).map(({ run, writes }, index) => {
        return [`recipes/lie-${index}.yaml`, recipeOf(`lie${index}`, run, writes)];
      }),
    ),
  });
  const base = git('rev-parse', 'HEAD^{tree}');

  for (const [index, name] of names.entries()) {
    const { says } = COMMANDS[name] as Command;
    it(`that leaves ${name} is refused, with the name`, async () => {
      const order = ['run', `change by lie${index}`, '--repo', top, '--yes', '--check', 'true'];
      const refused = await skein.run(...order);
      assert.equal(refused.code, 5, told(refused));
      assert.match(refused.stderr, says);
      assert.doesNotMatch(refused.stderr, /5099|\n {4}at /u);
      assert.equal(git('for-each-ref', '--format=%(refname)', 'refs/heads/'), 'refs/heads/main\n');
      assert.equal(git('rev-parse', 'HEAD^{tree}'), base);
      assert.equal(git('status', '--porcelain'), '');
      const copies = readdirSync(join(skein.home, 'worktrees')).filter((each) =>
        each.includes('.copy'),
      );
      assert.deepEqual(copies, []);
    });
  }

  it('that does what it says is taken', async () => {
    const order = ['run', 'change by nothing', '--repo', top, '--yes', '--check', 'true'];
    const done = await skein.run(...order);
    assert.equal(done.code, 0, told(done));
    const branch = /^branch (\S+)$/mu.exec(done.stdout)?.[1] ?? '';
    assert.equal(git('show', `${branch}:docs/a.md`), 'one\ntwo\nnew: line\n');
    assert.equal(git('diff', '--name-only', 'main', branch), 'docs/a.md\n');
  });
});
