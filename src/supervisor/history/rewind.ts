/**
 * A mission as it stood right after one of its events: what the record alone says of it. A look
 * back, nothing else: no file is written and nothing is recorded.
 */
import { foldMission } from '#ledger/history/fold-mission.ts';
import { resolveMoment, type Moment } from '#ledger/history/moment.ts';
import type { Ledger } from '#ledger/ledger.ts';
import { prunedNotes } from '#ledger/prune/pruned-mission.ts';
import type { ReducerSet } from '#ledger/state/reducer.ts';
import type { Entity } from '#protocol/entity.ts';
import { parseEnvelope } from '#protocol/event.ts';
import { SkeinError } from '#protocol/errors.ts';
import { treeInOrder, type MissionTree } from './mission-tree.ts';

/** Where to go back to: `at` as people say it, see `resolveMoment`. */
export interface RewindRequest {
  readonly ledger: Pick<Ledger, 'read'>;
  readonly reducers: ReducerSet;
  readonly mission: string;
  readonly at: string;
}

/** The moment, with the event it comes right after. */
export interface RewoundMoment extends Moment {
  /** Null when the event was pruned, like `time`. */
  readonly type: string | null;
  readonly subject: string | null;
}

/** The mission then. */
export interface Rewound {
  readonly mission: string;
  readonly moment: RewoundMoment;
  /** How many of its events had happened, and how many of those were pruned since. */
  readonly events: number;
  readonly pruned: number;
  /** All its entities, in the order in which they last changed. */
  readonly entities: readonly Entity[];
  readonly tree: MissionTree;
}

/** Goes back. Throws what `resolveMoment` throws, and `blob-missing` when the mission was pruned. */
export function rewindMission({ ledger, reducers, mission, at }: RewindRequest): Rewound {
  const { read } = ledger;
  const found = resolveMoment(read, mission, at);
  const { position: upTo } = found;
  const { entities, events, pruned } = foldMission({ read, reducers, mission, upTo });
  if (!entities.has(`mission/${mission}`))
    throw forgotten(ledger, mission, { events, pruned: pruned.length });
  const all = [...entities.values()];
  return {
    mission,
    moment: { ...found, ...describe(ledger, found) },
    events,
    pruned: pruned.length,
    entities: all,
    tree: treeInOrder(all),
  };
}

function describe(
  { read }: RewindRequest['ledger'],
  { position }: Moment,
): Pick<RewoundMoment, 'type' | 'subject'> {
  const [stored] = read.events({ after: position - 1, upTo: position, limit: 1 });
  if (stored === undefined || stored.body === null) return { type: null, subject: null };
  const { type, subject } = parseEnvelope(stored.body);
  return { type, subject };
}

function forgotten(
  { read }: RewindRequest['ledger'],
  mission: string,
  { events, pruned }: Pick<Rewound, 'events' | 'pruned'>,
): SkeinError {
  const [note] = prunedNotes(read, mission);
  const when = note === undefined ? '' : ` on ${note.time} (record.pruned ${note.event})`;
  return new SkeinError(
    'blob-missing',
    `Cannot go back in mission ${mission}: ${pruned} of its ${events} events until then were pruned${when}`,
    { fix: `What became of it is still here: skein show ${mission}` },
  );
}
