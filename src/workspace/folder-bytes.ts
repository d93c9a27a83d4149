/** The size of a folder on disk, links not followed. */
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Sum of the sizes of all files below `folder`, in bytes; what can't be read counts nothing. */
export function folderBytes(folder: string): number {
  let sum = 0;
  for (const name of listNames(folder)) {
    const path = join(folder, name);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined) continue;
    sum += found.isDirectory() ? folderBytes(path) : found.size;
  }
  return sum;
}

function listNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
