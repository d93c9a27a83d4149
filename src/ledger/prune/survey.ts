/** How large a record is and how fast it grows: by mission, and by the record's own times. */
import type { DatabaseSync } from 'node:sqlite';
import { decodeHeader } from '#protocol/commit.ts';
import { readingMs } from '#lib/hybrid-clock.ts';
import { findBlob } from '#ledger/store/blob-store.ts';
import { IdStore } from '#ledger/store/id-store.ts';
import { lastPosition } from '#ledger/store/ledger-state.ts';
import { blobsInList, eventsWithBlobs, namedBlobs } from './named-blobs.ts';

/** Bytes of events as they were signed, of blobs as they lie on the disk. */
export interface Bytes {
  readonly eventBytes: number;
  readonly blobBytes: number;
}

/** What was added in the last `days`; a younger record has only been growing for `grownDays`. */
export interface Growth extends Bytes {
  readonly days: number;
  readonly grownDays: number;
}

/** A mission with what it added: a blob counts for the first one that names it. */
export interface MissionSize extends Bytes {
  readonly mission: string;
  readonly events: number;
}

/** A record as it lies there. Times are ISO 8601. */
export interface Survey {
  readonly oldest: string | null;
  readonly growth: readonly Growth[];
  readonly largest: readonly MissionSize[];
}

/** What to measure; `nowMs` by the node's clock. */
export interface SurveyRequest {
  readonly ledger: DatabaseSync;
  readonly blobs: DatabaseSync;
  readonly nowMs: number;
  readonly days: readonly number[];
  readonly missions: number;
}

const DAY_MS = 86_400_000;

/** Reads every event once. */
export function surveyRecord(request: SurveyRequest): Survey {
  const { ledger, nowMs } = request;
  const added = readBlobs(request);
  const oldestMs = commitAt(ledger)(1)?.ms;
  const growth = request.days.map((days): Growth => {
    const since = firstEventSince(ledger, nowMs - days * DAY_MS);
    const age = Math.max(1, (nowMs - (oldestMs ?? nowMs)) / DAY_MS);
    const blobBytes = sum(added.filter(({ position }) => position >= since));
    const grown = ledger.prepare(
      'SELECT sum(length(body)) AS bytes FROM events WHERE position >= ?',
    );
    const eventBytes = Number(grown.get(since)?.['bytes'] ?? 0);
    return { days, grownDays: Math.min(days, age), eventBytes, blobBytes };
  });
  const oldest = oldestMs === undefined ? null : new Date(oldestMs).toISOString();
  return { oldest, growth, largest: largestMissions(request, added) };
}

const sum = (sized: readonly { readonly bytes: number }[]): number =>
  sized.reduce((total, { bytes }) => total + bytes, 0);

interface AddedBlob {
  readonly position: number;
  readonly mission: string;
  readonly bytes: number;
}

/** Every blob with the first event that names it, itself or by a list. */
function readBlobs({ ledger, blobs }: SurveyRequest): AddedBlob[] {
  const size = blobs.prepare('SELECT length(content) AS bytes FROM blobs WHERE hash = ?');
  const seen = new Set<string>();
  const added: AddedBlob[] = [];
  const add = (position: number, mission: string, hash: string): boolean => {
    if (seen.has(hash)) return false;
    seen.add(hash);
    const row = size.get(hash);
    if (row !== undefined) added.push({ position, mission, bytes: Number(row['bytes']) });
    return row !== undefined;
  };
  for (const { position, mission, body, event } of eventsWithBlobs(ledger)) {
    const { outputs, lists, others } = namedBlobs(body, event);
    for (const hash of [...outputs, ...others]) add(position, mission, hash);
    for (const hash of lists) {
      const content = add(position, mission, hash) ? findBlob(blobs, hash) : undefined;
      for (const named of content === undefined ? [] : blobsInList(content)) {
        add(position, mission, named);
      }
    }
  }
  return added;
}

interface PlacedCommit {
  readonly ms: number;
  readonly first: string;
}

/** A commit's reading of the hybrid clock and its first event. */
function commitAt(ledger: DatabaseSync): (position: number) => PlacedCommit | undefined {
  const find = ledger.prepare('SELECT header FROM commits WHERE position = ?');
  return (position) => {
    const row = find.get(position);
    if (row === undefined) return undefined;
    const { hlc, events } = decodeHeader(row['header'] as Uint8Array);
    return { ms: readingMs(hlc), first: events[0]?.id ?? '' };
  };
}

/** The local position of the first event since then; the hybrid clock never runs back. */
function firstEventSince(ledger: DatabaseSync, ms: number): number {
  const at = commitAt(ledger);
  let [low, high] = [1, lastPosition(ledger, 'commits') + 1];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((at(middle)?.ms ?? 0) < ms) low = middle + 1;
    else high = middle;
  }
  const first = at(low)?.first;
  const found = first === undefined ? undefined : new IdStore(ledger, 'read').position(first);
  return found ?? lastPosition(ledger, 'events') + 1;
}

function largestMissions(
  { ledger, missions }: SurveyRequest,
  added: readonly AddedBlob[],
): MissionSize[] {
  const ofMission = Map.groupBy(added, ({ mission }) => mission);
  const rows = ledger
    .prepare(
      `SELECT mission, count(*) AS events, sum(length(body)) AS bytes FROM events
       WHERE mission IS NOT NULL GROUP BY mission`,
    )
    .all();
  return rows
    .map((row): MissionSize => {
      const mission = String(row['mission']);
      const blobBytes = sum(ofMission.get(mission) ?? []);
      const eventBytes = Number(row['bytes'] ?? 0);
      return { mission, events: Number(row['events']), eventBytes, blobBytes };
    })
    .sort((a, b) => b.eventBytes + b.blobBytes - a.eventBytes - a.blobBytes)
    .slice(0, missions);
}
