/**
 * Verifies a space from its files alone: the chain, every body, the indexes, the folded state,
 * the blobs and the anchors, and names what is damaged by id and kind.
 */
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { findBlob } from '#ledger/store/blob-store.ts';
import { openForReading } from '#ledger/store/database.ts';
import { entityFromRow } from '#ledger/store/entity-store.ts';
import { entityLine, hashLines, lineOf } from '#ledger/state/fold.ts';
import { readHeadFile } from '#ledger/store/head-file.ts';
import type { ChainHead, VerifyReport } from '#ledger/ledger.ts';
import type { ReducerSet } from '#ledger/state/reducer.ts';
import { readMeta } from '#ledger/store/ledger-state.ts';
import { ChainWalk, type WalkRequest } from './verify-chain.ts';
import { checkBlobs } from './verify-blobs.ts';
import { DamageList } from './verify-damage.ts';
import { checkFile } from './verify-file.ts';

/**
 * What to verify. `outside` are heads found elsewhere, such as in trailers of git commits;
 * `owner` is the key whose genesis it must be (undefined = any).
 */
export interface VerifyRequest {
  readonly folder: string;
  readonly space: string;
  readonly owner?: string | undefined;
  /** The key of this node: only what it names itself must be here (undefined = all). */
  readonly self?: string | undefined;
  readonly reducers: ReducerSet;
  readonly outside: readonly ChainHead[];
  readonly nowMs: () => number;
  readonly verifySignature: WalkRequest['verifySignature'];
}

/** Reads everything once, in one read transaction. Never throws for damage: it reports it. */
export function verifySpace(request: VerifyRequest): VerifyReport {
  const startedMs = request.nowMs();
  const damage = new DamageList();
  // Before the snapshot: the anchor is written after a commit, so it can't be ahead of what we read.
  const anchor = readHeadFile(join(request.folder, 'head'));
  const anchors = [...(anchor ? [anchor] : []), ...request.outside];
  const blobReader = openBlobs(request.folder);
  const readBlob = (hash: string): Buffer | undefined => blobReader && findBlob(blobReader, hash);
  const walk = new ChainWalk({ ...request, anchors, readBlob }, damage);
  const lines = new Map<string, string>();
  const walked = guard(damage, 'ledger.db', () => {
    const database = openForReading(join(request.folder, 'ledger.db'));
    try {
      database.exec('BEGIN');
      guard(damage, 'ledger.db', () => checkFile(database, 'ledger', damage));
      walk.run(database);
      for (const [name, entity] of walk.entities) lines.set(name, entityLine(entity));
      compareState(database, lines, request, damage);
      return true;
    } finally {
      database.close();
    }
  });
  blobReader?.close();
  const blobs =
    guard(damage, 'blobs.db', () => checkBlobs(request.folder, walk.blobs, damage)) ?? NO_BLOBS;
  if (anchor === null) damage.add('anchor-missing', 'head', 'the file can not be read');
  if (anchor === undefined) damage.add('anchor-missing', 'head', 'there is no such file');
  if (walked === true) compareAnchors(anchors, walk, damage);
  return {
    space: request.space,
    commits: walk.commits,
    events: walk.events,
    pruned: walk.pruned,
    blobs: blobs.here,
    absent: blobs.absent,
    head: walk.last,
    anchoredSeq: Math.max(0, ...anchors.map(({ seq }) => seq)),
    stateHash: hashLines(request.reducers, [...lines.values()]),
    durationMs: request.nowMs() - startedMs,
    damage: damage.list.filter(({ id }) => !walk.explained.has(id)),
  };
}

const NO_BLOBS = { here: 0, absent: 0 };

/** Undefined when it can't be opened: that is a finding when the blobs themselves are read. */
function openBlobs(folder: string): DatabaseSync | undefined {
  try {
    return openForReading(join(folder, 'blobs.db'));
  } catch {
    return undefined;
  }
}

/** SQLite itself refuses a file whose pages make no sense: that is a finding, not a crash. */
function guard<T>(damage: DamageList, file: string, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    damage.add('file-damaged', file, error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

function compareState(
  database: DatabaseSync,
  lines: ReadonlyMap<string, string>,
  { reducers }: VerifyRequest,
  damage: DamageList,
): void {
  const foldedBy = readMeta(database, 'reducers');
  if (foldedBy !== String(reducers.version)) {
    const detail = `reducers ${foldedBy} folded the state; opening the record folds it anew`;
    damage.add('state-differs', 'reducers', detail);
    return;
  }
  const seen = new Set<string>();
  for (const row of database.prepare('SELECT * FROM entities').iterate()) {
    const name = `${String(row['kind'])}/${String(row['id'])}`;
    const folded = lines.get(name);
    seen.add(name);
    if (folded === undefined) damage.add('state-differs', name, 'no event explains this entity');
    else if (!isRowOf(row, folded)) {
      damage.add('state-differs', name, 'it is not what its events fold to');
    }
  }
  for (const name of lines.keys()) {
    if (!seen.has(name)) damage.add('state-differs', name, 'the entity is missing');
  }
}

/** The text as it was stored is nearly always equal; only if it isn't, its meaning counts. */
function isRowOf(row: Record<string, unknown>, line: string): boolean {
  if (lineOf(row as unknown as Parameters<typeof lineOf>[0]) === line) return true;
  try {
    return entityLine(entityFromRow(row)) === line;
  } catch {
    return false;
  }
}

/** A head found outside the database must be on it: else the tail was cut, or replaced. */
function compareAnchors(anchors: readonly ChainHead[], walk: ChainWalk, damage: DamageList): void {
  for (const { chain, seq, hash } of anchors) {
    const lastSeq = walk.lastSeq(chain);
    // A chain that was ended by a restored backup or a repair: the record itself tells of it.
    if (seq > lastSeq && walk.endedAt(chain) === lastSeq) continue;
    if (seq > lastSeq) {
      const range = `commits ${lastSeq + 1} to ${seq} of the chain are missing`;
      damage.add('tail-cut', `${chain}:${lastSeq + 1}`, range);
    } else if (walk.anchoredHash(chain, seq) !== hash) {
      damage.add('anchor-differs', `${chain}:${seq}`, `the anchor says ${hash}`);
    }
  }
}
