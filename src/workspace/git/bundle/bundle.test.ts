/** Trees go to another repository whole and sound, or not at all; what is wrong with a bundle is found. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { tempRepository, type TempRepository } from '#workspace/fixtures/temp-repository.ts';
import { openRepository, type Repository } from '../open-repository.ts';
import { heldTrees, holdTree, letGoOf, openBareRepository } from './bare-repository.ts';
import { gitIn, hasTree, makeBundle, storeBundle, withBundle, type GitBeside } from './bundle.ts';
import { changesBetween, writePaths } from './tree-files.ts';

interface Stage {
  readonly temp: TempRepository;
  readonly from: Repository;
  readonly bare: Repository;
  readonly tree: (commit?: string) => string;
}

const FILES = { 'a.txt': 'one\n', 'deep/b.ts': 'export const b = 1;\n', 'run.sh': '#!/bin/sh\n' };

async function stageOf(format: 'sha1' | 'sha256' = 'sha1'): Promise<Stage> {
  const temp = tempRepository(FILES, `--object-format=${format}`);
  const from = await openRepository(temp.top);
  const bare = await openBareRepository(join(temp.folder, 'home', 'space.git'), format);
  return {
    temp,
    from,
    bare,
    tree: (commit = 'HEAD') => temp.git('rev-parse', `${commit}^{tree}`).trim(),
  };
}

const none = { have: [] };

/** All that is stored in a repository, to see that nothing was left there. */
const objectsOf = (git: TempRepository['git']): string =>
  git('cat-file', '--batch-all-objects', '--batch-check');

