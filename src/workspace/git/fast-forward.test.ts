/** Moving branches: the mission's own, and the person's only by a fast-forward of a clean tree. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  openTemp,
  tempRepository,
  type TempRepository,
} from '#workspace/fixtures/temp-repository.ts';
import { assertBranchFree, probeBranch, readBranch, updateBranch } from './branch-ref.ts';
import { fastForward, probeFastForward, type FastForward } from './fast-forward.ts';
import { openRepository } from './open-repository.ts';

/** A commit after HEAD that changes a.txt and is on no branch. */
async function moveFor(temp: TempRepository, branch = 'main'): Promise<FastForward> {
  const repository = await openRepository(temp.top);
  const blob = join(temp.folder, 'blob');
  writeFileSync(blob, 'two\n');
  const object = temp.git('hash-object', '-w', blob).trim();
  const run = temp.git;
  process.env['GIT_INDEX_FILE'] = join(temp.folder, 'other-index');
  try {
    run('read-tree', 'HEAD');
    run('update-index', '--cacheinfo', `100644,${object},a.txt`);
    const tree = run('write-tree').trim();
    const to = run('commit-tree', tree, '-p', 'HEAD', '-m', 'two').trim();
    return { repository, branch, expectedOld: repository.head, to };
  } finally {
    delete process.env['GIT_INDEX_FILE'];
  }
}

const blocked = (pattern: RegExp) => ({ name: 'merge-blocked', message: pattern });

test('a clean tree is moved with its files, its new and ignored files stay', async () => {
  const temp = tempRepository({ 'a.txt': 'one\n', 'b.txt': 'one\n' });
  temp.write('new.txt', 'new');
  const move = await moveFor(temp);
  assert.equal(await probeFastForward(move), 'not-done');
  await fastForward(move);
  assert.equal(await probeFastForward(move), 'done');
  assert.equal(temp.git('rev-parse', 'main').trim(), move.to);
  assert.equal(readFileSync(join(temp.top, 'a.txt'), 'utf8'), 'two\n');
  assert.equal(temp.git('status', '--porcelain'), '?? new.txt\n');
  assert.match(temp.git('symbolic-ref', 'HEAD'), /main/u);
});

test('changed, staged and conflicting files block it, and nothing moves', async () => {
  const states: readonly ((temp: TempRepository) => void)[] = [
    ({ write }) => write('b.txt', 'changed\n'),
    ({ write, git }) => {
      write('b.txt', 'staged\n');
      git('add', 'b.txt');
    },
    ({ git }) => git('rm', '--quiet', '--cached', 'b.txt'),
    ({ write, git, commit }) => {
      git('checkout', '--quiet', '-b', 'side');
      write('b.txt', 'side\n');
      commit();
      git('checkout', '--quiet', 'main');
      git('merge', '--quiet', '--no-ff', '--no-commit', 'side');
    },
    ({ write, git, commit }) => {
      git('checkout', '--quiet', '-b', 'side');
      write('b.txt', 'side\n');
      commit();
      git('checkout', '--quiet', 'main');
      // nothing is changed by it, but it is under way
      git('merge', '--quiet', '--strategy=ours', '--no-ff', '--no-commit', 'side');
    },
  ];
  for (const [index, change] of states.entries()) {
    const temp = tempRepository({ 'a.txt': 'one\n', 'b.txt': 'one\n' });
    const move = await moveFor(temp);
    change(temp);
    const before = temp.git('status', '--porcelain');
    await assert.rejects(fastForward(move), blocked(/uncommitted|in progress/u), `state ${index}`);
    assert.equal(temp.git('rev-parse', 'main').trim(), move.expectedOld);
    assert.equal(temp.git('status', '--porcelain'), before);
  }
});

test('a new file in the way blocks it', async () => {
  const temp = tempRepository({ 'b.txt': 'one\n' });
  const move = await moveForNewFile(temp);
  temp.write('new.txt', 'mine');
  await assert.rejects(fastForward(move), { name: 'merge-blocked' });
  assert.equal(readFileSync(join(temp.top, 'new.txt'), 'utf8'), 'mine');
});

async function moveForNewFile(temp: TempRepository): Promise<FastForward> {
  temp.git('checkout', '--quiet', '-b', 'side');
  temp.write('new.txt', 'theirs');
  const to = temp.commit();
  temp.git('checkout', '--quiet', 'main');
  const repository = await openRepository(temp.top);
  return { repository, branch: 'main', expectedOld: repository.head, to };
}

test('a branch that moved blocks it, with the way to go on', async () => {
  const temp = tempRepository({ 'a.txt': 'one\n', 'b.txt': 'one\n' });
  const move = await moveFor(temp);
  temp.write('b.txt', 'more\n');
  const now = temp.commit();
  await assert.rejects(fastForward(move), (error: Error & { fix?: string; code?: number }) => {
    assert.equal(error.name, 'merge-blocked');
    assert.match(error.fix ?? '', new RegExp(`git merge ${move.to.slice(0, 12)}`, 'u'));
    return true;
  });
  assert.equal(temp.git('rev-parse', 'main').trim(), now);
  assert.equal(await probeFastForward(move), 'not-done', 'trying again says why it is blocked');
  temp.write('a.txt', 'half\n');
  assert.equal(await probeFastForward(move), 'unknown', 'somebody must look at these files');
  // and a target that does not follow the branch
  const back = { ...move, expectedOld: now };
  await assert.rejects(fastForward(back), blocked(/does not follow/u));
});

