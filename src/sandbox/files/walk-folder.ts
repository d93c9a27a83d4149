/**
 * Lists what lies below a folder without following any link. Folders of git are named and not entered.
 * A folder that nobody trusts may be deep, wide or unreadable: that is bounded and told, never an error.
 */
import { isUtf8 } from 'node:buffer';
import type { Dirent } from 'node:fs';
import { opendir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { isGitFolder, MAX_PATH_BYTES } from './file-path.ts';

/** Something that is no folder to enter. `other`: what it is, with a link's target, never opened. */
export type FolderEntry =
  | { readonly type: 'file'; readonly path: string }
  | { readonly type: 'other'; readonly path: string; readonly what: string };

/** What a walk found; `isWhole` is false when it stopped at its limit. */
export interface FolderListing {
  readonly entries: readonly FolderEntry[];
  readonly isWhole: boolean;
}

/** How many entries (folders too) a walk looks at: twice the files that anybody may give or take. */
export const MAX_ENTRIES = 200_000;

/** Options of a walk: folders to leave out, and another limit. */
export interface WalkOptions {
  readonly skip?: (folder: string) => boolean;
  readonly maxEntries?: number;
}

/** What is below `root`, which is a real path; in no order. */
export async function walkFolder(root: string, options: WalkOptions = {}): Promise<FolderListing> {
  const { skip = () => false, maxEntries = MAX_ENTRIES } = options;
  const entries: FolderEntry[] = [];
  const waiting = [''];
  let seen = 0;
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    const problem = await eachChild(join(root, folder), async (child) => {
      seen += 1;
      if (seen > maxEntries) return false;
      const entry = await readEntry(root, folder ?? '', child);
      if (entry.type !== 'folder') entries.push(entry);
      else if (!skip(entry.path)) waiting.push(entry.path);
      return true;
    });
    if (seen > maxEntries) return { entries, isWhole: false };
    if (problem !== null) entries.push({ type: 'other', path: folder, what: problem });
  }
  return { entries, isWhole: true };
}

/** Hands each entry of a folder on until one answers false; why it can't be listed, or null. */
async function eachChild(
  folder: string,
  take: (child: Dirent<Buffer>) => Promise<boolean>,
): Promise<string | null> {
  try {
    // the types of Node don't know that names are bytes then
    const names = await opendir(folder, { encoding: 'buffer' as BufferEncoding });
    for await (const child of names as unknown as AsyncIterable<Dirent<Buffer>>) {
      if (!(await take(child))) break;
    }
    return null;
  } catch (error) {
    return `a folder that can't be listed (${(error as NodeJS.ErrnoException).code})`;
  }
}

type Found = FolderEntry | { readonly type: 'folder'; readonly path: string };

async function readEntry(root: string, folder: string, child: Dirent<Buffer>): Promise<Found> {
  const name = child.name.toString('utf8');
  const path = folder === '' ? name : `${folder}/${name}`;
  const other = (what: string): FolderEntry => ({ type: 'other', path, what });
  if (!isUtf8(child.name)) return other('a name that is not valid UTF-8');
  if (isGitFolder(name)) return other('a .git folder');
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) return other('a path that is too long');
  if (child.isDirectory()) return { type: 'folder', path };
  if (child.isFile()) return { type: 'file', path };
  if (child.isSymbolicLink()) return other(`a link to ${await linkTarget(join(root, path))}`);
  if (child.isFIFO()) return other('a named pipe');
  return other(child.isSocket() ? 'a socket' : 'a device');
}

async function linkTarget(path: string): Promise<string> {
  try {
    return await readlink(path);
  } catch {
    return 'somewhere';
  }
}
