/**
 * What pruning some missions would take: the bodies of their events, and the blobs that nothing else
 * needs. Blobs are shared, so every body that stays is asked for what it names.
 */
import type { DatabaseSync } from 'node:sqlite';
import { parseEnvelope, type EventEnvelope } from '#protocol/event.ts';
import { findBlob } from '#ledger/store/blob-store.ts';
import { blobsInList, eventsWithBlobs, namedBlobs } from './named-blobs.ts';

/** All of what a mission said and needs, or only what programs printed. */
export type PrunedWhat = 'bodies' | 'outputs';

/** What to prune; missions in the order in which they are to go. */
export interface PruneRequest {
  readonly ledger: DatabaseSync;
  readonly blobs: DatabaseSync;
  readonly missions: readonly string[];
  readonly what: PrunedWhat;
}

/** What goes of one mission. Sizes in bytes, of blobs as they lie on the disk. */
export interface PrunedMission {
  readonly mission: string;
  readonly events: number;
  readonly eventBytes: number;
  readonly blobs: readonly string[];
  readonly blobBytes: number;
}

/** Missions with something to prune. Nothing is changed. */
export function planPrune(request: PruneRequest): PrunedMission[] {
  const wanted = new Map<string, string>();
  const sizes = request.missions.map((mission) => gather(request, mission, wanted));
  if (wanted.size > 0) keepNamed(request, wanted);
  const found = Map.groupBy(existing(request.blobs, wanted), ({ mission }) => mission);
  return sizes.flatMap((size) => {
    const blobs = found.get(size.mission) ?? [];
    if (size.events === 0 && blobs.length === 0) return [];
    const blobBytes = blobs.reduce((sum, { bytes }) => sum + bytes, 0);
    return [{ ...size, blobs: blobs.map(({ hash }) => hash), blobBytes }];
  });
}

type Sizes = Pick<PrunedMission, 'mission' | 'events' | 'eventBytes'>;

/** Adds what the mission names to `wanted`: a shared blob goes with the last one that names it. */
function gather(request: PruneRequest, mission: string, wanted: Map<string, string>): Sizes {
  const { ledger, what } = request;
  let events = 0;
  let eventBytes = 0;
  for (const { event, body, bytes } of eventsToPrune(ledger, mission)) {
    if (what === 'bodies') {
      events += 1;
      eventBytes += bytes;
    }
    for (const hash of goingWith(request, event, body)) wanted.set(hash, mission);
  }
  return { mission, events, eventBytes };
}

/** The events of a mission that still have a body and may lose it. */
export function* eventsToPrune(
  ledger: DatabaseSync,
  mission: string,
): Generator<{
  readonly position: number;
  readonly commit: number;
  readonly event: EventEnvelope;
  readonly body: Buffer;
  readonly bytes: number;
}> {
  const rows = ledger
    .prepare(
      `SELECT position, commit_position, body, length(body) + length(salt) + length(type) AS bytes
       FROM events WHERE mission = ? AND body IS NOT NULL ORDER BY position`,
    )
    .iterate(mission);
  for (const row of rows) {
    const body = Buffer.from(row['body'] as Uint8Array);
    const event = parseEnvelope(body);
    if (isForEver(event.type)) continue;
    const [position, commit] = [Number(row['position']), Number(row['commit_position'])];
    yield { position, commit, event, body, bytes: Number(row['bytes']) };
  }
}

/** What tells who may write here, and what explains that something is gone. */
const isForEver = (type: string): boolean =>
  type.startsWith('space.') || type.startsWith('record.');

function goingWith({ blobs, what }: PruneRequest, event: EventEnvelope, body: Buffer): string[] {
  const { outputs, lists, others } = namedBlobs(body, event);
  if (what === 'outputs') return [...outputs];
  return [...outputs, ...others, ...lists, ...lists.flatMap((hash) => listed(blobs, hash))];
}

const listed = (blobs: DatabaseSync, hash: string): string[] => {
  const content = findBlob(blobs, hash);
  return content === undefined ? [] : blobsInList(content);
};

/** Takes out of `wanted` (hash -> mission) what any body that stays names, itself or by a list. */
export function keepNamed(
  { ledger, blobs, missions, what }: PruneRequest,
  wanted: Map<string, string>,
): void {
  const going = new Set(missions);
  const lists = new Set<string>();
  for (const { mission, body, event } of eventsWithBlobs(ledger)) {
    const goes = going.has(mission) && !isForEver(event.type);
    if (goes && what === 'bodies') continue;
    const named = namedBlobs(body, event);
    for (const hash of named.others) wanted.delete(hash);
    if (!goes) for (const hash of named.outputs) wanted.delete(hash);
    for (const hash of named.lists) lists.add(hash);
  }
  for (const hash of lists) {
    if (wanted.size === 0) return;
    for (const kept of [hash, ...listed(blobs, hash)]) wanted.delete(kept);
  }
}

function* existing(
  blobs: DatabaseSync,
  wanted: ReadonlyMap<string, string>,
): Generator<{ readonly hash: string; readonly mission: string; readonly bytes: number }> {
  const size = blobs.prepare('SELECT length(content) AS bytes FROM blobs WHERE hash = ?');
  for (const [hash, mission] of wanted) {
    const row = size.get(hash);
    if (row !== undefined) yield { hash, mission, bytes: Number(row['bytes']) };
  }
}
