/**
 * Files of a tree as a checkout would have them, and what differs between two trees: by git's own
 * machinery, wherever the objects are.
 */
import { mkdtemp, mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareArgs, parseRawChanges, type RawChange } from '#workspace/trees/raw-changes.ts';
import { WORKTREE_SETTINGS } from '../git-environment.ts';
import type { GitBeside } from './bundle.ts';

/** All entries in which two trees differ. */
export async function changesBetween(
  git: GitBeside,
  from: string,
  to: string,
): Promise<readonly RawChange[]> {
  const args = compareArgs({ cwd: '', from, to }, ['--raw', '-z', '--no-abbrev']);
  return parseRawChanges((await git(args)).stdout);
}

/** Writes `paths` of a tree below `folder`, which must be there and not have them. */
export async function writePaths(
  git: GitBeside,
  tree: string,
  { paths, folder }: { readonly paths: readonly string[]; readonly folder: string },
): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'skein-paths-'));
  try {
    const environment = { GIT_INDEX_FILE: join(scratch, 'index') };
    await mkdir(folder, { recursive: true });
    await git(['read-tree', tree], { environment });
    const args = [`--work-tree=${folder}`, 'checkout-index', '-z', '--stdin'];
    const input = paths.map((path) => `${path}\0`).join('');
    await git(args, { input, environment, cwd: folder, settings: WORKTREE_SETTINGS });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
