/** Trees of tasks: what is kept is in git for good, and nothing else of the repository moves. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { sha256 } from '#lib/sha256.ts';
import { tempRepository, type TempRepository } from '#workspace/fixtures/temp-repository.ts';
import { tempWorktree } from '#workspace/fixtures/temp-worktree.ts';
import type { Repository } from '#workspace/git/open-repository.ts';
import { removeWorktree } from '#workspace/git/worktree.ts';
import {
  keepTaskTree,
  listTaskTrees,
  prepareTaskTree,
  probeTaskTree,
  removeTaskTrees,
  taskTreeRef,
  type TaskTree,
} from './task-tree.ts';

interface Work {
  readonly temp: TempRepository;
  readonly repository: Repository;
  readonly worktree: string;
  /** Writes files in the worktree and prepares the tree of task `number`. */
  readonly prepare: (
    files: Readonly<Record<string, string>>,
    number?: number,
    base?: string,
  ) => Promise<TaskTree>;
}

async function begin(temp = tempRepository({ 'a.txt': 'one\n', 'b.txt': 'one\n' })): Promise<Work> {
  const { repository, worktree, inside } = await tempWorktree(temp);
  return {
    temp,
    repository,
    worktree,
    prepare: async (files, number = 1, base = repository.head) => {
      for (const [path, content] of Object.entries(files)) inside.write(path, content);
      const written = Object.entries(files).map(([path, content]) => {
        return { path, afterHash: sha256(content) };
      });
      const ref = taskTreeRef('m1', number);
      return prepareTaskTree(repository, { worktree, base, files: written, ref });
    },
  };
}

const collect = ({ git }: TempRepository): string => git('gc', '--quiet', '--prune=now');