describe('a bundle', () => {
  for (const format of ['sha1', 'sha256'] as const) {
    it(`brings a whole tree to an empty repository (${format}), and leaves no trace where it was made`, async () => {
      const { temp, from, bare, tree } = await stageOf(format);
      const before = objectsOf(temp.git);
      const wanted = { tree: tree(), ...none };
      await storeBundle(bare, await makeBundle(from, wanted), wanted);
      assert.equal(objectsOf(temp.git), before);
      assert.equal(await hasTree(bare, tree()), true);
      const folder = join(temp.folder, 'out');
      await writePaths(gitIn(bare), tree(), { paths: ['deep/b.ts'], folder });
      assert.equal(readFileSync(join(folder, 'deep/b.ts'), 'utf8'), FILES['deep/b.ts']);
      assert.deepEqual(readdirSync(folder), ['deep']);
    });
  }

  it('has only what the other side lacks', async () => {
    const { temp, from, bare, tree } = await stageOf();
    temp.write('large.bin', randomBytes(50_000));
    temp.commit();
    const base = tree();
    await storeBundle(bare, await makeBundle(from, { tree: base, ...none }), {
      tree: base,
      ...none,
    });
    temp.write('a.txt', 'two\n');
    temp.commit();
    const unknown = 'ab'.repeat(20);
    const wanted = { tree: tree(), have: [unknown, base] };
    const bundle = await makeBundle(from, wanted);
    assert.ok(bundle.length < 1_500, `${bundle.length} bytes`);
    await storeBundle(bare, bundle, { tree: tree(), have: [base] });
    assert.equal(await hasTree(bare, tree()), true);
    const whole = await makeBundle(from, { tree: tree(), ...none });
    assert.ok(whole.length > bundle.length * 2);
  });

  it('is one for git itself', async () => {
    const { temp, from, tree } = await stageOf();
    const file = join(temp.folder, 'tree.bundle');
    writeFileSync(file, await makeBundle(from, { tree: tree(), ...none }));
    const other = join(temp.folder, 'other');
    execFileSync('git', ['init', '--quiet', other]);
    const git = (...args: string[]): string =>
      execFileSync('git', args, {
        cwd: other,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    git('bundle', 'verify', file);
    git('fetch', '--quiet', file, 'refs/skein/tree:refs/skein/tree');
    assert.equal(git('rev-parse', 'refs/skein/tree^{tree}').trim(), tree());
  });

  it('can be looked at without being stored', async () => {
    const { temp, from, bare, tree } = await stageOf();
    const base = tree();
    await storeBundle(bare, await makeBundle(from, { tree: base, ...none }), {
      tree: base,
      ...none,
    });
    temp.write('a.txt', 'two\n');
    temp.commit();
    const wanted = { tree: tree(), have: [base] };
    const bundle = await makeBundle(from, wanted);
    const look = (git: GitBeside) => changesBetween(git, base, tree());
    const changes = await withBundle(bare, bundle, wanted, look);
    assert.deepEqual(
      changes.map(({ path, status }) => `${status} ${path}`),
      ['M a.txt'],
    );
    assert.equal(await hasTree(bare, tree()), false);
  });
});

describe('a bundle is refused', () => {
  const WRONG: Readonly<
    Record<string, (bundle: Buffer, stage: Stage) => Buffer | Promise<Buffer>>
  > = {
    'without a head': () => Buffer.from('PACK'),
    'that was cut off': (bundle) => bundle.subarray(0, -30),
    'with another byte in it': (bundle) => {
      const copy = Buffer.from(bundle);
      copy[copy.length - 40] = (copy.at(-40) ?? 0) ^ 1;
      return copy;
    },
    'with the objects of another tree': async (bundle, { temp, from, tree }) => {
      temp.write('other.txt', 'other\n');
      temp.commit();
      const other = await makeBundle(from, { tree: tree(), have: [] });
      const end = bundle.indexOf('\n\n') + 2;
      return Buffer.concat([bundle.subarray(0, end), other.subarray(other.indexOf('\n\n') + 2)]);
    },
    'that says it is of another tree': async (_bundle, { temp, from, tree }) => {
      temp.write('other.txt', 'other\n');
      temp.commit();
      return makeBundle(from, { tree: tree(), have: [] });
    },
    'that builds on what was not said to be here': async (_bundle, { temp, from, tree }) => {
      const have = [tree()];
      temp.write('other.txt', 'other\n');
      temp.commit();
      return makeBundle(from, { tree: tree(), have });
    },
  };
  for (const [what, spoil] of Object.entries(WRONG)) {
    it(`${what}, and nothing of it is stored`, async () => {
      const stage = await stageOf();
      const { from, bare, tree } = stage;
      const wanted = { tree: tree(), ...none };
      const good = await makeBundle(from, wanted);
      const bad = await spoil(good, stage);
      await assert.rejects(storeBundle(bare, bad, wanted), { name: 'workspace-failed' });
      assert.equal(await hasTree(bare, wanted.tree), false);
      await storeBundle(bare, good, wanted);
    });
  }

  it('when an object of it is missing', async () => {
    const { temp, from, bare, tree } = await stageOf();
    const base = tree();
    temp.write('a.txt', 'two\n');
    temp.commit();
    const thin = await makeBundle(from, { tree: tree(), have: [base] });
    // The head of a whole one before the objects of a part.
    const whole = await makeBundle(from, { tree: tree(), ...none });
    const cut = (bundle: Buffer): number => bundle.indexOf('\n\n') + 2;
    const mixed = Buffer.concat([whole.subarray(0, cut(whole)), thin.subarray(cut(thin))]);
    const stored = storeBundle(bare, mixed, { tree: tree(), ...none });
    await assert.rejects(stored, { name: 'workspace-failed' });
    assert.equal(await hasTree(bare, tree()), false);
  });

  it('with a path that leads into a git folder', async () => {
    const { temp, from, bare } = await stageOf();
    const blob = temp.git('hash-object', '-w', 'a.txt').trim();
    const evil = execFileSync('git', ['mktree'], {
      cwd: temp.top,
      input: `100644 blob ${blob}\t.git\n`,
      encoding: 'utf8',
    }).trim();
    const wanted = { tree: evil, ...none };
    const bundle = await makeBundle(from, wanted);
    await assert.rejects(storeBundle(bare, bundle, wanted), { name: 'workspace-failed' });
  });
});

describe('a bare repository', () => {
  it('is made once, and holds trees by refs until they are let go of', async () => {
    const { from, bare, tree } = await stageOf();
    const wanted = { tree: tree(), ...none };
    await storeBundle(bare, await makeBundle(from, wanted), wanted);
    await holdTree(bare, { ref: 'refs/skein/m/1', tree: tree() });
    await holdTree(bare, { ref: 'refs/skein/m/1', tree: tree() });
    const again = await openBareRepository(bare.top, 'sha1');
    assert.deepEqual(await heldTrees(again, 'refs/skein/'), [
      { ref: 'refs/skein/m/1', tree: tree() },
    ]);
    await letGoOf(again, ['refs/skein/m/1']);
    assert.deepEqual(await heldTrees(again, 'refs/skein/'), []);
    await assert.rejects(openBareRepository(bare.top, 'sha256'), {
      name: 'repository-unsupported',
    });
  });
});
