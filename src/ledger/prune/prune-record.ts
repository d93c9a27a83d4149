/**
 * Prunes: keeps the state of each mission, announces on the record exactly what goes, and only then
 * takes it away. The caller is the only one who has the files open for writing.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { Speaker } from '#protocol/command.ts';
import { decodeHeader } from '#protocol/commit.ts';
import type { Entity } from '#protocol/entity.ts';
import { entityOf } from '#protocol/event-types.ts';
import type { BlobReference } from '#ledger/ledger.ts';
import type { LedgerCore } from '#ledger/ledger-core.ts';
import type { ReducerSet } from '#ledger/state/reducer.ts';
import { putBlobs } from '#ledger/store/blob-store.ts';
import { entityFromRow } from '#ledger/store/entity-store.ts';
import type { HeadFile } from '#ledger/store/head-file.ts';
import { damaged } from '#ledger/store/ledger-state.ts';
import {
  erasePruned,
  notePruning,
  shrinkFiles,
  type Erased,
  type EraseRequest,
} from './erase-pruned.ts';
import { RangeBuilder, type EventPlace, type EventRange } from './event-ranges.ts';
import { packState } from './kept-state.ts';
import type { Pruning } from './prune-decider.ts';
import { eventsToPrune, type PrunedMission, type PrunedWhat } from './prune-plan.ts';
import { packList, type PrunedList } from './pruned-list.ts';

/** What pruning works with; `core` writes to the same `ledger`. */
export interface PruneParts extends EraseRequest {
  readonly core: LedgerCore;
  readonly head: HeadFile;
  readonly reducers: ReducerSet;
  readonly newId: () => string;
}

/** What to prune, as `planPrune` found it, why, and who says so. */
export interface PruneWork {
  readonly missions: readonly PrunedMission[];
  readonly what: PrunedWhat;
  readonly reason: string;
  readonly speaker: Speaker;
}

/** So many missions, or events of them, share a commit: that bounds a transaction. */
const BATCH_MISSIONS = 100;
const BATCH_EVENTS = 50_000;

/** Prunes all of it, batch by batch, and gives the space back to the disk. */
export function pruneRecord(parts: PruneParts, order: PruneWork): void {
  let batch: PrunedMission[] = [];
  let events = 0;
  for (const mission of order.missions) {
    batch.push(mission);
    events += mission.events;
    if (batch.length < BATCH_MISSIONS && events < BATCH_EVENTS) continue;
    pruneBatch(parts, { ...order, missions: batch });
    [batch, events] = [[], 0];
  }
  if (batch.length > 0) pruneBatch(parts, { ...order, missions: batch });
  shrinkFiles(parts);
}

function pruneBatch(parts: PruneParts, order: PruneWork): void {
  const prepared = order.missions.map((mission) => prepare(parts, order, mission));
  parts.pause?.('prepared');
  announce(
    parts,
    order.speaker,
    prepared.map(({ pruning }) => pruning),
  );
  parts.pause?.('announced');
  erasePruned(
    parts,
    prepared.map(({ erased }) => erased),
  );
}

/** Stores what the announcement will name: blobs that no event names are harmless. */
function prepare(
  { ledger, blobs, reducers }: PruneParts,
  { what, reason }: PruneWork,
  { mission, events, eventBytes, blobs: hashes, blobBytes }: PrunedMission,
): { readonly pruning: Pruning; readonly erased: Erased } {
  const { ranges, entities } =
    what === 'bodies' ? readMission(ledger, mission) : { ranges: [], entities: [] };
  const list: PrunedList = { ranges, blobs: hashes };
  const packed = packList(list);
  const named = Buffer.isBuffer(packed) ? { list: putOne(blobs, packed) } : packed;
  const state = putBlobs(blobs, packState(reducers, entities));
  const bytes = eventBytes + blobBytes;
  const data = { what, reason, events, bytes, ...named, ...(state.length > 0 ? { state } : {}) };
  return { pruning: { mission, data }, erased: { mission, ...list } };
}

const putOne = (blobs: DatabaseSync, content: Buffer): BlobReference =>
  putBlobs(blobs, [content])[0] as BlobReference;

interface MissionParts {
  readonly ranges: readonly EventRange[];
  readonly entities: readonly Entity[];
}

/** Where the events of the mission stand, and all entities they have changed. */
function readMission(ledger: DatabaseSync, mission: string): MissionParts {
  const placeOf = placeFinder(ledger);
  const ranges = new RangeBuilder();
  const names = new Map<string, readonly [kind: string, id: string]>();
  for (const { commit, event } of eventsToPrune(ledger, mission)) {
    ranges.add(placeOf(commit, event.id));
    const entity = entityOf(event);
    if (entity !== null) names.set(`${entity.kind}/${entity.id}`, [entity.kind, entity.id]);
  }
  const find = ledger.prepare('SELECT * FROM entities WHERE kind = ? AND id = ?');
  const entities = Array.from(names.values(), ([kind, id]) => find.get(kind, id))
    .filter((row) => row !== undefined)
    .map(entityFromRow);
  return { ranges: ranges.take(), entities };
}

/** Events come in the order of their commits, so each header is read once. */
function placeFinder(ledger: DatabaseSync): (commit: number, id: string) => EventPlace {
  const headers = ledger.prepare('SELECT header FROM commits WHERE position = ?');
  let position = 0;
  let places = new Map<string, EventPlace>();
  return (commit, id) => {
    if (commit !== position) {
      const { chain, seq, events } = decodeHeader(headers.get(commit)?.['header'] as Uint8Array);
      const size = events.length;
      position = commit;
      places = new Map(events.map((event, index) => [event.id, { chain, seq, index, size }]));
    }
    const place = places.get(id);
    if (place === undefined) throw damaged(`event ${id} is filed under another commit`);
    return place;
  };
}

/**
 * A command for each mission, all of them in one commit. The note comes first: who opens the record
 * after a crash looks whether the commands are there.
 */
function announce(
  { core, head, ledger, newId }: PruneParts,
  speaker: Speaker,
  prunings: readonly Pruning[],
): void {
  const pending = prunings.map((input) => {
    const command = { id: newId(), name: 'record.prune', input };
    return { command, speaker };
  });
  notePruning(
    ledger,
    pending.map(({ command }) => command.id),
  );
  for (const outcome of core.flush(pending)) if (outcome.type === 'refused') throw outcome.error;
  // The anchor before anything goes: it is what the record is compared with.
  if (core.head !== null) head.write(core.head);
  head.sync();
}
