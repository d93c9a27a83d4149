/** Chooses which missions of a record may be pruned, and counts why the others stay. */
import type { LedgerReader } from '#ledger/ledger.ts';
import type { PrunedWhat } from '#ledger/prune/prune-plan.ts';
import type { Entity } from '#protocol/entity.ts';
import { needsWorktree, type MissionState } from '#supervisor/mission-reducer.ts';

/** What a person asks for. The last `keepMissions` of a record stay, however old they are. */
export interface PruneOptions {
  readonly olderThanDays: number;
  readonly keepMissions: number;
  readonly what: PrunedWhat;
}

/** Why a mission stays. */
export type KeptBecause = 'not ended' | 'among the last' | 'too young' | 'needed by a fork';

/** Missions to prune, oldest first, and how many stay for which reason. */
export interface PruneChoice {
  readonly missions: readonly string[];
  readonly kept: Readonly<Partial<Record<KeptBecause, number>>>;
}

type Mission = Entity<MissionState>;

const DAY_MS = 86_400_000;

/** Chooses among all missions of a record; `nowMs` by the node's clock. */
export function chooseMissions(
  read: LedgerReader,
  options: PruneOptions,
  nowMs: number,
): PruneChoice {
  const missions = read.entities('mission') as readonly Mission[];
  const firstKept = missions.length - options.keepMissions;
  const reasons = new Map<string, KeptBecause>();
  for (const [index, { id, body }] of missions.entries()) {
    if (needsWorktree(body.status)) reasons.set(id, 'not ended');
    else if (index >= firstKept) reasons.set(id, 'among the last');
    else if (!isOlder(body, nowMs - options.olderThanDays * DAY_MS)) reasons.set(id, 'too young');
  }
  // What only shows what programs printed is nothing that a fork goes on with.
  if (options.what === 'bodies') keepParents(read, missions, reasons);
  const kept: Partial<Record<KeptBecause, number>> = {};
  for (const reason of reasons.values()) kept[reason] = (kept[reason] ?? 0) + 1;
  return { missions: missions.map(({ id }) => id).filter((id) => !reasons.has(id)), kept };
}

const isOlder = ({ endedAt }: MissionState, ms: number): boolean =>
  endedAt !== null && Date.parse(endedAt) <= ms;

/** A fork that stays needs what it came from, and that what it came from in turn. */
function keepParents(
  read: LedgerReader,
  missions: readonly Mission[],
  reasons: Map<string, KeptBecause>,
): void {
  const parents = new Map(missions.map((mission) => [mission.id, parentOf(read, mission)]));
  for (const { id } of missions) {
    if (!reasons.has(id)) continue;
    for (let parent = parents.get(id); parent !== undefined; parent = parents.get(parent)) {
      if (reasons.has(parent)) break;
      reasons.set(parent, 'needed by a fork');
    }
  }
}

/** Whose fork a mission is; undefined also for one that was pruned itself and needs nothing. */
function parentOf(read: LedgerReader, { id, body }: Mission): string | undefined {
  const [first] = read.events({ mission: id, after: 0, limit: 1 });
  return first?.body === null ? undefined : body.forked?.from;
}
