/** Checks only look: whatever they wrote into tracked files is found, and they are named. */
import type { Evidence } from '#agents/runner.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { Swarm } from '../swarm.ts';
import type { WrittenFile } from './written-files.ts';

/** Throws `check-failed` when a file is neither as in the base nor as an edit has left it. */
export async function assertNothingWritten(
  { work }: Swarm,
  checks: readonly Evidence[],
  explained: readonly WrittenFile[],
): Promise<void> {
  const { worktree, base } = work;
  const besides = explained.map(({ path }) => path);
  // git's own list is asked too: it looks without what Skein remembers of files.
  const changed = await work.world.worktrees.listChanged({ cwd: worktree, base, besides });
  const written = new Set(besides);
  const { files } = await work.world.trees.findStray({ worktree, base, explained });
  const others = changed.files.filter(({ path }) => !written.has(path));
  const paths = [...new Set([...others, ...files].map(({ path }) => path))].slice(0, 10);
  if (paths.length === 0) return;
  const message = `Cannot go on: ${whoOf(checks)} changed files past the plan: ${paths.join(', ')}`;
  throw new SkeinError('check-failed', message, {
    fix: 'Run checks that only look (no --fix, no --write), or keep what they write out of git.',
    details: { paths },
  });
}

/** Checks run one after the other and are looked at together: one alone is named for sure. */
function whoOf(checks: readonly Evidence[]): string {
  const names = checks.map(({ name }) => name).join(', ');
  if (checks.length === 0) return 'somebody';
  return checks.length === 1 ? `the check ${names}` : `one of the checks ${names}`;
}
