/** The record of one node, read plainly: commits in the order they came, events, and what counts. */
import { makeLedgerReader } from '#ledger/ledger-reader.ts';
import { decodeHeader, signedBytes, type CommitHeader } from '#protocol/commit.ts';
import { decodeEvent, type SkeinEvent } from '#protocol/event-types.ts';
import type { SpaceState } from '#ledger/state/space-reducer.ts';
import type { TestNode } from '../../support/test-nodes.ts';

/** A commit as it is stored. */
export interface SeenCommit {
  readonly header: CommitHeader;
  readonly signed: Uint8Array;
  readonly signature: string;
  readonly hash: string;
  readonly counts: boolean;
}

/** An event with who wrote it, and where it stands on this node. */
export interface SeenEvent {
  readonly event: SkeinEvent;
  readonly author: string;
  readonly chain: string;
  readonly position: number;
}

/** All of it. */
export interface RecordView {
  readonly space: SpaceState;
  readonly commits: readonly SeenCommit[];
  /** Those that count. */
  readonly events: readonly SeenEvent[];
  readonly ids: ReadonlySet<string>;
}

/** Reads the record of a node. */
export function viewOf(node: TestNode): RecordView {
  const space = node.space();
  const rows = node.database
    .prepare('SELECT header, signature, hash FROM commits ORDER BY position')
    .all();
  const commits = rows.map((row): SeenCommit => {
    const bytes = row['header'] as Uint8Array;
    const header = decodeHeader(bytes);
    const signature = Buffer.from(row['signature'] as Uint8Array).toString('hex');
    const counts = doesCount(space, header);
    return { header, signed: signedBytes(bytes), signature, hash: String(row['hash']), counts };
  });
  const placed = new Map(
    commits.flatMap((commit) => commit.header.events.map(({ id }) => [id, commit] as const)),
  );
  const stored = makeLedgerReader(node.database).events({ after: 0, limit: 10_000 });
  const events = stored.flatMap(({ body, position }): SeenEvent[] => {
    const event = decodeEvent(body ?? '').event as SkeinEvent;
    const commit = placed.get(event.id);
    if (commit?.counts !== true) return [];
    const { author, chain } = commit.header;
    return [{ event, author, chain, position }];
  });
  return { space, commits, events, ids: new Set(placed.keys()) };
}

/** Not what comes after a fork, nor what a removed member wrote beyond the point that was set for it. */
export function doesCount(
  { forks, removed, chains }: SpaceState,
  { author, chain, seq }: Pick<CommitHeader, 'author' | 'chain' | 'seq'>,
): boolean {
  if (seq >= (forks[chain] ?? Infinity)) return false;
  const cut = removed[author];
  if (cut === undefined) return true;
  if (cut === null) return false;
  if (cut.chain === chain) return seq <= cut.seq;
  const last = chains.find((each) => each.chain === cut.chain);
  return last?.after?.chain === chain;
}
