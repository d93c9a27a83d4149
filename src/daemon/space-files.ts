/** The files of a space, moved as a whole, and the note that tells its writer to start a chain. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Damage } from '#ledger/ledger.ts';
import { SkeinError } from '#protocol/errors.ts';

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
const DAMAGE_FILE = 'damaged.json';

/** Moves a space's record files into a new folder beside them; answers that folder. */
export function setAside(folder: string, name: string): string {
  const aside = firstFree(join(folder, name));
  mkdirSync(aside, { mode: 0o700 });
  for (const file of RECORD_FILES) {
    if (existsSync(join(folder, file))) renameSync(join(folder, file), join(aside, file));
  }
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
  const note: ChainRestart = { format: 1, reason, lost };
  writeFileSync(join(folder, RESTART_FILE), JSON.stringify(note), { mode: 0o600, flush: true });
}

/** The note, when there is one. */
export function readRestart(folder: string): ChainRestart | undefined {
  const path = join(folder, RESTART_FILE);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as ChainRestart) : undefined;
}

/** Removes the note: the new chain has begun. */
export const forgetRestart = (folder: string): void =>
  rmSync(join(folder, RESTART_FILE), { force: true });

/** Remembers, also over a restart, that a record is damaged: nothing may be built on it. */
export function markDamaged(folder: string, damage: readonly Damage[]): void {
  writeFileSync(join(folder, DAMAGE_FILE), JSON.stringify({ format: 1, damage }), { mode: 0o600 });
}

/** The record was found whole, or was repaired or replaced. */
export const forgetDamage = (folder: string): void =>
  rmSync(join(folder, DAMAGE_FILE), { force: true });

/** Throws `record-damaged` for a record that is known to be damaged. */
export function assertWhole(folder: string): void {
  if (!existsSync(join(folder, DAMAGE_FILE))) return;
  throw new SkeinError(
    'record-damaged',
    'Cannot write to the record: it is damaged and read-only',
    {
      fix: 'See the findings with "skein verify"; then "skein repair", or "skein restore" of a backup.',
    },
  );
}
