/**
 * The peer of a swarm: the same rewrite as one plain script, one step after the other, with no plan
 * to approve, no agents, no record, no reflex. Each file is synced, and so are git's objects. Arguments:
 * repository, worktree to make, pattern, replacement, check, and `types` to judge types as well.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { planRewrite } from '#workspace/rewrite/plan-rewrite.ts';
import { diagnoseChange } from '#workspace/language/diagnose-change.ts';
import { assertSound } from './bench-space.ts';

const [repository = '', worktree = '', pattern = '', replacement = '', check = '', ...more] =
  process.argv.slice(2);

/** The setting is that of the node: its objects are durable before anything is built on them. */
const git = (cwd: string, ...args: readonly string[]): string =>
  execFileSync('git', ['-c', 'core.fsync=committed,loose-object,reference', ...args], {
    cwd,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  }).trim();

const runCheck = (): void =>
  void execFileSync('sh', ['-c', check], { cwd: worktree, stdio: 'ignore' });

function writeDurably(path: string, bytes: Uint8Array): void {
  const temporary = `${path}.tmp`;
  const file = openSync(temporary, 'wx');
  writeSync(file, bytes);
  fsyncSync(file);
  closeSync(file);
  renameSync(temporary, path);
}

git(repository, 'worktree', 'add', '--quiet', '--detach', worktree);
const files = git(worktree, 'ls-files', '-z').split('\0').filter(Boolean);
const { edits } = await planRewrite({ root: worktree, files, pattern, replacement });
runCheck();
for (const { path, after } of edits) writeDurably(join(worktree, path), after);
if (more.includes('types')) {
  const found = await diagnoseChange({ root: worktree, files, edits });
  assertSound(found.length === 0, `${found.length} new type errors`);
}
runCheck();
git(worktree, 'add', '--update');
const tree = git(worktree, 'write-tree');
const commit = git(worktree, 'commit-tree', tree, '-p', 'HEAD', '-m', `Rewrite ${pattern}`);
git(repository, 'update-ref', `refs/heads/plain/${commit}`, commit);
git(repository, 'worktree', 'remove', '--force', worktree);
process.stdout.write(tree);
