/**
 * A rename in projects of several shapes, proven by their own type check and tests, and merged.
 * The twin of each: with one of the changed files as it was before, its checks fail.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { tempRepository, type TempRepository } from '#workspace/fixtures/temp-repository.ts';
import { linkCompilers } from '../support/line-repository.ts';
import { openHome, told } from '../support/run-skein.ts';
import { SHAPES, type Shape } from '../support/shape-repositories.ts';

function makeShape({ files, links = {} }: Shape): TempRepository {
  const repository = tempRepository(files);
  linkCompilers(repository);
  for (const [name, target] of Object.entries(links)) {
    const path = join(repository.top, 'node_modules', name);
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(target, path);
  }
  return repository;
}

/** Whether all checks of the project pass in the person's own tree. */
function checksPass({ top }: TempRepository, { files }: Shape): boolean {
  const { scripts } = JSON.parse(files['package.json'] ?? '') as {
    scripts: Record<string, string>;
  };
  const folders = [join(top, 'node_modules', '.bin'), dirname(process.execPath)];
  const PATH = [...folders, process.env['PATH'] ?? ''].join(':');
  return Object.values(scripts).every((command) => {
    const env = { PATH, HOME: dirname(top) };
    return spawnSync('/bin/sh', ['-c', command], { cwd: top, env }).status === 0;
  });
}

describe('a rename, merged', { concurrency: 2 }, () => {
  const skein = openHome();
  for (const shape of SHAPES) {
    it(`in ${shape.name}`, async () => {
      const repository = makeShape(shape);
      const { top, git } = repository;
      const done = await skein.run('run', shape.goal, '--repo', top, '--yes', '--merge');
      assert.equal(done.code, 0, told(done));
      assert.match(done.stderr, shape.engine);
      assert.doesNotMatch(done.stderr, /exit code [1-9]/u, 'its checks pass before and after');
      const changed = git('diff', '--name-only', 'HEAD^', 'HEAD').trim().split('\n');
      assert.deepEqual(changed, shape.changed, told(done));
      assert.equal(git('status', '--porcelain'), '');
      assert.ok(checksPass(repository, shape), 'they pass in the tree of the person too');
      git('checkout', '--quiet', 'HEAD^', '--', shape.changed[0] ?? '');
      assert.ok(!checksPass(repository, shape), 'with a file as it was before they fail');
    });
  }
});
