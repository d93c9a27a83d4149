/** Checks as evidence: what they may stop, what is kept, and that none outlives its mission. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TempRepository } from '#workspace/fixtures/temp-repository.ts';
import { CHECK, greeterRepository, RENAME } from '../support/line-repository.ts';
import { findProcesses } from '../support/processes.ts';
import { openHome, told, until, type Ended } from '../support/run-skein.ts';

const skein = openHome();

const runWith = ({ top }: TempRepository, ...checks: readonly string[]): Promise<Ended> =>
  skein.run(...argsFor(top, checks));

const argsFor = (top: string, checks: readonly string[]): readonly string[] => [
  'run',
  RENAME,
  '--repo',
  top,
  '--yes',
  ...checks.flatMap((check) => ['--check', check]),
];

const branchesOf = ({ git }: TempRepository): string =>
  git('for-each-ref', '--format=%(refname:short)', 'refs/heads/').trim();

const worktrees = (): string[] => readdirSync(join(skein.home, 'worktrees'));

describe('a check that fails', () => {
  it('before the change too: is shown and does not block', async () => {
    const done = await runWith(greeterRepository(), 'echo always; exit 4', CHECK);
    assert.equal(done.code, 0, told(done));
    assert.match(done.stderr, /exit code 4/);
    const shown = await skein.run('show');
    assert.match(shown.stdout, /exit code 4/);
    assert.match(shown.stdout, /always/);
  });

  it('only after it: exit 5, nothing on a branch, the worktree kept until "clean"', async () => {
    const repository = greeterRepository();
    const broken = await runWith(repository, 'grep -q greet src/greet.ts');
    assert.equal(broken.code, 5, told(broken));
    assert.match(broken.stderr, /passed before the change and fails after it/);
    assert.equal(branchesOf(repository), 'main');
    assert.equal(worktrees().length, 1);
    assert.match(
      readFileSync(join(skein.home, 'worktrees', worktrees()[0] ?? '', 'src/greet.ts'), 'utf8'),
      /welcome/,
    );
    const dry = await skein.run('clean', '--dry-run');
    assert.match(dry.stdout, /would be removed/);
    assert.equal(worktrees().length, 1);
    const cleaned = await skein.run('clean');
    assert.equal(cleaned.code, 0, told(cleaned));
    assert.match(cleaned.stdout, /removed/);
    assert.deepEqual(worktrees(), []);
    assert.equal(
      repository.git('worktree', 'list', '--porcelain').match(/^worktree /gmu)?.length,
      1,
    );
  });

  it('with a lot of output: its end is shown', async () => {
    const lines = 'i=0; while [ $i -lt 3000 ]; do echo "line $i"; i=$((i+1)); done';
    const broken = await runWith(greeterRepository(), `${lines}; grep -q greet src/greet.ts`);
    assert.equal(broken.code, 5, told(broken));
    const shown = await skein.run('show');
    assert.match(shown.stdout, /line 2999/);
    assert.doesNotMatch(shown.stdout, /line 2000\n/);
    await skein.run('clean');
  });
});

describe('a check that writes', () => {
  it('into a file of the change is refused when it is to be committed, and named', async () => {
    const repository = greeterRepository();
    const refused = await runWith(repository, 'echo "// fixed" >> src/greet.ts');
    assert.notEqual(refused.code, 0, told(refused));
    assert.match(refused.stderr, /src\/greet\.ts/);
    assert.match(refused.stderr, /rewritten|changed/);
    assert.equal(branchesOf(repository), 'main');
    await skein.run('clean');
  });

  it('into another file that git tracks: refused as well, and named', async () => {
    const repository = greeterRepository();
    const refused = await runWith(repository, 'echo " " >> package.json');
    assert.equal(refused.code, 5, told(refused));
    assert.match(refused.stderr, /package\.json/);
    assert.equal(branchesOf(repository), 'main');
    await skein.run('clean');
  });

  it('into new files, gets nothing of it into the git commit', async () => {
    const repository = greeterRepository();
    const done = await runWith(repository, 'echo x > built.txt');
    assert.equal(done.code, 0, told(done));
    const branch = /^branch (\S+)/mu.exec(done.stdout)?.[1] ?? '';
    assert.equal(
      repository.git('diff', '--name-only', 'main', branch),
      'src/greet.ts\nsrc/main.ts\n',
    );
  });
});

describe('a check that hangs', () => {
  it('is ended with its children when the mission is interrupted', async () => {
    const repository = greeterRepository();
    // A number that no other process sleeps for.
    const seconds = `1000.${process.pid}${Date.now()}`;
    const hang = `sleep ${seconds} & sleep ${seconds}; wait`;
    const sleeping = (): number => findProcesses('sleep', seconds).length;
    const running = skein.start(argsFor(repository.top, [hang]));
    await until('the check runs', () => sleeping() === 2);
    running.child.kill('SIGINT');
    const left = await running.ended;
    assert.equal(left.code, 130, told(left));
    assert.match(left.stderr, /skein resume/);
    await until('the check is gone', () => sleeping() === 0);
  });
});
