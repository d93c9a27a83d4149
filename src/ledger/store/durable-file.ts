/**
 * Small files that survive a power cut: the bytes are synced before a name points to them, and the
 * folder is synced before anyone relies on the name. A new folder is as durable as its parent.
 */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';

/** Makes the names in a folder durable: until then a new, renamed or removed file may come back. */
export function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Makes a folder and what is missing above it; returns when all of it is durable. */
export function makeFolder(path: string, mode = 0o700): void {
  const first = mkdirSync(path, { recursive: true, mode });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) {
    syncFolder(dirname(made));
    if (made === first) return;
  }
}

/** Writes a whole file (mode 0600): after a crash there is the old content or the new one. */
export function writeDurably(path: string, content: string): void {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.new`;
  try {
    writeFileSync(temporary, content, { mode: 0o600, flush: true, flag: 'wx' });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncFolder(dirname(path));
}
