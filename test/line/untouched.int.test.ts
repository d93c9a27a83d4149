/** What `skein run` leaves alone: the person's tree, index, HEAD, hooks and settings of git. */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TempRepository } from '#workspace/fixtures/temp-repository.ts';
import {
  CHECK,
  fingerprint,
  greeterRepository,
  mayAppear,
  RENAME,
} from '../support/line-repository.ts';
import { openHome, WITHOUT_WALLS, told, until, type CallOptions } from '../support/run-skein.ts';

const skein = openHome(WITHOUT_WALLS);

const runIn = ({ top }: TempRepository, flags: readonly string[] = [], call: CallOptions = {}) =>
  skein.start(['run', RENAME, '--repo', top, '--yes', '--check', CHECK, ...flags], call).ended;

/** Hooks of every kind that leave a mark when they run, in .git/hooks and in core.hooksPath. */
function trap({ top, write, git }: TempRepository): () => boolean {
  const marker = join(top, '..', 'hook-ran');
  const names = [
    'pre-commit',
    'commit-msg',
    'post-commit',
    'post-checkout',
    'reference-transaction',
  ];
  for (const name of [...names, 'post-merge', 'pre-push', 'post-index-change']) {
    write(`.git/hooks/${name}`, `#!/bin/sh\ntouch '${marker}'\n`, 0o755);
    write(`../hooks/${name}`, `#!/bin/sh\ntouch '${marker}'\n`, 0o755);
  }
  return () => {
    git('config', 'core.hooksPath', join(top, '..', 'hooks'));
    return existsSync(marker);
  };
}

/** Staged, changed and new files, as in the middle of work. */
function makeDirty({ write, git }: TempRepository): void {
  write('staged.txt', 'staged\n');
  git('add', 'staged.txt');
  write(
    'src/process.d.ts',
    'declare const process: { stdout: { write(text: string): void } }; // mine\n',
  );
  write('new.txt', 'new\n');
}

describe('a run without --merge', { concurrency: 2 }, () => {
  it('changes no byte of the tree, the index, HEAD, hooks and settings', async () => {
    const repository = greeterRepository();
    makeDirty(repository);
    const before = fingerprint(repository.top, mayAppear);
    const done = await runIn(repository);
    assert.equal(done.code, 0, told(done));
    assert.equal(fingerprint(repository.top, mayAppear), before);
    assert.match(
      repository.git('show', `skein/${/^mission (\S+)/u.exec(done.stdout)?.[1]}:src/greet.ts`),
      /welcome/,
    );
    assert.match(done.stderr, /3 uncommitted change/);
  });

  it('has a twin: the fingerprint sees a moved HEAD, a staged file and a new mode', () => {
    const repository = greeterRepository();
    const prints = [fingerprint(repository.top, mayAppear)];
    for (const act of [
      () => repository.git('checkout', '--quiet', '-b', 'other'),
      () => repository.git('update-index', '--chmod=+x', 'src/main.ts'),
      () => repository.write('src/main.ts', '', 0o755),
    ]) {
      act();
      prints.push(fingerprint(repository.top, mayAppear));
    }
    assert.equal(new Set(prints).size, 4);
  });

  it('works from a detached HEAD', async () => {
    const repository = greeterRepository();
    repository.git('checkout', '--quiet', '--detach');
    const before = fingerprint(repository.top, mayAppear);
    const done = await runIn(repository);
    assert.equal(done.code, 0, told(done));
    assert.equal(fingerprint(repository.top, mayAppear), before);
  });
});

