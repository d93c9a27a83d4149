/** The proof of a change: its checks beside those of the base, a clean worktree, the git commit. */
import type { Evidence } from '#agents/runner.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { Check } from '#workspace/checks/check.ts';
import { missionBranch } from '../../mission-branch.ts';
import { assertNothingWritten } from './assert-clean.ts';
import { checksOf, type HandOver, type TaskAtWork } from './task-at-work.ts';
import type { Swarm } from '../swarm.ts';
import { writtenFiles } from './written-files.ts';

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
  await assertNothingWritten(swarm, checks, files);
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
