/** How many lines of each file came and went between two git trees, as git stores them. */
import { runGit } from '#workspace/git/run-git.ts';
import { splitAtZero } from '#workspace/git/tracked-files.ts';
import { compareArgs, type TreePair } from './raw-changes.ts';

/** Lines that came and went. */
export interface LineCounts {
  readonly added: number;
  readonly removed: number;
}

/** The counts of all files that differ, by path; a binary file has none, and is left out. */
export async function countLines(pair: TreePair): Promise<ReadonlyMap<string, LineCounts>> {
  const args = compareArgs(pair, ['--numstat', '-z']);
  const { stdout } = await runGit({ cwd: pair.cwd, args });
  const counts = new Map<string, LineCounts>();
  for (const entry of splitAtZero(stdout)) {
    const [added = '', removed = '', ...path] = entry.toString('utf8').split('\t');
    if (added === '-') continue;
    counts.set(path.join('\t'), { added: Number(added), removed: Number(removed) });
  }
  return counts;
}
