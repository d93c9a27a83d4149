/** The person's hooks as checks: asked for, run in the worktree, on what is staged there. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  openTemp,
  tempRepository,
  type TempRepository,
} from '#workspace/fixtures/temp-repository.ts';
import { openRepository } from '#workspace/git/open-repository.ts';
import { addWorktree, prepareWorktree } from '#workspace/git/worktree.ts';
import type { CheckResult } from './check.ts';
import { mergeHooksCheck } from './hooks-check.ts';
import { runCheck } from './run-check.ts';

/** Changes a.txt in a new worktree and runs the hooks of `temp` on it. */
async function runHooks(temp: TempRepository): Promise<readonly CheckResult[]> {
  const repository = await openRepository(temp.top);
  const path = join(temp.folder, 'work');
  const plan = prepareWorktree(repository, { path, commit: repository.head, reason: 'm1' });
  await addWorktree(repository, plan);
  openTemp(temp.folder, plan.path).write('a.txt', 'two\n');
  const request = { worktree: plan.path, paths: ['a.txt'], message: 'Say two\n' };
  const checks = await mergeHooksCheck(repository, request);
  const results: CheckResult[] = [];
  for (const check of checks) {
    results.push(await runCheck({ cwd: plan.path, check, startedAt: 0 }));
  }
  return results;
}

test('pre-commit sees the staged change, commit-msg the message, in the worktree', async () => {
  const temp = tempRepository();
  temp.write('.git/hooks/pre-commit', '#!/bin/sh\npwd\ngit diff --cached --name-only\n', 0o755);
  temp.write('.git/hooks/commit-msg', '#!/bin/sh\ncat "$1"\nexit 4\n', 0o755);
  const index = readFileSync(join(temp.top, '.git/index'));
  const [first, second] = await runHooks(temp);
  assert.equal(first?.output, `${join(temp.folder, 'work')}\na.txt\n`);
  assert.equal(first?.exitCode, 0);
  assert.deepEqual([second?.output, second?.exitCode], ['Say two\n', 4]);
  assert.deepEqual(readFileSync(join(temp.top, '.git/index')), index);
});

test('hooks kept in the repository are those of the worktree, generated ones the person has', async () => {
  const temp = tempRepository({ 'a.txt': 'one\n', '.gitignore': '_\n' });
  temp.write('.husky/pre-commit', '#!/bin/sh\necho own\n', 0o755);
  temp.commit();
  temp.write('.husky/pre-commit', '#!/bin/sh\necho not committed\n', 0o755);
  temp.git('config', 'core.hooksPath', '.husky');
  assert.deepEqual(
    (await runHooks(temp)).map(({ output }) => output),
    ['own\n'],
  );
  const husky = tempRepository({ 'a.txt': 'one\n', '.gitignore': '_\n' });
  husky.write('.husky/_/pre-commit', '#!/bin/sh\necho generated\n', 0o755);
  husky.git('config', 'core.hooksPath', '.husky/_');
  assert.deepEqual(
    (await runHooks(husky)).map(({ output }) => output),
    ['generated\n'],
  );
});

test('without such hooks there is nothing to run', async () => {
  const temp = tempRepository();
  temp.write('.git/hooks/pre-commit', '#!/bin/sh\nexit 1\n', 0o644);
  temp.write('.git/hooks/post-commit', '#!/bin/sh\nexit 1\n', 0o755);
  assert.deepEqual(await runHooks(temp), []);
});
