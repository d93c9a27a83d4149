/**
 * Puts the `.git` file of a worktree back as it was, where walls can't keep a program from it: the next git
 * outside would take its settings, and the programs that they name, from wherever it leads.
 */
import { lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deleteFolder } from '#lib/delete-folder.ts';

/** More is no path. */
const MOST_BYTES = 65_536;

/** Remembers it; what is returned puts it back, once nothing of the program is left. */
export function keepGitFile(root: string): () => Promise<void> {
  const path = join(root, '.git');
  const before = readGitFile(path);
  if (before === null) return async () => undefined;
  return async () => {
    if (readGitFile(path) === before) return;
    await deleteFolder(path);
    writeFileSync(path, before, { flag: 'wx' });
  };
}

/** Null when it is no plain file: a pipe would block, a link may be turned later. */
function readGitFile(path: string): string | null {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats?.isFile() === true && stats.size <= MOST_BYTES ? readFileSync(path, 'utf8') : null;
}
