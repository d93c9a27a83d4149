/** The files of a space, moved as a whole, and the note that tells its writer to start a chain. */
import { existsSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Damage } from '#ledger/ledger.ts';
import { makeFolder, syncFolder, writeDurably } from '#ledger/store/durable-file.ts';
import { SkeinError } from '#protocol/errors.ts';
import { assertKnownFormat } from '#protocol/known-format.ts';

/** All files that hold a space's record. */
export const RECORD_FILES = [
  'ledger.db',
  'ledger.db-wal',
  'ledger.db-shm',
  'blobs.db',
  'blobs.db-wal',
  'blobs.db-shm',
  'head',
] as const;

/** Why the next writer must begin a new chain, and the ids of what is known to be lost. */
export interface ChainRestart {
  readonly format: number;
  readonly reason: string;
  readonly lost: readonly string[];
}

const RESTART_FILE = 'restart.json';
const RESTART_FORMAT = 1;
const DAMAGE_FILE = 'damaged.json';
const UNSYNCED_FILE = 'unsynced.json';

/** Moves a space's record files into a new folder beside them; answers that folder. */
export function setAside(folder: string, name: string): string {
  const aside = firstFree(join(folder, name));
  makeFolder(aside);
  for (const file of RECORD_FILES) {
    if (existsSync(join(folder, file))) renameSync(join(folder, file), join(aside, file));
  }
  for (const each of [aside, folder]) syncFolder(each);
  return aside;
}

function firstFree(path: string): string {
  for (let number = 1; ; number += 1) {
    const candidate = `${path}-${number}`;
    if (!existsSync(candidate)) return candidate;
  }
}

/** Leaves the note for the next writer. */
export function requestRestart(folder: string, reason: string, lost: readonly string[]): void {
  const note: ChainRestart = { format: RESTART_FORMAT, reason, lost };
  writeDurably(join(folder, RESTART_FILE), JSON.stringify(note));
}

/** The note, when there is one. */
export function readRestart(folder: string): ChainRestart | undefined {
  const path = join(folder, RESTART_FILE);
  if (!existsSync(path)) return undefined;
  const note = JSON.parse(readFileSync(path, 'utf8')) as ChainRestart;
  assertKnownFormat(note.format, RESTART_FORMAT, path);
  return note;
}

/** Removes the note: the new chain has begun. */
export const forgetRestart = (folder: string): void =>
  rmSync(join(folder, RESTART_FILE), { force: true });

/** Remembers, also over a restart, that a record is damaged: nothing may be built on it. */
export function markDamaged(folder: string, damage: readonly Damage[]): void {
  writeDurably(join(folder, DAMAGE_FILE), JSON.stringify({ format: 1, damage }));
}

/** The record was found whole, or was repaired or replaced. */
export const forgetDamage = (folder: string): void =>
  rmSync(join(folder, DAMAGE_FILE), { force: true });

/** Remembers that the disk failed to sync while the owner of `epoch` wrote; tells if it can't. */
export function markUnsynced(folder: string, epoch: number): void {
  try {
    writeDurably(join(folder, UNSYNCED_FILE), JSON.stringify({ format: 1, epoch }));
  } catch (error) {
    process.stderr.write(`Cannot note that the disk failed: ${(error as Error).message}\n`);
  }
}

/**
 * The record was found whole by the owner of `epoch`. The owner whose sync failed can't say so: it
 * would read its own cache.
 */
export function forgetUnsynced(folder: string, epoch: number): void {
  const path = join(folder, UNSYNCED_FILE);
  if (!existsSync(path)) return;
  const marked = JSON.parse(readFileSync(path, 'utf8')) as { readonly epoch: number };
  if (marked.epoch < epoch) rmSync(path, { force: true });
}

/** Whether nothing is known against a record: neither damage nor a failed sync. */
export const isWhole = (folder: string): boolean =>
  ![DAMAGE_FILE, UNSYNCED_FILE].some((file) => existsSync(join(folder, file)));

/** Throws for a record that is known to be damaged, or that a disk failed to sync. */
export function assertWhole(folder: string): void {
  if (existsSync(join(folder, DAMAGE_FILE))) {
    throw new SkeinError(
      'record-damaged',
      'Cannot write to the record: it is damaged and read-only',
      {
        fix: 'See the findings with "skein verify"; then "skein repair", or "skein restore" of a backup.',
      },
    );
  }
  if (!existsSync(join(folder, UNSYNCED_FILE))) return;
  throw new SkeinError(
    'storage-unsafe',
    'Cannot write to the record: the disk failed to sync it, and it was not verified since',
    { fix: 'Check the disk. Then "skein down" and "skein verify": when it finds nothing, go on.' },
  );
}

/** The sizes of a record's files on disk, in bytes, without what was set aside. */
export interface RecordSizes {
  readonly ledger: number;
  readonly blobs: number;
}

/** Ledger and blobs, each with the log of its database. */
export function recordSizes(folder: string): RecordSizes {
  const sizeOf = (name: string): number =>
    RECORD_FILES.filter((file) => file.startsWith(name))
      .map((file) => statSync(join(folder, file), { throwIfNoEntry: false })?.size ?? 0)
      .reduce((sum, size) => sum + size, 0);
  return { ledger: sizeOf('ledger.db'), blobs: sizeOf('blobs.db') };
}

/** The size of a record on disk, in bytes. */
export function recordBytes(folder: string): number {
  const { ledger, blobs } = recordSizes(folder);
  return ledger + blobs;
}
