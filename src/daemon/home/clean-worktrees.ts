/** `skein clean`: removes the worktrees that missions left behind, and says how large they are. */
import { readdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { needsWorktree, type MissionState } from '#supervisor/mission-reducer.ts';
import { openRepository } from '#workspace/git/open-repository.ts';
import { removeWorktree } from '#workspace/git/worktree.ts';
import { deleteFolder } from '#workspace/git/worktree-files.ts';
import { folderBytes } from '#workspace/folder-bytes.ts';
import type { CommandParts } from '../command-parts.ts';

/** One left worktree and why it is or isn't removed. */
export interface CleanedWorktree {
  readonly mission: string;
  readonly bytes: number;
  readonly status: string;
  readonly removed: boolean;
}

/** Removes all worktrees whose missions have ended, and those that no mission knows. */
export async function cleanWorktrees(
  { spaces, paths }: Pick<CommandParts, 'spaces' | 'supervisor' | 'paths'>,
  { dryRun }: { readonly dryRun: boolean },
): Promise<{ readonly worktrees: readonly CleanedWorktree[] }> {
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
  return { worktrees };
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

/** Through git when the repository is still there, so that git forgets the worktree too. */
async function remove(folder: string, repository: string | undefined): Promise<void> {
  try {
    if (repository !== undefined) await removeWorktree(await openRepository(repository), folder);
  } catch {
    // The repository is gone or is another one now; the folder below is ours all the same.
  }
  await deleteFolder(folder);
}