test('a branch that is not checked out is just moved; elsewhere its tree is', async () => {
  const temp = tempRepository();
  temp.git('branch', 'apart');
  const move = await moveFor(temp, 'apart');
  await fastForward(move);
  assert.equal(temp.git('rev-parse', 'apart').trim(), move.to);
  assert.equal(readFileSync(join(temp.top, 'a.txt'), 'utf8'), 'one\n');
  temp.git('worktree', 'add', '--quiet', '-b', 'there', join(temp.folder, 'there'), 'main');
  const there = await moveFor(temp, 'there');
  await fastForward(there);
  assert.equal(readFileSync(join(temp.folder, 'there/a.txt'), 'utf8'), 'two\n');
  assert.equal(openTemp(temp.folder, join(temp.folder, 'there')).git('status', '--porcelain'), '');
});

test('hooks and settings of the person do not take part', async () => {
  const temp = tempRepository();
  const mark = join(temp.folder, 'mark');
  mkdirSync(join(temp.top, '.git/hooks'), { recursive: true });
  for (const hook of ['post-merge', 'post-checkout', 'reference-transaction', 'pre-merge-commit']) {
    writeFileSync(join(temp.top, '.git/hooks', hook), `#!/bin/sh\necho ran >> ${mark}\n`);
    chmodSync(join(temp.top, '.git/hooks', hook), 0o755);
  }
  temp.git('config', 'merge.ff', 'false');
  temp.git('config', 'merge.verifySignatures', 'true');
  temp.git('config', 'branch.main.mergeOptions', '--no-ff');
  const move = await moveFor(temp);
  assert.equal(existsSync(mark), false);
  await fastForward(move);
  assert.equal(temp.git('rev-parse', 'main').trim(), move.to);
  assert.equal(existsSync(mark), false);
  // the twin: plain git runs a hook for it
  temp.git('update-ref', 'refs/heads/main', move.to);
  temp.git('checkout', '--quiet', '-b', 'next');
  assert.equal(existsSync(mark), true);
});

test('cut off after the files and before the branch, it is taken up again', async () => {
  const temp = tempRepository();
  const move = await moveFor(temp);
  temp.git('read-tree', '-m', '-u', 'HEAD', move.to);
  assert.match(temp.git('status', '--porcelain'), /^M {2}a\.txt/u);
  assert.equal(await probeFastForward(move), 'not-done');
  await fastForward(move);
  assert.equal(temp.git('rev-parse', 'main').trim(), move.to);
  assert.equal(temp.git('status', '--porcelain'), '');
});

test('cut off between two files, it is left for the person to see', async () => {
  const temp = tempRepository({ 'a.txt': 'one\n', 'b.txt': 'one\n' });
  const move = await moveFor(temp);
  temp.write('a.txt', 'two\n');
  assert.equal(await probeFastForward(move), 'unknown');
  await assert.rejects(fastForward(move), { name: 'merge-blocked' });
});

test('a branch is set only from where it is expected to be', async () => {
  const temp = tempRepository();
  const { repository, to, expectedOld } = await moveFor(temp);
  const move = { branch: 'skein/m1', expectedOld: null, to, reason: 'skein: m1' };
  assert.equal(await probeBranch(repository, move), 'not-done');
  await updateBranch(repository, move);
  assert.equal(await probeBranch(repository, move), 'done');
  assert.equal(await readBranch(repository, 'skein/m1'), to);
  const again = { ...move, to: expectedOld };
  await assert.rejects(updateBranch(repository, again), { name: 'base-moved' });
  assert.equal(await probeBranch(repository, again), 'unknown');
  await updateBranch(repository, { ...again, expectedOld: to });
  assert.equal(await readBranch(repository, 'skein/m1'), expectedOld);
});

test('a lock of another git is said as such, to be tried again', async () => {
  const temp = tempRepository();
  const { repository, to, expectedOld } = await moveFor(temp);
  temp.write('.git/refs/heads/main.lock', '');
  const move = { branch: 'main', expectedOld, to, reason: 'x' };
  await assert.rejects(updateBranch(repository, move), {
    name: 'repository-busy',
    retryable: true,
  });
});

test('a branch in the way is found before the work begins', async () => {
  const temp = tempRepository();
  const repository = await openRepository(temp.top);
  await assertBranchFree(repository, 'skein/m1');
  temp.git('branch', 'skein/m1');
  await assert.rejects(assertBranchFree(repository, 'skein/m1'), { name: 'conflict' });
  await assert.rejects(assertBranchFree(repository, 'skein'), { name: 'conflict' });
  await assert.rejects(assertBranchFree(repository, 'skein/m1/x'), { name: 'conflict' });
  await assertBranchFree(repository, 'skein/m2');
  await assert.rejects(assertBranchFree(repository, 'skein/..'), { name: 'usage' });
});
