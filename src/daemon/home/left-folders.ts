/** Folders of programs that a killed node left: each was for one run, which is dead. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { deleteFolder } from '#lib/delete-folder.ts';

/**
 * Removes all that is in `folders` now; what comes later stays. Call it when the home is owned and before
 * a program is started. Missing folders are fine.
 */
export async function removeLeftFolders(folders: readonly string[]): Promise<void> {
  const left = folders.flatMap((folder) => namesIn(folder).map((name) => join(folder, name)));
  for (const path of left) await deleteFolder(path);
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
