/** What can't be done is refused with its own exit status, a reason, and what to do next. */
import assert from 'node:assert/strict';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { tempFolder, tempRepository } from '#workspace/fixtures/temp-repository.ts';
import { GREETER, greeterRepository, RENAME } from '../support/line-repository.ts';
import { openHome, told, type Ended } from '../support/run-skein.ts';

const skein = openHome();

const runIn = (top: string, goal: string = RENAME, ...flags: readonly string[]): Promise<Ended> =>
  skein.run('run', goal, '--repo', top, '--yes', '--check', 'true', ...flags);

function assertRefused(call: Ended, code: number, ...said: readonly RegExp[]): void {
  assert.equal(call.code, code, told(call));
  for (const pattern of said) assert.match(call.stderr, pattern);
  assert.doesNotMatch(call.stderr, /5099|\n {4}at /, 'an error of its own, without a stack');
}

describe('a goal', () => {
  const { top, git } = greeterRepository({
    'src/other.ts': 'export function twin(): number {\n  return 1;\n}\n',
    'src/third.ts': 'export function twin(): number {\n  return 2;\n}\n',
  });

  it('that no recipe covers: 2, with those there are', async () => {
    assertRefused(await runIn(top, 'make it faster'), 2, /rename <symbol> to <name>/);
  });

  it('that is empty or longer than 2,000 characters: 2, in words', async () => {
    assertRefused(await runIn(top, ' '), 2, /mission\.submit: goal: /);
    assertRefused(await runIn(top, `rename a to ${'b'.repeat(2_000)}`), 2, /goal: .*2000/);
  });

  it('about a symbol that is not there: 3', async () => {
    assertRefused(await runIn(top, 'rename nothing to something'), 3, /nothing/);
  });

  it('about one of two symbols: 2 with the choices; "at" chooses', async () => {
    const choices = [/src\/other\.ts:1/, /src\/third\.ts:1/, /rename twin to one at /];
    assertRefused(await runIn(top, 'rename twin to one'), 2, ...choices);
    const done = await runIn(top, 'rename twin to one at src/third.ts:1');
    assert.equal(done.code, 0, told(done));
    const branch = /^branch (\S+)/mu.exec(done.stdout)?.[1] ?? '';
    assert.equal(git('diff', '--name-only', 'main', branch), 'src/third.ts\n');
  });

  it('that would give a name that is no name, is taken, or is the same', async () => {
    for (const goal of ['rename greet to 1x', 'rename greet to class', 'rename greet to greet']) {
      const call = await runIn(top, goal);
      assert.ok(call.code === 2 || call.code === 5, told(call));
      assertRefused(call, call.code, /Cannot/);
    }
    assertRefused(
      await runIn(
        greeterRepository({
          'src/greet.ts':
            'export const welcome = 1;\nexport function greet(name: string): string {\n  return name;\n}\n',
        }).top,
      ),
      5,
      /welcome/,
    );
  });

  it('leaves no worktree behind', () => {
    assert.deepEqual(readdirSync(join(skein.home, 'worktrees')), []);
    assert.equal(git('worktree', 'list', '--porcelain').match(/^worktree /gmu)?.length, 1);
  });
});

describe('a repository', { concurrency: 2 }, () => {
  it('that is none, is no folder, or is a file: 3', async () => {
    const folder = tempFolder();
    assertRefused(await runIn(folder), 3, /not in a git repository/);
    assertRefused(await runIn(join(folder, 'nowhere')), 3, /no such folder/);
    writeFileSync(join(folder, 'file'), '');
    assertRefused(await runIn(join(folder, 'file')), 3, /it is a file/);
  });

  it('that is bare, or without a commit, or without TypeScript and JavaScript: 2', async () => {
    assertRefused(await runIn(tempRepository({}, '--bare').top), 2, /bare/);
    assertRefused(await runIn(tempRepository({}).top), 2, /no commits/);
    assertRefused(await runIn(tempRepository({ 'a.txt': 'greet\n' }).top), 2, /TypeScript/);
  });

  it('without an identity for git: 2, before anything is planned', async () => {
    const nobody = openHome();
    rmSync(join(nobody.person, '.gitconfig'));
    const { top } = greeterRepository();
    const call = await nobody.run('run', RENAME, '--repo', top, '--yes');
    assertRefused(call, 2, /user\.email/);
    assert.doesNotMatch(call.stderr, /worktree ready/);
  });

  it('is found from a folder inside it', async () => {
    const { top } = greeterRepository();
    const args = ['run', RENAME, '--yes', '--check', 'true'];
    const done = await skein.start(args, { cwd: join(top, 'src') }).ended;
    assert.equal(done.code, 0, told(done));
  });

  it('with a skein.yaml that is wrong: 2, with the place', async () => {
    const { top } = greeterRepository({ 'skein.yaml': 'checks: [5]\n' });
    assertRefused(await skein.run('run', RENAME, '--repo', top, '--yes'), 2, /skein\.yaml/);
  });

  it('with a change that brings a type error: 5, and nothing is written', async () => {
    const { top, git } = greeterRepository({
      ...GREETER,
      'src/late.ts':
        "import * as all from './greet.ts';\nconst name = 'greet' as const;\nexport const late: (name: string) => string = all[name];\n",
    });
    assertRefused(await runIn(top), 5, /type error|unresolved|greet/);
    assert.equal(git('for-each-ref', '--format=%(refname)', 'refs/heads/'), 'refs/heads/main\n');
  });
});

describe('a check that is not there', () => {
  it('is refused while it is planned: 2', async () => {
    const { top } = greeterRepository();
    const args = ['run', RENAME, '--repo', top, '--yes', '--check', 'no-such-program'];
    assertRefused(await skein.run(...args), 2, /no-such-program/);
  });
});

describe('words', () => {
  it('unknown commands, options, and too many or few words: 2', async () => {
    for (const words of [
      ['fly'],
      ['run'],
      ['run', 'a', 'b'],
      ['show', '--fast'],
      ['missions', 'x'],
    ]) {
      assertRefused(await skein.run(...words), 2, /Cannot run/, /skein /);
    }
  });

  it('an id that is unknown: 3; one that many begin with: 2', async () => {
    assertRefused(await skein.run('show', 'ffff'), 3, /skein missions/);
    const { stdout } = await skein.run('missions', '--json');
    const ids = stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { id: string }).id);
    assert.ok(ids.length > 1);
    assertRefused(await skein.run('show', '01'), 2, /begin with 01/);
    const unique = ids[0]?.slice(0, 24) ?? '';
    assert.equal((await skein.run('show', unique)).code, 0);
  });

  it('an empty home: 3', async () => {
    const empty = openHome();
    for (const verb of ['show', 'diff', 'log', 'approve', 'reject', 'resume', 'cancel']) {
      assertRefused(await empty.run(verb), 3, /there is none yet/);
    }
  });
});
