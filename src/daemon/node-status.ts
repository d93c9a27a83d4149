/** What a node says of itself: who it is, what it holds, what it is doing. */
import { toSkeinError } from '#protocol/errors.ts';
import { folderBytes } from '#workspace/folder-bytes.ts';
import type { CommandParts } from './commands/command-parts.ts';

/** Who a node is. */
export interface NodeIdentity {
  readonly epoch: number;
  readonly key: string;
}

/** Facts for `skein status` and `skein doctor`; sizes in bytes. */
export async function nodeStatus(
  {
    spaces,
    supervisor,
    paths,
    network,
    programs,
  }: Pick<CommandParts, 'spaces' | 'supervisor' | 'paths' | 'network' | 'programs'>,
  { epoch, key }: NodeIdentity,
): Promise<object> {
  const held = [];
  for (const space of spaces.list()) {
    const repository = spaces.project(space)?.repository ?? null;
    const facts = await spaces
      .look(space, (view) => view.stats())
      .catch((thrown) => ({ problem: toSkeinError(thrown).message }));
    held.push({ space, repository, ...facts });
  }
  return {
    pid: process.pid,
    node: process.versions.node,
    sqlite: process.versions['sqlite'],
    home: paths.home,
    key,
    epoch,
    uptimeMs: Math.round(process.uptime() * 1000),
    rssBytes: process.memoryUsage.rss(),
    missionsAtWork: supervisor.atWork,
    isolation: programs.isolation(),
    network: network.status(),
    worktreeBytes: folderBytes(paths.worktrees),
    spaces: held,
  };
}
