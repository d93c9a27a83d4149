/** Worktrees of real repositories: what they hold, what they leave alone, how they go away. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  openTemp,
  tempRepository,
  type TempRepository,
} from '#workspace/fixtures/temp-repository.ts';
import { openRepository, type Repository } from './open-repository.ts';
import { listChangedFiles } from './show-diff.ts';
import {
  addWorktree,
  prepareWorktree,
  probeWorktree,
  removeOrphanWorktree,
  removeWorktree,
  type WorktreePlan,
} from './worktree.ts';

interface Place {
  readonly repository: Repository;
  readonly plan: WorktreePlan;
}

async function planFor({ top, folder }: TempRepository, name = 'm1'): Promise<Place> {
  const repository = await openRepository(top);
  const request = { path: join(folder, 'work', name), commit: repository.head, reason: name };
  return { repository, plan: prepareWorktree(repository, request) };
}

/** A program that leaves a mark when it is run; with `pass` it hands its input on, as a filter. */
function marker({ folder }: TempRepository, file: string, pass = false): string {
  const mark = join(folder, 'mark');
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, `#!/bin/sh\necho ran >> ${mark}\n${pass ? 'cat' : ''}\n`);
  chmodSync(file, 0o755);
  return mark;
}

test('a worktree is made detached at the base, and removed without a trace', async () => {
  const temp = tempRepository({ 'a.txt': 'one\n', 'b/c.txt': 'two\n' });
  temp.write('a.txt', 'not committed\n');
  temp.write('b/c.txt', 'staged\n');
  temp.git('add', 'b/c.txt');
  const { repository, plan } = await planFor(temp);
  const refs = temp.git('for-each-ref');
  const index = readFileSync(join(temp.top, '.git/index'));
  const config = readFileSync(join(temp.top, '.git/config'));

  assert.equal(await probeWorktree(repository, plan), 'not-done');
  await addWorktree(repository, plan);
  assert.equal(await probeWorktree(repository, plan), 'done');
  assert.equal(readFileSync(join(plan.path, 'a.txt'), 'utf8'), 'one\n');
  const inside = openTemp(temp.folder, plan.path);
  assert.throws(() => inside.git('symbolic-ref', 'HEAD'));
  assert.equal(inside.git('status', '--porcelain'), '');
  assert.match(temp.git('worktree', 'list', '--porcelain'), /locked m1/u);
  await removeWorktree(repository, plan.path);

  assert.equal(await probeWorktree(repository, plan), 'not-done');
  assert.equal(existsSync(plan.path), false);
  assert.equal(existsSync(join(temp.top, '.git/worktrees')), false);
  assert.equal(temp.git('for-each-ref'), refs);
  assert.deepEqual(readFileSync(join(temp.top, '.git/index')), index);
  assert.deepEqual(readFileSync(join(temp.top, '.git/config')), config);
  assert.equal(readFileSync(join(temp.top, 'a.txt'), 'utf8'), 'not committed\n');
});

test('no hook runs', async () => {
  const temp = tempRepository();
  const mark = marker(temp, join(temp.top, '.git/hooks/post-checkout'));
  marker(temp, join(temp.top, '.git/hooks/reference-transaction'));
  marker(temp, join(temp.top, '.git/hooks/post-index-change'));
  const { repository, plan } = await planFor(temp);
  await addWorktree(repository, plan);
  await removeWorktree(repository, plan.path);
  assert.equal(existsSync(mark), false);
  // the twin: plain git runs them
  temp.git('worktree', 'add', join(temp.folder, 'plain'));
  assert.equal(existsSync(mark), true);
});

test('LFS is not asked: its files stay pointers, also when git-lfs is required', async () => {
  const temp = tempRepository({ '.gitattributes': '*.bin filter=lfs\n', 'a.bin': 'pointer\n' });
  const mark = marker(temp, join(temp.folder, 'smudge'), true);
  temp.git('config', 'filter.lfs.smudge', join(temp.folder, 'smudge'));
  temp.git('config', 'filter.lfs.process', join(temp.folder, 'smudge'));
  temp.git('config', 'filter.lfs.required', 'true');
  const { repository, plan } = await planFor(temp);
  rmSync(mark, { force: true });
  await addWorktree(repository, plan);
  assert.equal(readFileSync(join(plan.path, 'a.bin'), 'utf8'), 'pointer\n');
  assert.deepEqual((await listChangedFiles({ cwd: plan.path, base: 'HEAD' })).files, []);
  assert.equal(existsSync(mark), false);
  // the twin: plain git asks it, and stops because it is not the program it should be
  assert.throws(() => temp.git('worktree', 'add', join(temp.folder, 'plain')));
  assert.equal(existsSync(mark), true);
});

