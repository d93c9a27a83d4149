/** Folders of which a jail may see nothing, whatever a search path says. */
import fs from 'node:fs';

/** Judges what is to be mounted. */
export interface ClosedFolders {
  /** Why a folder or file can't be shown; null when it can. Takes real paths. */
  readonly reasonFor: (real: string) => string | null;
}

/** The home folder may be shown in parts, but never as a whole; of what is forbidden, nothing. */
export function closedFolders(home: string, forbidden: readonly string[]): ClosedFolders {
  const realHome = realOf(home);
  const closed = forbidden.map(realOf);
  return {
    reasonFor: (real) => {
      if (isIn(realHome, real)) return 'it is or holds the home folder';
      const near = closed.find((folder) => isIn(folder, real) || isIn(real, folder));
      return near === undefined ? null : `it is, holds or lies in ${near}`;
    },
  };
}

const isIn = (file: string, folder: string): boolean =>
  file === folder || file.startsWith(folder.endsWith('/') ? folder : `${folder}/`);

function realOf(folder: string): string {
  try {
    return fs.realpathSync(folder);
  } catch {
    return folder;
  }
}
