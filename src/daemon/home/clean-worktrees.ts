/** `skein clean`: removes the worktrees and git trees that missions left behind, and counts them. */
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { needsWorktree, type MissionState } from '#supervisor/mission-reducer.ts';
import { openRepository } from '#workspace/git/open-repository.ts';
import { removeWorktree } from '#workspace/git/worktree.ts';
import { listTaskTrees, removeTaskTrees } from '#workspace/trees/task-tree.ts';
import { deleteFolder } from '#lib/delete-folder.ts';
import { folderBytes } from '#workspace/folder-bytes.ts';
import type { CommandParts } from '../commands/command-parts.ts';

/** One left worktree and why it is or isn't removed. */
export interface CleanedWorktree {
  readonly mission: string;
  readonly bytes: number;
  readonly status: string;
  readonly removed: boolean;
}

/** What was cleaned; `trees` counts the refs under `refs/skein/` that kept what tasks left. */
export interface Cleaned {
  readonly worktrees: readonly CleanedWorktree[];
  readonly trees: number;
}

/** Removes all worktrees whose missions have ended, and those that no mission knows. */
export async function cleanWorktrees(
  { spaces, paths }: Pick<CommandParts, 'spaces' | 'supervisor' | 'paths'>,
  { dryRun }: { readonly dryRun: boolean },
): Promise<Cleaned> {
  const owners = await missionOwners(spaces);
  const worktrees: CleanedWorktree[] = [];
  for (const name of readdirSync(paths.worktrees)) {
    const folder = join(realpathSync(paths.worktrees), name);
    // A mission may have a second worktree while it plans again.
    const mission = name.split('.', 1)[0] ?? name;
    const owner = owners.get(mission);
    const status = owner?.status ?? 'unknown';
    const removed = !dryRun && !needsWorktree(status);
    const bytes = folderBytes(folder);
    if (removed) await remove(folder, owner?.repository);
    worktrees.push({ mission, bytes, status, removed });
  }
  return { worktrees, trees: await letGoOfTrees(owners, dryRun) };
}

type Owner = { readonly status: string; readonly repository: string | undefined };

async function missionOwners(spaces: CommandParts['spaces']): Promise<Map<string, Owner>> {
  const owners = new Map<string, Owner>();
  for (const space of spaces.list()) {
    const repository = spaces.project(space)?.repository;
    const ledger = await spaces.open(space);
    for (const { id, body } of ledger.read.entities('mission')) {
      owners.set(id, { status: (body as MissionState).status, repository });
    }
  }
  return owners;
}

/** What tasks of ended missions left in git: a mission that is done has its branch. */
async function letGoOfTrees(owners: ReadonlyMap<string, Owner>, dryRun: boolean): Promise<number> {
  const missions = [...owners].filter(([, { status }]) => !needsWorktree(status));
  let count = 0;
  for (const [path, ended] of Map.groupBy(missions, ([, { repository }]) => repository)) {
    if (path === undefined || !existsSync(path)) continue;
    const repository = await openRepository(path).catch(() => undefined);
    if (repository === undefined) continue;
    const kept = await listTaskTrees(repository);
    for (const [mission] of ended) {
      const ofMission = kept.filter(({ ref }) => ref.startsWith(`refs/skein/${mission}/`)).length;
      if (ofMission > 0 && !dryRun) await removeTaskTrees(repository, mission);
      count += ofMission;
    }
  }
  return count;
}

/** Through git when the repository is still there, so that git forgets the worktree too. */
async function remove(folder: string, repository: string | undefined): Promise<void> {
  try {
    if (repository !== undefined) await removeWorktree(await openRepository(repository), folder);
  } catch {
    // The repository is gone or is another one now; the folder below is ours all the same.
  }
  await deleteFolder(folder);
}
