/**
 * Shares a change out among agents: parts by folders, so that several can work at once, whatever
 * the number of agents is: the same change is the same plan on every machine. Pure.
 */
import type { PlannedChange, PlannedPart } from '../recipe.ts';

/** The most parts that edits are shared out into. */
const MOST_PARTS = 8;

/** So many files are not worth sharing. */
const LEAST_FILES = 3;

/** The parts of a change: those that its recipe names, else groups of neighbouring files. */
export function shareOut({ title, edits, parts }: PlannedChange): readonly PlannedPart[] {
  if (parts !== undefined) return parts;
  const changes = new Map(edits.map((edit) => [edit.path, edit.changes]));
  const groups = groupPaths(edits.map(({ path }) => path));
  const places = namePlaces(groups);
  return groups.map((paths, index): PlannedPart => {
    const count = paths.reduce((sum, path) => sum + (changes.get(path) ?? 0), 0);
    return {
      key: `part-${index + 1}`,
      title: groups.length === 1 ? title : `${places[index]}: ${title}`,
      paths,
      after: [],
      expects: `${count} ${count === 1 ? 'place' : 'places'} in ${paths.length} ${paths.length === 1 ? 'file' : 'files'} change as planned, and nothing else`,
    };
  });
}

/** Where each group lies; groups of one folder are numbered. */
function namePlaces(groups: readonly (readonly string[])[]): readonly string[] {
  const folders = groups.map(commonFolder);
  return folders.map((folder, at) => {
    const all = folders.filter((each) => each === folder).length;
    const number = folders.slice(0, at + 1).filter((each) => each === folder).length;
    return all === 1 ? folder : `${folder} (${number} of ${all})`;
  });
}

/** Paths in groups of neighbours, each of about an eighth of all, in the order of their names. */
export function groupPaths(paths: readonly string[]): readonly (readonly string[])[] {
  const size = Math.max(LEAST_FILES, Math.ceil(paths.length / MOST_PARTS));
  const groups: string[][] = [];
  let last: string[] = [];
  for (const folder of byFolder(paths)) {
    // A folder stays together when it fits; a large one is cut.
    if (last.length + folder.length > size) last = [];
    for (const path of folder) {
      if (last.length === 0 || last.length >= size) groups.push((last = []));
      last.push(path);
    }
  }
  return mergeSmall(groups);
}

/** Never more groups than agents could share: the smallest neighbours are put together. */
function mergeSmall(groups: string[][]): string[][] {
  while (groups.length > MOST_PARTS) {
    let best = 0;
    const sizeAt = (at: number): number => groups[at]!.length + groups[at + 1]!.length;
    for (let at = 1; at < groups.length - 1; at += 1) if (sizeAt(at) < sizeAt(best)) best = at;
    groups.splice(best, 2, [...groups[best]!, ...groups[best + 1]!]);
  }
  return groups;
}

/** Sorted paths by what is most often a package: their first two folders. */
function byFolder(paths: readonly string[]): readonly (readonly string[])[] {
  const folders = new Map<string, string[]>();
  for (const path of paths.toSorted()) {
    const key = path.split('/').slice(0, -1).slice(0, 2).join('/');
    folders.set(key, [...(folders.get(key) ?? []), path]);
  }
  return [...folders.values()];
}

/** The longest folder that all paths lie in, `.` for the top. */
export function commonFolder(paths: readonly string[]): string {
  const [first = '', ...others] = paths.map((path) => path.split('/').slice(0, -1).join('/'));
  let common = first;
  while (common !== '' && !others.every((each) => `${each}/`.startsWith(`${common}/`))) {
    common = common.slice(0, Math.max(0, common.lastIndexOf('/')));
  }
  return common === '' ? 'the top folder' : common;
}
