/** The proof of a change: its checks beside those of the base, a clean worktree, the git commit. */
import type { Evidence } from '#agents/runner.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { Check } from '#workspace/checks/check.ts';
import { missionBranch } from '../../mission-branch.ts';
import { checksOf, type HandOver, type TaskAtWork } from './task-at-work.ts';
import type { Swarm } from '../swarm.ts';
import { writtenFiles, type WrittenFile } from './written-files.ts';

/** Runs the checks on the change and makes the git commit; throws `check-failed`. */
export async function proveChange({
  swarm,
  planned,
  assignment,
}: TaskAtWork): Promise<Pick<HandOver, 'checks' | 'gitTree'>> {
  const { crew, work } = swarm;
  const hooks = await findHooks(swarm);
  const checks = await crew.runner.checkChange(assignment, [...checksOf(swarm, planned), ...hooks]);
  assertNoneBroken(swarm, checks);
  const files = writtenFiles(swarm);
  await assertCleanWorktree(swarm, files);
  const { gitTree } = await crew.runner.commit(assignment, {
    files,
    message: commitMessage(swarm),
    branch: missionBranch(work.mission),
  });
  return { checks, gitTree };
}

function assertNoneBroken({ work }: Swarm, checks: readonly Evidence[]): void {
  const broken = checks.filter(({ comparison }) => comparison === 'broken');
  if (broken.length === 0) return;
  const names = broken.map(({ name }) => name);
  throw new SkeinError(
    'check-failed',
    `Cannot finish: ${names.join(', ')} passed before the change and fails after it`,
    {
      fix: `See the output with: skein show ${work.mission}. The worktree is kept until "skein clean".`,
      details: { broken: names },
    },
  );
}

/** Nothing but the write set may differ from the base: checks that write tracked files are named. */
async function assertCleanWorktree(
  { work }: Swarm,
  explained: readonly WrittenFile[],
): Promise<void> {
  const { worktree, base } = work;
  const besides = explained.map(({ path }) => path);
  const changed = await work.world.worktrees.listChanged({ cwd: worktree, base, besides });
  const written = new Set(besides);
  const others = changed.files.map(({ path }) => path).filter((path) => !written.has(path));
  if (others.length === 0) return;
  throw new SkeinError(
    'check-failed',
    `Cannot finish: a check wrote files that the plan does not name: ${others.slice(0, 10).join(', ')}`,
    {
      fix: 'Run checks that only look (no --fix, no --write), or keep what they write out of git.',
    },
  );
}

/** The repository's own commit hooks, when the person wants them to have a say. */
async function findHooks(swarm: Swarm): Promise<readonly Check[]> {
  const { work, approved } = swarm;
  if (!approved.state.options.hooks) return [];
  const paths = writtenFiles(swarm).map(({ path }) => path);
  const message = commitMessage(swarm);
  return work.world.checks.mergeHooks(work.repository, { worktree: work.worktree, paths, message });
}

/** The message of the mission's git commit, without the trailers. */
export const commitMessage = ({ approved: { contents, state } }: Swarm): string =>
  `${contents.title}\n\nGoal: ${state.goal}`;