describe('the tree of a task', () => {
  it('holds the base and exactly the files that were named, as they are in the worktree', async () => {
    const { temp, prepare, repository } = await begin();
    const { tree, ref } = await prepare({ 'a.txt': 'two\n' });
    assert.equal(ref, 'refs/skein/m1/1');
    assert.equal(temp.git('diff', '--name-only', repository.head, tree), 'a.txt\n');
    assert.equal(temp.git('show', `${tree}:a.txt`), 'two\n');
    assert.equal(temp.git('for-each-ref', 'refs/skein'), '', 'preparing moves no ref');
    assert.equal((await prepare({ 'a.txt': 'two\n' })).tree, tree);
  });

  it('is the tree of the base when nothing was written; a tree may be the base', async () => {
    const { temp, prepare, repository } = await begin();
    const base = temp.git('rev-parse', `${repository.head}^{tree}`).trim();
    assert.equal((await prepare({})).tree, base);
    const first = await prepare({ 'a.txt': 'two\n' });
    const second = await prepare({ 'b.txt': 'two\n' }, 2, first.tree);
    assert.equal(temp.git('diff', '--name-only', base, second.tree), 'a.txt\nb.txt\n');
    assert.equal((await prepare({ 'a.txt': 'one\n' })).tree, base, 'an edit that undoes itself');
  });

  it('refuses a file that is no longer what was written, new ones, and foreign paths', async () => {
    const { repository, worktree, prepare } = await begin();
    const at = (path: string, afterHash: string): Promise<TaskTree> => {
      const files = [{ path, afterHash }];
      const ref = taskTreeRef('m1', 1);
      return prepareTaskTree(repository, { worktree, base: repository.head, files, ref });
    };
    await assert.rejects(at('a.txt', sha256('two\n')), { name: 'edit-conflict' });
    await assert.rejects(at('missing.txt', sha256('')), { name: 'edit-conflict' });
    await assert.rejects(at('../repository/a.txt', sha256('one\n')), { name: 'path-refused' });
    await assert.rejects(prepare({ 'new.txt': 'new' }), { name: 'git-failed' });
  });

  it('survives the end of the worktree and git gc; without its ref it does not', async () => {
    for (const keep of [true, false]) {
      const { temp, repository, worktree, prepare } = await begin();
      const tree = await prepare({ 'a.txt': 'two\n' });
      if (keep) await keepTaskTree(repository, tree);
      await removeWorktree(repository, worktree);
      collect(temp);
      temp.git('fsck', '--strict');
      if (keep) assert.equal(temp.git('show', `${tree.tree}:a.txt`), 'two\n');
      else assert.throws(() => temp.git('cat-file', '-e', tree.tree));
      assert.equal(await probeTaskTree(repository, tree), keep ? 'done' : 'not-done');
    }
  });

  it('is the same when git has stored its files before, one by one, whatever they are', async () => {
    const others = { 'a.txt': 'two\r\n', 'b.txt': 'two\n' };
    const { temp, worktree, repository, prepare } = await begin(
      tempRepository({ '.gitattributes': '\n', 'a.txt': 'one\n', 'b.txt': 'one\n' }),
    );
    for (const [path, content] of Object.entries(others)) await prepare({ [path]: content });
    const { tree, ref } = await prepare(others);
    const files = Object.entries(others).map(([path, content]) => {
      return { path, afterHash: sha256(content) };
    });
    const request = { worktree, base: repository.head, files, ref };
    const afresh = await prepareTaskTree({ ...repository }, request);
    assert.equal(tree, afresh.tree);
    assert.equal(temp.git('show', `${tree}:a.txt`), 'two\r\n');
    await prepare({ '.gitattributes': '* text=auto\n' });
    const whole = await prepare({ ...others, '.gitattributes': '* text=auto\n' });
    assert.equal(temp.git('show', `${whole.tree}:a.txt`), 'two\n', 'its own attributes count');
  });

  it('is not kept when its objects were collected in between, and can be stored again', async () => {
    const { temp, repository, prepare } = await begin();
    const tree = await prepare({ 'a.txt': 'two\n' });
    collect(temp);
    await assert.rejects(keepTaskTree(repository, tree), { name: 'workspace-failed' });
    const commit = { ...tree, tree: repository.head };
    await assert.rejects(keepTaskTree(repository, commit), { name: 'workspace-failed' });
    assert.deepEqual(await prepare({ 'a.txt': 'two\n' }), tree);
    await keepTaskTree(repository, tree);
    assert.equal(await probeTaskTree(repository, tree), 'done');
  });

  it('is kept twice without harm, never over another tree, and replaces what is expected', async () => {
    const { repository, prepare } = await begin();
    const first = await prepare({ 'a.txt': 'two\n' });
    const second = await prepare({ 'a.txt': 'three\n' });
    assert.equal(await probeTaskTree(repository, first), 'not-done');
    await keepTaskTree(repository, first);
    await keepTaskTree(repository, first);
    await assert.rejects(keepTaskTree(repository, second), { name: 'conflict' });
    assert.equal(await probeTaskTree(repository, second), 'unknown');
    const again = { ...second, expectedOld: first.tree };
    assert.equal(await probeTaskTree(repository, again), 'not-done');
    await keepTaskTree(repository, again);
    assert.equal(await probeTaskTree(repository, again), 'done');
    await assert.rejects(keepTaskTree(repository, { ...first, expectedOld: first.tree }), {
      name: 'conflict',
    });
  });
});