test('an LFS without its long-running process is not asked either', async () => {
  const temp = tempRepository({ '.gitattributes': '*.bin filter=lfs\n', 'a.bin': 'pointer\n' });
  const mark = marker(temp, join(temp.folder, 'smudge'), true);
  temp.git('config', 'filter.lfs.smudge', join(temp.folder, 'smudge'));
  const { repository, plan } = await planFor(temp);
  await addWorktree(repository, plan);
  assert.equal(existsSync(mark), false);
  temp.git('worktree', 'add', '--quiet', join(temp.folder, 'plain'));
  assert.equal(existsSync(mark), true);
});

test('a sparse or shallow repository, or one with alternates, gives a whole worktree', async () => {
  const temp = tempRepository({ 'in/a': '1', 'out/b': '2' });
  temp.write('in/a', '3');
  temp.commit();
  temp.git('clone', '--quiet', '--depth=1', `file://${temp.top}`, join(temp.folder, 'shallow'));
  temp.git('clone', '--quiet', '--shared', temp.top, join(temp.folder, 'alternates'));
  temp.git('sparse-checkout', 'set', 'in');
  for (const name of ['repository', 'shallow', 'alternates']) {
    const top = join(temp.folder, name);
    const { repository, plan } = await planFor(openTemp(temp.folder, top));
    await addWorktree(repository, plan);
    assert.equal(readFileSync(join(plan.path, 'out/b'), 'utf8'), '2');
    assert.equal((await listChangedFiles({ cwd: plan.path, base: 'HEAD' })).count, 0);
    await removeWorktree(repository, plan.path);
  }
  assert.equal(existsSync(join(temp.top, 'out/b')), false);
});

test('many at once on one repository all succeed', async () => {
  const temp = tempRepository();
  const names = ['m1', 'm2', 'm3', 'm4', 'm5', 'm6'];
  const places = await Promise.all(names.map((name) => planFor(temp, name)));
  await Promise.all(places.map(({ repository, plan }) => addWorktree(repository, plan)));
  for (const { repository, plan } of places) {
    assert.equal(await probeWorktree(repository, plan), 'done');
  }
  await Promise.all(places.map(({ repository, plan }) => removeWorktree(repository, plan.path)));
  assert.equal(temp.git('worktree', 'list').trim().split('\n').length, 1);
});

test('a linked worktree and a submodule serve as the repository', async () => {
  const temp = tempRepository();
  temp.git('worktree', 'add', '--quiet', '-b', 'other', join(temp.folder, 'linked'));
  const linked = await planFor(openTemp(temp.folder, join(temp.folder, 'linked')));
  await addWorktree(linked.repository, linked.plan);
  assert.equal(existsSync(join(linked.plan.path, 'a.txt')), true);
  const outer = tempRepository();
  outer.git('-c', 'protocol.file.allow=always', 'submodule', 'add', '--quiet', temp.top, 'sub');
  outer.commit();
  const inner = await planFor(openTemp(outer.folder, join(outer.top, 'sub')), 'inner');
  await addWorktree(inner.repository, inner.plan);
  assert.equal(existsSync(join(inner.plan.path, 'a.txt')), true);
  const whole = await planFor(outer, 'whole');
  await addWorktree(whole.repository, whole.plan);
  assert.deepEqual(readdirSync(join(whole.plan.path, 'sub')), []);
  assert.match(whole.repository.warnings.join(), /Submodules/u);
});

test('half-made and half-removed ones are recognised and go away', async () => {
  const temp = tempRepository();
  const { repository, plan } = await planFor(temp);
  const states: readonly (() => void)[] = [
    () => temp.git('worktree', 'add', '--detach', '--no-checkout', '--lock', plan.path),
    () => {
      temp.git('worktree', 'add', '--quiet', '--detach', '--lock', plan.path);
      rmSync(plan.path, { recursive: true });
    },
    () => {
      temp.git('worktree', 'add', '--quiet', '--detach', '--lock', plan.path);
      rmSync(join(plan.path, '.git'));
    },
    () => {
      temp.git('worktree', 'add', '--quiet', '--detach', plan.path);
      rmSync(join(temp.top, '.git/worktrees'), { recursive: true });
    },
    () => mkdirSync(plan.path),
  ];
  for (const [index, make] of states.entries()) {
    make();
    assert.equal(await probeWorktree(repository, plan), 'unknown', `state ${index}`);
    await removeWorktree(repository, plan.path);
    assert.equal(existsSync(plan.path), false, `state ${index}`);
    assert.equal(await probeWorktree(repository, plan), 'not-done', `state ${index}`);
  }
});

