/** What a person may ask for besides the goal, at the command line and in skein.yaml. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openTemp, type TempRepository } from '#workspace/fixtures/temp-repository.ts';
import { CHECK, greeterRepository, RENAME } from '../support/line-repository.ts';
import { openHome, told, type Ended } from '../support/run-skein.ts';

const skein = openHome();

const runIn = ({ top }: TempRepository, ...flags: readonly string[]): Promise<Ended> =>
  skein.run('run', RENAME, '--repo', top, '--yes', ...flags);

const shown = ({ git }: TempRepository, done: Ended, path: string): string =>
  git('show', `${/^branch (\S+)/mu.exec(done.stdout)?.[1]}:${path}`);

describe('--keep-exports', () => {
  it('keeps the old name for whoever imports it from outside', async () => {
    const repository = greeterRepository();
    const done = await runIn(repository, '--keep-exports', '--check', CHECK);
    assert.equal(done.code, 0, told(done));
    assert.match(shown(repository, done, 'src/greet.ts'), /welcome as greet/);
    const plain = await runIn(repository, '--check', CHECK);
    assert.doesNotMatch(shown(repository, plain, 'src/greet.ts'), /greet\b/);
  });
});

describe('skein.yaml', () => {
  it('names the checks and sets the workspace up', async () => {
    const repository = greeterRepository({
      'skein.yaml':
        'workspace:\n  setup: mkdir -p node_modules && touch node_modules/ready\nchecks:\n  - name: ready\n    run: test -e node_modules/ready\n',
    });
    const done = await runIn(repository);
    assert.equal(done.code, 0, told(done));
    assert.match(done.stderr, /check ready on the change: exit code 0/);
  });

  it('a set-up that fails: the mission fails with its output, and no worktree stays', async () => {
    const repository = greeterRepository({
      'skein.yaml': 'workspace:\n  setup: echo no compiler; exit 3\n',
    });
    const failed = await runIn(repository);
    assert.equal(failed.code, 1, told(failed));
    assert.match(failed.stderr, /exit 3" ended with 3/);
    assert.match((await skein.run('show')).stdout, /set-up: exit code 3\n {4}no compiler/);
    assert.equal(
      repository.git('worktree', 'list', '--porcelain').match(/^worktree /gmu)?.length,
      1,
    );
  });
});

describe('--repo', () => {
  it('may be a linked worktree: --merge moves the branch that is checked out there', async () => {
    const repository = greeterRepository();
    const linked = join(repository.folder, 'linked');
    repository.git('worktree', 'add', '--quiet', '-b', 'side', linked);
    const side = openTemp(repository.folder, linked);
    const done = await runIn(side, '--merge', '--check', CHECK);
    assert.equal(done.code, 0, told(done));
    assert.match(readFileSync(join(linked, 'src/greet.ts'), 'utf8'), /welcome/);
    assert.match(readFileSync(join(repository.top, 'src/greet.ts'), 'utf8'), /greet/);
    assert.equal(side.git('status', '--porcelain'), '');
    assert.equal(repository.git('status', '--porcelain'), '');
  });
});

describe('a secret', () => {
  const SECRET = 'correct-horse-battery-staple';

  it('of the environment that a check prints does not enter the record', async () => {
    // A check gets no variable of the person's; it may read a file that holds the same secret.
    const careful = openHome({ DEPLOY_TOKEN: SECRET });
    const repository = greeterRepository({ 'src/secret.txt': `${SECRET}\n` });
    const args = ['run', RENAME, '--repo', repository.top, '--yes', '--check'];
    const done = await careful.run(...args, 'env; cat src/secret.txt; exit 1');
    assert.equal(done.code, 0, told(done));
    const log = await careful.run('log', '--json');
    assert.ok(!log.stdout.includes(SECRET));
    assert.match(log.stdout, /\[secret:DEPLOY_TOKEN\]/);
    assert.doesNotMatch(log.stdout, /DEPLOY_TOKEN=/);
  });

  it('has a twin: a word that is no secret does', async () => {
    const repository = greeterRepository({ 'src/word.txt': `${SECRET}\n` });
    const done = await runIn(repository, '--check', 'cat src/word.txt; exit 1');
    assert.equal(done.code, 0, told(done));
    assert.ok((await skein.run('log', '--json')).stdout.includes(SECRET));
  });
});

describe('skein up --foreground', () => {
  it('serves until Ctrl-C', async () => {
    const own = openHome();
    const node = own.start(['up', '--foreground']);
    await node.saw(/Ctrl-C stops it/u);
    assert.equal((await own.run('missions')).code, 0);
    node.child.kill('SIGINT');
    assert.equal((await node.ended).code, 0);
    assert.match((await own.run('status')).stdout, /^node: down/u);
  });
});