describe('hooks and signing', { concurrency: 2 }, () => {
  it('no hook runs, wherever it is set, and nothing is signed', async () => {
    const repository = greeterRepository();
    const hasRun = trap(repository);
    assert.equal(hasRun(), false);
    repository.git('config', 'commit.gpgsign', 'true');
    repository.git('config', 'gpg.program', '/bin/false');
    for (const flags of [[], ['--merge']]) {
      const done = await runIn(repository, flags);
      assert.equal(done.code, 0, told(done));
    }
    assert.equal(hasRun(), false);
    assert.match(repository.git('log', '-1', '--format=%B%G?'), /Skein-Mission[^]*\nN\n/);
  });

  it('has a twin: those hooks do run for git, and it fails to sign', () => {
    const repository = greeterRepository();
    const hasRun = trap(repository);
    hasRun();
    repository.git('config', 'commit.gpgsign', 'true');
    repository.git('config', 'gpg.program', '/bin/false');
    assert.throws(
      () => repository.git('commit', '--allow-empty', '--message', 'x'),
      /failed to sign/,
    );
    assert.equal(hasRun(), true);
  });

  it('--hooks runs them as a check, and counts their veto', async () => {
    const repository = greeterRepository();
    repository.write(
      '.git/hooks/pre-commit',
      '#!/bin/sh\necho no to "$(git diff --cached --name-only)"; exit 3\n',
      0o755,
    );
    const refused = await runIn(repository, ['--hooks']);
    assert.equal(refused.code, 5, told(refused));
    assert.match(refused.stderr, /hooks? /);
    repository.write('.git/hooks/pre-commit', '#!/bin/sh\nexit 0\n', 0o755);
    const done = await runIn(repository, ['--hooks']);
    assert.equal(done.code, 0, told(done));
  });
});

describe('the environment of git', () => {
  it('variables that point git elsewhere have no say', async () => {
    const [repository, other] = [greeterRepository(), greeterRepository()];
    const before = fingerprint(other.top, () => false);
    const env = {
      GIT_DIR: join(other.top, '.git'),
      GIT_WORK_TREE: other.top,
      GIT_INDEX_FILE: join(other.top, '.git', 'index'),
      GIT_OBJECT_DIRECTORY: join(other.top, '.git', 'objects'),
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'core.bare',
      GIT_CONFIG_VALUE_0: 'true',
      GIT_AUTHOR_NAME: 'Somebody Else',
    };
    // The node that a call starts has its environment: a new one, with these.
    const strange = openHome(env);
    const args = ['run', RENAME, '--repo', repository.top, '--yes', '--check', CHECK];
    const done = await strange.run(...args, '--merge');
    assert.equal(done.code, 0, told(done));
    assert.equal(
      fingerprint(other.top, () => false),
      before,
    );
    assert.equal(repository.git('log', '-1', '--format=%an'), 'Ada\n');
  });

  it('has a twin: git itself follows them', () => {
    const [repository, other] = [greeterRepository(), greeterRepository()];
    process.env['GIT_DIR'] = join(other.top, '.git');
    try {
      assert.equal(
        repository.git('rev-parse', '--absolute-git-dir').trim(),
        join(other.top, '.git'),
      );
    } finally {
      delete process.env['GIT_DIR'];
    }
  });
});

describe('--merge', () => {
  it('moves the branch and the tree when they are clean and unmoved', async () => {
    const repository = greeterRepository();
    const done = await runIn(repository, ['--merge']);
    assert.equal(done.code, 0, told(done));
    assert.equal(repository.git('status', '--porcelain'), '');
    assert.match(repository.git('show', 'main:src/main.ts'), /welcome\('Ada'\)/);
  });

  it('with a dirty tree answers 7 and what to do; the branch of the mission is there', async () => {
    const repository = greeterRepository();
    makeDirty(repository);
    const before = fingerprint(repository.top, mayAppear);
    const blocked = await runIn(repository, ['--merge']);
    assert.equal(blocked.code, 7, told(blocked));
    assert.match(blocked.stderr, /uncommitted/);
    assert.match(blocked.stderr, /git merge skein\//);
    assert.equal(fingerprint(repository.top, mayAppear), before);
    const branch = /^branch (\S+)/mu.exec(blocked.stdout)?.[1] ?? '';
    assert.match(repository.git('show', `${branch}:src/greet.ts`), /welcome/);
  });

  it('with a branch that moved meanwhile answers 7, and the move stays', async () => {
    const repository = greeterRepository();
    const [at, gate] = [join(repository.folder, 'at'), join(repository.folder, 'gate')];
    const check = `touch ${at}; until test -e ${gate}; do sleep 0.05; done`;
    const order = ['run', RENAME, '--repo', repository.top, '--yes', '--merge', '--check', check];
    const running = skein.start(order);
    await until('the mission is at work', () => existsSync(at));
    repository.write('later.txt', 'later\n');
    const later = repository.commit('Later');
    writeFileSync(gate, '');
    const blocked = await running.ended;
    assert.equal(blocked.code, 7, told(blocked));
    assert.match(blocked.stderr, /git merge skein\//);
    assert.equal(repository.git('rev-parse', 'main').trim(), later);
  });
});
