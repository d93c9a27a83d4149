/** The critic's look at all that was written, in git, against the plan's expected effect. */
import type { ExpectedEffect, ReviewVerdict } from '#agents/critic.ts';
import { SkeinError } from '#protocol/errors.ts';
import { taskTreeRef } from '#workspace/trees/task-tree.ts';
import type { HandOver, TaskAtWork } from './task-at-work.ts';
import type { Swarm } from '../swarm.ts';
import { splitTask } from '../../plan/task-graph.ts';
import { writtenFiles } from './written-files.ts';

/** Reviews the whole change; answers its tree and what was found. Throws `review-refused`. */
export async function reviewChange({
  swarm,
  assignment,
}: TaskAtWork): Promise<Pick<HandOver, 'gitTree' | 'found'>> {
  const { work, task } = assignment;
  const { repository, worktree, base } = work;
  const files = writtenFiles(swarm);
  const ref = taskTreeRef(...splitTask(task));
  const { tree } = await work.world.trees.prepare(repository, { worktree, base, files, ref });
  const writeSet = swarm.approved.plan.tasks.flatMap((each) => each.writeSet);
  const expected = expectedEffect(swarm);
  const review = { base, actual: tree, writeSet, expected };
  const verdict = await swarm.crew.critic.review(work, review);
  if (verdict.type === 'refuse') throw refused(verdict);
  return { gitTree: tree, found: `${verdict.hunks} changes, all explained` };
}

function expectedEffect({ approved }: Swarm): ExpectedEffect {
  const { edits, commands = [] } = approved.contents;
  return {
    edits,
    commands: commands.flatMap(({ paths, command }) =>
      command === undefined ? [] : [{ paths, lines: command.lines }],
    ),
  };
}

function refused({ reason, places }: Extract<ReviewVerdict, { type: 'refuse' }>): SkeinError {
  const lines = places.map((place) => `  ${place}`).join('\n');
  return new SkeinError('review-refused', `Cannot accept the change: ${reason}\n${lines}`, {
    fix: 'The worktree is kept until "skein clean": look at what wrote these lines.',
    details: { places },
  });
}
