/** What a folder holds at a moment, by content, to tell later what a run changed in it. */
import { realpath } from 'node:fs/promises';
import { inParallel } from '#lib/in-parallel.ts';
import { sha256 } from '#lib/sha256.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { InputFile } from '#sandbox/sandbox.ts';
import { hashAll, withFile } from './safe-read.ts';
import { MAX_ENTRIES, walkFolder } from './walk-folder.ts';

/** The content of a file: SHA-256 in hexadecimal digits, size in bytes. */
export interface FileState {
  readonly sha256: string;
  readonly size: number;
}

/** By path. `others`: what is no file to take, and what it is. */
export interface FolderState {
  readonly files: ReadonlyMap<string, FileState>;
  readonly others: ReadonlyMap<string, string>;
}

const WIDTH = 8;

/** The state of a folder on the disk. Throws `limit-reached` for one with more than 200,000 entries. */
export async function readFolder(root: string): Promise<FolderState> {
  const real = await realpath(root);
  const { entries, isWhole } = await walkFolder(real);
  if (!isWhole) {
    const message = `Cannot read ${root}: it holds more than ${MAX_ENTRIES} files`;
    throw new SkeinError('limit-reached', message, { fix: 'Give the run a smaller folder.' });
  }
  const files = new Map<string, FileState>();
  const others = new Map<string, string>();
  await inParallel(entries, WIDTH, async (entry) => {
    if (entry.type === 'other') {
      others.set(entry.path, entry.what);
      return;
    }
    const opened = await withFile(real, entry.path, hashAll);
    if (opened.type === 'read') {
      files.set(entry.path, { sha256: opened.value, size: opened.stats.size });
    }
    if (opened.type === 'refused') others.set(entry.path, opened.reason);
  });
  return { files, others };
}

/** The state of a folder that holds just these files, as a sandbox in memory begins. */
export const stateOf = (files: readonly InputFile[]): FolderState => ({
  files: new Map(
    files.map(({ path, content }) => [path, { sha256: sha256(content), size: content.length }]),
  ),
  others: new Map(),
});