test('only a worktree of the repository is ever deleted, and never what its links lead to', async () => {
  const temp = tempRepository();
  const { repository, plan } = await planFor(temp);
  const precious = join(temp.folder, 'precious');
  mkdirSync(precious);
  writeFileSync(join(precious, 'file'), 'keep');
  for (const path of [precious, temp.top, temp.folder]) {
    await assert.rejects(removeWorktree(repository, path), { name: 'workspace-failed' });
  }
  const foreign = tempRepository();
  foreign.git('worktree', 'add', '--quiet', '--detach', join(foreign.folder, 'theirs'));
  await assert.rejects(removeWorktree(repository, join(foreign.folder, 'theirs')), {
    name: 'workspace-failed',
  });
  process.env['HOME'] = temp.folder;
  await addWorktree(repository, plan);
  symlinkSync(precious, join(plan.path, 'link'));
  mkdirSync(join(plan.path, 'locked/inner'), { recursive: true });
  chmodSync(join(plan.path, 'locked'), 0o500);
  await removeWorktree(repository, plan.path);
  assert.equal(readFileSync(join(precious, 'file'), 'utf8'), 'keep');
});

test('when the repository is gone its worktree can go too, nothing else', async () => {
  const temp = tempRepository();
  const { repository, plan } = await planFor(temp);
  await addWorktree(repository, plan);
  await assert.rejects(removeOrphanWorktree(plan.path), { name: 'workspace-failed' });
  await assert.rejects(removeOrphanWorktree(temp.top), { name: 'workspace-failed' });
  rmSync(temp.top, { recursive: true });
  await removeOrphanWorktree(plan.path);
  assert.equal(existsSync(plan.path), false);
  await removeOrphanWorktree(plan.path);
});

test("the metadata of the person's own missing worktrees stays", async () => {
  const temp = tempRepository();
  temp.git('worktree', 'add', '--quiet', '--detach', join(temp.folder, 'on-usb'));
  rmSync(join(temp.folder, 'on-usb'), { recursive: true });
  const { repository, plan } = await planFor(temp);
  await addWorktree(repository, plan);
  await removeWorktree(repository, plan.path);
  assert.match(temp.git('worktree', 'list'), /on-usb/u);
});

test('places that would do harm are refused, and an existing folder is left as it is', async () => {
  const temp = tempRepository();
  const { repository, plan } = await planFor(temp);
  for (const path of [join(temp.top, 'w'), join(temp.folder, 'node_modules/w')]) {
    const place = (): WorktreePlan => prepareWorktree(repository, { ...plan, path });
    assert.throws(place, { name: 'workspace-failed' });
  }
  mkdirSync(plan.path);
  writeFileSync(join(plan.path, 'file'), 'keep');
  await assert.rejects(addWorktree(repository, plan), { name: 'workspace-failed' });
  assert.equal(readFileSync(join(plan.path, 'file'), 'utf8'), 'keep');
});

test('a failed try leaves nothing behind', async () => {
  const temp = tempRepository({ '.gitattributes': '*.x filter=broken\n', 'a.x': '1' });
  temp.git('config', 'filter.broken.smudge', 'false');
  temp.git('config', 'filter.broken.required', 'true');
  temp.git('config', 'filter.broken.clean', 'false');
  const { repository, plan } = await planFor(temp);
  assert.match(repository.warnings.join(), /could not be listed/u);
  await assert.rejects(addWorktree(repository, plan), { name: 'git-failed' });
  assert.equal(await probeWorktree(repository, plan), 'not-done');
});

test('a partial clone without its objects is refused, and nothing is fetched', async () => {
  const temp = tempRepository();
  temp.git('config', 'uploadpack.allowFilter', 'true');
  const clone = join(temp.folder, 'partial');
  temp.git('clone', '--quiet', '--no-checkout', '--filter=blob:none', `file://${temp.top}`, clone);
  const { repository, plan } = await planFor(openTemp(temp.folder, clone));
  await assert.rejects(addWorktree(repository, plan), { name: 'repository-unsupported' });
  // the twin: plain git fetches what is missing
  openTemp(temp.folder, clone).git('worktree', 'add', join(temp.folder, 'plain'));
});
