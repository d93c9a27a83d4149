/**
 * Finds the folders of installed dependencies in the user's working tree: every `node_modules` that
 * git doesn't hold. git itself lists what it does not hold, whole folders at a time, so nothing is
 * walked that doesn't have to be. Folders above the repository count too: programs look there.
 */
import { lstatSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runGit } from './git/run-git.ts';
import { splitAtZero } from './git/tracked-files.ts';

const NAME = 'node_modules';

/** A folder to re-make: its path relative to the top, and where its entries really are. */
export interface DependencyFolder {
  readonly path: string;
  readonly source: string;
}

/**
 * Every untracked `node_modules` below `top` that is not inside another one, by path; then those of
 * the folders above `top`, nearest first, which stand for the one at the top where it has nothing.
 */
export async function findDependencyFolders(top: string): Promise<readonly DependencyFolder[]> {
  const args = ['ls-files', '-z', '--others', '--directory'];
  const { stdout } = await runGit({ cwd: top, args });
  const paths = new Set<string>();
  for (const entry of splitAtZero(stdout)) {
    const names = entry.toString('utf8').split('/');
    const end = names.indexOf(NAME);
    if (end !== -1) paths.add(names.slice(0, end + 1).join('/'));
  }
  const inside = [...paths].toSorted().map((path) => ({ path, at: join(top, path) }));
  const above = foldersAbove(top).map((folder) => ({ path: NAME, at: join(folder, NAME) }));
  return [...inside, ...above].flatMap(({ path, at }) => {
    const source = realFolder(at);
    return source === null ? [] : [{ path, source }];
  });
}

function foldersAbove(folder: string): readonly string[] {
  const above: string[] = [];
  for (let next = dirname(folder); next !== above.at(-1); next = dirname(next)) above.push(next);
  return above;
}

/** The real path of a folder, also when it is reached by a symlink; null when it is none. */
function realFolder(path: string): string | null {
  try {
    const real = realpathSync(path);
    return lstatSync(real).isDirectory() ? real : null;
  } catch {
    return null;
  }
}
