/** skein clean: removes worktrees and git trees that ended missions left behind. */
import type { Cleaned, CleanedWorktree } from '#daemon/home/clean-worktrees.ts';
import { needsWorktree } from '#supervisor/mission-reducer.ts';
import type { CliCommand } from '../../command.ts';
import { connect } from '../../connect.ts';
import { shortId } from '../../mission-lookup.ts';
import { newCommandId } from '../../new-id.ts';

/** The command. */
export const command: CliCommand = {
  usage: 'clean [--dry-run]',
  summary: 'remove the worktrees and git trees that ended missions left',
  words: [0, 0],
  options: { 'dry-run': { type: 'boolean', help: 'only say what would be removed' } },
  run: async (typed) => {
    const client = await connect(typed);
    const input = { dryRun: typed.flag('dry-run') };
    const call = { id: newCommandId(), name: 'workspace.clean', input };
    const { worktrees, trees } = await client.post<Cleaned>(call);
    for (const worktree of worktrees) {
      if (typed.flag('json')) process.stdout.write(`${JSON.stringify(worktree)}\n`);
      else process.stdout.write(`${line(worktree, input.dryRun)}\n`);
    }
    if (trees > 0) process.stderr.write(`${treesText(trees, input.dryRun)}\n`);
    if (worktrees.length === 0 && trees === 0) process.stderr.write('Nothing to clean.\n');
    return 0;
  },
};

const treesText = (count: number, dryRun: boolean): string =>
  `${count} git ${count === 1 ? 'tree' : 'trees'} of tasks ${dryRun ? 'would be let go' : 'let go'} (refs/skein/)`;

function line({ mission, bytes, status, removed }: CleanedWorktree, dryRun: boolean): string {
  const needed = needsWorktree(status);
  const what = removed
    ? 'removed'
    : needed
      ? 'kept: the mission needs it'
      : dryRun
        ? 'would be removed'
        : 'kept';
  return `${shortId(mission)}  ${(bytes / 1e6).toFixed(1)} MB  ${status}  ${what}`;
}
