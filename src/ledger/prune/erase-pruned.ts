/**
 * Takes away what `record.pruned` has announced. The announcement is durable before; whatever instant
 * the process dies at, the next writer finds the note about it and finishes.
 */
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import { decodeHeader, signedBytes } from '#protocol/commit.ts';
import { decodeEvent } from '#protocol/event-types.ts';
import { findBlob } from '#ledger/store/blob-store.ts';
import { commitId, eventHash } from '#ledger/store/commit-writer.ts';
import { IdStore } from '#ledger/store/id-store.ts';
import { epochGuard, readMeta, writeMeta } from '#ledger/store/ledger-state.ts';
import { keepNamed, type PrunedWhat } from './prune-plan.ts';
import { readList, type PrunedList } from './pruned-list.ts';
import { rowFinder } from './range-rows.ts';

/** The key in `meta` under which the commands stand whose announcements are to be carried out. */
const PRUNING_KEY = 'pruning';

/** Leaves a note of these commands, until what they announce is gone. */
export const notePruning = (ledger: DatabaseSync, commands: readonly string[]): void =>
  writeMeta(ledger, PRUNING_KEY, commands.join(' '));

/** Instants between the durable steps, at which a fault test may end the process. */
export type PrunePoint = 'prepared' | 'announced' | 'blobs-gone' | 'bodies-gone';

/** The files of a space, open for writing by the owner of `epoch`. */
export interface EraseRequest {
  readonly ledger: DatabaseSync;
  readonly blobs: DatabaseSync;
  readonly epoch: number;
  readonly pause?: (point: PrunePoint) => void;
}

/** What goes of a mission, exactly. */
export interface Erased extends PrunedList {
  readonly mission: string;
}

/**
 * Blobs first, in a transaction of their own file; then bodies, salts and types in one, with the note
 * that this was left to do. Ids, hashes and signatures stay for ever. Doing it again changes nothing.
 */
export function erasePruned(request: EraseRequest, prunings: readonly Erased[]): void {
  const { ledger, blobs, epoch, pause } = request;
  const assertEpoch = epochGuard(ledger, epoch);
  inTransaction(ledger, () => {
    assertEpoch();
    inTransaction(blobs, () => {
      const remove = blobs.prepare('DELETE FROM blobs WHERE hash = ?');
      for (const pruning of prunings) for (const hash of pruning.blobs) remove.run(hash);
    });
    pause?.('blobs-gone');
    const erase = bodyEraser(ledger);
    for (const pruning of prunings) erase(pruning);
    ledger.prepare('DELETE FROM meta WHERE key = ?').run(PRUNING_KEY);
  });
  pause?.('bodies-gone');
}

/** Gives what was freed back to the disk. */
export function shrinkFiles({ ledger, blobs }: Pick<EraseRequest, 'ledger' | 'blobs'>): void {
  for (const database of [ledger, blobs]) {
    database.exec('PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE)');
  }
}

function inTransaction(database: DatabaseSync, work: () => void): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    work();
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/** So many rows are taken out before they are put back. */
const ROWS_AT_ONCE = 10_000;

/**
 * Takes rows out and puts them back without what they said: SQLite joins pages that a deletion has
 * left empty, but not those in which rows have only become smaller. A range means this mission's
 * events only, and never what must stay for ever.
 */
function bodyEraser(ledger: DatabaseSync): (pruning: Erased) => void {
  const rows = `WHERE position BETWEEN ? AND ? AND mission = ?
    AND type NOT LIKE 'record.%' AND type NOT LIKE 'space.%'`;
  const find = ledger.prepare(`SELECT position, commit_position FROM events ${rows}`);
  const remove = ledger.prepare(`DELETE FROM events ${rows}`);
  const putBack = ledger.prepare(
    'INSERT INTO events (position, commit_position, mission) VALUES (?, ?, ?)',
  );
  const rowsOf = rowFinder(ledger);
  return ({ mission, ranges }) => {
    let removed: Record<string, SQLOutputValue>[] = [];
    const putAllBack = (): void => {
      for (const { position, commit_position: commit } of removed) {
        putBack.run(position as number, commit as number, mission);
      }
      removed = [];
    };
    for (const range of ranges) {
      for (const [first, last] of rowsOf(range)) {
        for (const row of find.iterate(first, last, mission)) removed.push(row);
        remove.run(first, last, mission);
        if (removed.length >= ROWS_AT_ONCE) putAllBack();
      }
    }
    putAllBack();
  };
}

/** What proves an announcement that an earlier writer left. */
export interface FinishRequest extends EraseRequest {
  /** The key by which this node signs. */
  readonly author: string;
  readonly verifySignature: (key: string, bytes: Uint8Array, signature: Uint8Array) => boolean;
}

/**
 * Carries out what was announced and not done when the process died. Only what this node has signed
 * itself is carried out; what can't be proven stays, and a later prune finds it.
 */
export function finishPruning(request: FinishRequest): void {
  const { ledger } = request;
  const commands = readMeta(ledger, PRUNING_KEY);
  if (commands === undefined) return;
  const announced = commands.split(' ').flatMap((command) => readAnnounced(request, command));
  erasePruned(request, withoutNamed(request, announced));
  shrinkFiles(request);
}

/** When there was no room to finish at once, others may have named a blob again meanwhile. */
function withoutNamed(files: FinishRequest, announced: readonly Announcement[]): Announcement[] {
  const going = new Map(
    announced.flatMap(({ mission, blobs }) => blobs.map((hash) => [hash, mission] as const)),
  );
  const missions = announced.map(({ mission }) => mission);
  // What is announced together is of one kind.
  const [{ what } = { what: 'bodies' } as const] = announced;
  keepNamed({ ...files, missions, what }, going);
  return announced.map((one) => ({ ...one, blobs: one.blobs.filter((hash) => going.has(hash)) }));
}

interface Announcement extends Erased {
  readonly what: PrunedWhat;
}

type AnnouncedRow = Readonly<Record<'salt' | 'body' | 'header' | 'signature', Uint8Array>> & {
  readonly hash: string;
};

/** What the command announced; nothing when it never came to that. */
function readAnnounced(request: FinishRequest, command: string): Announcement[] {
  const { ledger, blobs } = request;
  const row = ledger
    .prepare(
      `SELECT e.salt, e.body, c.header, c.signature, c.hash
       FROM events e JOIN commits c ON c.position = e.commit_position WHERE e.position = ?`,
    )
    .get(new IdStore(ledger, 'read').find(command)?.position ?? 0) as AnnouncedRow | undefined;
  if (row === undefined || !isProven(request, row)) return [];
  const { known, event } = decodeEvent(row.body);
  if (!known || event.type !== 'record.pruned') return [];
  const { mission = '', data } = event;
  const list = readList(data, (hash) => findBlob(blobs, hash));
  return list === undefined ? [] : [{ mission, what: data.what, ...list }];
}

/** A row that was tampered with may be anything: what can't be read proves nothing. */
function isProven({ author, verifySignature }: FinishRequest, row: AnnouncedRow): boolean {
  const { salt, body, header, signature, hash } = row;
  try {
    const { author: signer, events } = decodeHeader(header);
    if (signer !== author || commitId(header, signature) !== hash) return false;
    const digest = eventHash(salt, body);
    if (!events.some((event) => event.hash === digest)) return false;
    return verifySignature(signer, signedBytes(header), signature);
  } catch {
    return false;
  }
}