describe('the refs of task trees', () => {
  it('have one form, and nothing else is taken for one', async () => {
    const { repository, prepare } = await begin();
    const { tree } = await prepare({});
    for (const mission of ['', '..', 'a/b', 'a b', '-x', 'a.lock', '*', 'x'.repeat(65), 'a\n']) {
      assert.throws(() => taskTreeRef(mission, 1), { name: 'usage' }, mission);
      await assert.rejects(listTaskTrees(repository, mission), { name: 'usage' });
      assert.throws(() => removeTaskTrees(repository, mission), { name: 'usage' });
    }
    for (const number of [0, -1, 1.5, Number.NaN, 1e7]) {
      assert.throws(() => taskTreeRef('m1', number), { name: 'usage' }, String(number));
    }
    for (const ref of ['refs/heads/main', 'refs/skein/m1', 'refs/skein/m1/1/2', 'HEAD']) {
      await assert.rejects(keepTaskTree(repository, { tree, ref }), { name: 'usage' }, ref);
      await assert.rejects(probeTaskTree(repository, { tree, ref }), { name: 'usage' }, ref);
    }
  });

  it('are listed and removed by mission, packed ones too, and others stay', async () => {
    const { temp, repository, prepare } = await begin();
    for (const number of [1, 2, 10]) await keepTaskTree(repository, await prepare({}, number));
    const other = { ...(await prepare({})), ref: taskTreeRef('m10', 1) };
    await keepTaskTree(repository, other);
    collect(temp);
    await keepTaskTree(repository, await prepare({}, 11));
    temp.git('update-ref', 'refs/skein/m1/mine', repository.head);
    const numbers = (await listTaskTrees(repository, 'm1')).map(({ ref }) => ref.slice(14));
    assert.deepEqual(numbers, ['1', '2', '10', '11']);
    assert.equal((await listTaskTrees(repository)).length, 5);
    await removeTaskTrees(repository, 'm1');
    await removeTaskTrees(repository, 'm1');
    assert.deepEqual(await listTaskTrees(repository), [other]);
    assert.match(temp.git('for-each-ref', 'refs/skein'), /refs\/skein\/m1\/mine\n/u);
  });

  it('are made and removed by many at once', async () => {
    const { repository, prepare } = await begin();
    const numbers = Array.from({ length: 24 }, (_, at) => at + 1);
    const trees: TaskTree[] = [];
    for (const number of numbers) trees.push(await prepare({}, number));
    await Promise.all(trees.map((tree) => keepTaskTree(repository, tree)));
    assert.equal((await listTaskTrees(repository, 'm1')).length, numbers.length);
    const other = { ...(trees[0] as TaskTree), ref: taskTreeRef('m2', 1) };
    await Promise.all([removeTaskTrees(repository, 'm1'), keepTaskTree(repository, other)]);
    assert.deepEqual(await listTaskTrees(repository), [other]);
  });

  it('leave branches, index, hooks and symbolic refs of the person alone', async () => {
    const { temp, repository, prepare } = await begin();
    const mark = join(temp.folder, 'mark');
    const hook = join(temp.top, '.git/hooks/reference-transaction');
    mkdirSync(join(hook, '..'), { recursive: true });
    writeFileSync(hook, `#!/bin/sh\necho ran >> ${mark}\n`);
    chmodSync(hook, 0o755);
    const index = readFileSync(join(temp.top, '.git/index'));
    const tree = await prepare({ 'a.txt': 'two\n' });
    await keepTaskTree(repository, tree);
    assert.equal(temp.git('rev-parse', 'main').trim(), repository.head);
    assert.deepEqual(readFileSync(join(temp.top, '.git/index')), index);
    assert.doesNotMatch(temp.git('log', '--all', '--oneline'), /skein/u);
    await removeTaskTrees(repository, 'm1');
    assert.equal(existsSync(mark), false);
    temp.git('symbolic-ref', tree.ref, 'refs/heads/victim');
    await keepTaskTree(repository, tree);
    assert.equal(temp.git('for-each-ref', 'refs/heads/victim'), '');
    // the twin: git itself follows it, and runs the hook
    temp.git('symbolic-ref', tree.ref, 'refs/heads/victim');
    temp.git('update-ref', tree.ref, repository.head);
    assert.match(temp.git('for-each-ref', 'refs/heads/victim'), /victim/u);
    assert.equal(existsSync(mark), true);
  });

  it('are kept in a repository of SHA-256 as well', async () => {
    const temp = tempRepository({ 'a.txt': 'one\n' }, '--object-format=sha256');
    const { repository, prepare } = await begin(temp);
    const tree = await prepare({ 'a.txt': 'two\n' });
    assert.equal(tree.tree.length, 64);
    await keepTaskTree(repository, tree);
    assert.deepEqual(await listTaskTrees(repository, 'm1'), [tree]);
  });
});
