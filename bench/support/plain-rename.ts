/**
 * The peer of a mission: the same rename by language server and git alone, with no plan to approve,
 * no record, no guardrails. Arguments: repository, worktree to make, old name, new name.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { planRename } from '#workspace/language/plan-rename.ts';
import { assertSound } from './bench-space.ts';

const [repository = '', worktree = '', from = '', to = ''] = process.argv.slice(2);

function git(cwd: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('git', args, { cwd, encoding: 'utf8' });
  assertSound(status === 0, `git ${args[0]}: ${stderr}`);
  return stdout.trim();
}

git(repository, 'worktree', 'add', '--quiet', '--detach', worktree);
const files = git(worktree, 'ls-files', '-z').split('\0').filter(Boolean);
const request = { root: worktree, files, from, to, keepExports: false, timeoutMs: 300_000 };
const outcome = await planRename(request);
assertSound(outcome.type === 'planned', 'the name is ambiguous');
for (const { path, after } of outcome.edits) writeFileSync(join(worktree, path), after);
git(worktree, 'add', '--update');
const tree = git(worktree, 'write-tree');
const commit = git(worktree, 'commit-tree', tree, '-p', 'HEAD', '-m', `Rename ${from} to ${to}`);
git(repository, 'update-ref', `refs/heads/plain/${commit.slice(0, 12)}`, commit);
git(repository, 'worktree', 'remove', '--force', worktree);
process.stdout.write(`${outcome.edits.length}\n`);
