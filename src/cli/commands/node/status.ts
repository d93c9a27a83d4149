/** skein status: the node of this home, what it holds and does. */
import type { CliCommand } from '../../command.ts';
import { connectIfUp, typedPaths } from '../../connect.ts';
import { shortId } from '../../mission-lookup.ts';
import { networkLines, type ShownNetwork } from '../../terminal/bus/network-lines.ts';

/** What the node says of itself. */
export interface NodeStatus {
  readonly pid: number;
  readonly node: string;
  readonly sqlite: string;
  readonly key: string;
  readonly epoch: number;
  readonly uptimeMs: number;
  readonly rssBytes: number;
  readonly missionsAtWork: readonly string[];
  readonly isolation: string;
  readonly worktreeBytes: number;
  readonly network: ShownNetwork;
  readonly spaces: readonly SpaceStatus[];
}

/** What the node says of one record. */
export interface SpaceStatus {
  readonly space: string;
  readonly repository: string | null;
  readonly events: number;
  readonly commits: number;
  readonly ledgerBytes: number;
  readonly blobBytes: number;
  /** Set when the record can't be read; then there are no other facts. */
  readonly problem?: string;
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

/** The command. */
export const command: CliCommand = {
  usage: 'status',
  summary: 'is the node up, what does it hold, what is it doing',
  words: [0, 0],
  options: {},
  run: async (typed) => {
    const client = await connectIfUp(typed);
    const { home } = typedPaths(typed);
    if (client === undefined) {
      if (typed.flag('json')) process.stdout.write(`${JSON.stringify({ up: false, home })}\n`);
      else process.stdout.write(`node: down (any command starts it)\nhome: ${home}\n`);
      return 0;
    }
    const status = await client.get<NodeStatus>('/v1/status');
    if (typed.flag('json')) process.stdout.write(`${JSON.stringify({ up: true, ...status })}\n`);
    else printStatus(home, status);
    return 0;
  },
};

function printStatus(home: string, status: NodeStatus): void {
  const { pid, uptimeMs, rssBytes, key, epoch, missionsAtWork, isolation, worktreeBytes } = status;
  process.stdout.write(
    `node: up for ${Math.round(uptimeMs / 1000)} s (pid ${pid}, ${megabytes(rssBytes)}), key ${key.slice(0, 16)}, epoch ${epoch}\n` +
      `home: ${home}\nmissions at work: ${missionsAtWork.length === 0 ? 'none' : missionsAtWork.map(shortId).join(', ')}\nisolation: ${isolation}\nworktrees: ${megabytes(worktreeBytes)}\n`,
  );
  for (const line of networkLines(status.network)) process.stdout.write(`${line}\n`);
  for (const space of status.spaces) process.stdout.write(`${spaceLine(space)}\n`);
}

/** A record in one line: its sizes, or why it can't be read. */
export function spaceLine(status: SpaceStatus): string {
  const { space, repository, problem, events, commits, ledgerBytes, blobBytes } = status;
  const name = `record ${space.slice(0, 12)}`;
  if (problem !== undefined) return `${name}: can't be read: ${problem}  ${repository ?? ''}`;
  const sizes = `${megabytes(ledgerBytes)} + ${megabytes(blobBytes)} blobs`;
  return `${name}: ${commits} commits, ${events} events, ${sizes}  ${repository ?? ''}`;
}
