/**
 * Salvage: takes out of a damaged space all that can still be proven, and says what is lost. Every
 * chain is followed as far as its commits are signed and linked; a body that is not the one that
 * was signed is left out and named. Nothing is guessed. The damaged files are only read.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { decodeHeader } from '#protocol/commit.ts';
import { decodeEvent } from '#protocol/event-types.ts';
import type { ChainHead } from '#ledger/ledger.ts';
import type { EventRange } from '#ledger/prune/event-ranges.ts';
import type { Pruning } from '#ledger/prune/prune-decider.ts';
import { readList } from '#ledger/prune/pruned-list.ts';
import { rowFinder } from '#ledger/prune/range-rows.ts';
import { findBlob } from '#ledger/store/blob-store.ts';
import { IdStore } from '#ledger/store/id-store.ts';
import { openBlobDatabase, openForReading, openLedgerDatabase } from '#ledger/store/database.ts';
import { writeMeta } from '#ledger/store/ledger-state.ts';
import { salvageBlobs } from './salvage-blobs.ts';
import { CommitSalvage, type ProvenCommit } from './salvage-commits.ts';

/** What to salvage: from a damaged folder into an empty one. */
export interface SalvageRequest {
  readonly from: string;
  readonly to: string;
  readonly space: string;
  readonly epoch: number;
  readonly verifySignature: (key: string, bytes: Uint8Array, signature: Uint8Array) => boolean;
}

/** What came out: ids of events, `chain:seq` of first lost commits, hashes of blobs in `lost`. */
export interface SalvageReport {
  readonly commits: number;
  readonly events: number;
  readonly blobs: number;
  readonly lost: readonly string[];
  readonly lastGood: readonly ChainHead[];
}

/** Fills the folder `to` with the proven part of `from`. */
export function salvageSpace(request: SalvageRequest): SalvageReport {
  const lost: string[] = [];
  const kept = salvageLedger(request, lost);
  const blobs = salvageBlobFile(request, lost);
  return { ...kept, blobs, lost };
}

function salvageLedger(
  { from, to, space, epoch, verifySignature }: SalvageRequest,
  lost: string[],
): Pick<SalvageReport, 'commits' | 'events' | 'lastGood'> {
  const target = openLedgerDatabase(join(to, 'ledger.db'));
  const source = openDamaged(join(from, 'ledger.db'));
  const blobs = openDamaged(join(from, 'blobs.db'));
  try {
    const salvage = new CommitSalvage({ space, verifySignature, lost });
    const writer = new RowWriter(target);
    target.exec('BEGIN IMMEDIATE');
    if (source !== undefined) for (const commit of salvage.read(source)) writer.add(commit);
    for (const { mission, data } of writer.pruned) {
      const list = readList(data, (hash) => blobs && findBlob(blobs, hash));
      markPruned(target, mission, list?.ranges ?? []);
    }
    for (const id of absentEvents(target)) lost.push(id);
    writeMeta(target, 'epoch', String(epoch));
    target.exec('COMMIT');
    return { commits: writer.commits, events: writer.events, lastGood: salvage.lastGood };
  } finally {
    blobs?.close();
    source?.close();
    target.close();
  }
}

/** An event without its body and without a mission is lost; one that was pruned has its mission. */
function markPruned(target: DatabaseSync, mission: string, ranges: readonly EventRange[]): void {
  const mark = target.prepare(
    'UPDATE events SET mission = ? WHERE position BETWEEN ? AND ? AND body IS NULL',
  );
  const rowsOf = rowFinder(target);
  for (const range of ranges) for (const rows of rowsOf(range)) mark.run(mission, ...rows);
}

/** The ids of events that are lost. */
function* absentEvents(target: DatabaseSync): Generator<string> {
  const rows = target.prepare(
    `SELECT e.position, c.header FROM events e JOIN commits c ON c.position = e.commit_position
     WHERE e.body IS NULL AND e.mission IS NULL ORDER BY e.position`,
  );
  const ids = new IdStore(target, 'read');
  for (const row of rows.iterate()) {
    const { events } = decodeHeader(row['header'] as Uint8Array);
    const start = ids.position(events[0]?.id ?? '') ?? 0;
    yield events[Number(row['position']) - start]?.id ?? '';
  }
}

function salvageBlobFile({ from, to }: SalvageRequest, lost: string[]): number {
  const target = openBlobDatabase(join(to, 'blobs.db'));
  const source = openDamaged(join(from, 'blobs.db'));
  try {
    return source === undefined ? 0 : salvageBlobs(source, target, lost);
  } finally {
    source?.close();
    target.close();
  }
}

/** A file that SQLite won't open at all has nothing to give. */
function openDamaged(path: string): DatabaseSync | undefined {
  if (!existsSync(path)) return undefined;
  try {
    return openForReading(path);
  } catch {
    return undefined;
  }
}

/** Writes proven commits with new, gapless positions. */
class RowWriter {
  commits = 0;
  events = 0;
  /** What the record says was pruned. */
  readonly pruned: Pruning[] = [];
  #owner: string | undefined;
  readonly #commit: ReturnType<DatabaseSync['prepare']>;
  readonly #event: ReturnType<DatabaseSync['prepare']>;
  readonly #id: ReturnType<DatabaseSync['prepare']>;

  constructor(database: DatabaseSync) {
    this.#commit = database.prepare(
      'INSERT INTO commits (position, chain, seq, hash, header, signature) VALUES (?, ?, ?, ?, ?, ?)',
    );
    this.#event = database.prepare(
      'INSERT INTO events (position, commit_position, type, mission, salt, body) VALUES (?, ?, ?, ?, ?, ?)',
    );
    this.#id = database.prepare('INSERT INTO ids (id, position, count) VALUES (?, ?, ?)');
  }

  add({ header, bytes, signature, id, bodies, ranges }: ProvenCommit): void {
    this.commits += 1;
    this.#commit.run(this.commits, header.chain, header.seq, id, bytes, signature);
    for (const { id: first, offset, count } of ranges) {
      const key = Buffer.from(first.replaceAll('-', ''), 'hex');
      this.#id.run(key, this.events + 1 + offset, count);
    }
    // Whoever wrote the first commit is the home of the space.
    this.#owner ??= header.author;
    for (const body of bodies) {
      this.events += 1;
      const { type, mission, salt, content } = body;
      this.#event.run(this.events, this.commits, type, mission, salt, content);
      if (type === 'record.pruned' && header.author === this.#owner) this.#keepPruned(content);
    }
  }

  #keepPruned(content: Uint8Array | null): void {
    const decoded = content === null ? undefined : decodeEvent(content);
    if (decoded?.known !== true || decoded.event.type !== 'record.pruned') return;
    const { mission = '', data } = decoded.event;
    this.pruned.push({ mission, data });
  }
}
