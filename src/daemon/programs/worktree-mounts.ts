/** What a program that works on a worktree sees of the machine, beside the system itself. */
import { lstatSync, readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { findSettingsPath } from '#sandbox/files/settings-paths.ts';
import type { Mount } from '#sandbox/jail/jail.ts';
import { closedFolders } from '#sandbox/jail/toolchain/closed-folders.ts';
import { toolchainMounts } from '#sandbox/jail/toolchain/toolchain-mounts.ts';
import { findDependencyFolders } from '#workspace/dependency-folders.ts';
import type { ProgramStart } from '#workspace/programs/program-host.ts';
import { gitFolders, gitMounts, type GitFolders } from './git-mounts.ts';

/** What is never shown whole: the person's home, Skein's home. */
export interface Closed {
  readonly home: string;
  readonly folders: readonly string[];
}

/** The mounts, and the search path that is left. `scratch` is a folder for what is thrown away. */
export interface Places {
  readonly mounts: readonly Mount[];
  readonly path: string;
}

/** What a jail can do with the files of a worktree. */
export interface JailPower {
  /** A folder for what is thrown away; null where nothing can be shown at another path. */
  readonly scratch: string | null;
  /** A file in a folder that may be written can be kept as it is. */
  readonly keepsFiles: boolean;
}

/**
 * Finds them. The worktree's settings for git, agents and editors are never to be written, and git is
 * shown as `git-mounts.ts` says. Where a jail can't, git is not seen; where it can't keep files, what
 * happens to settings is found out afterwards, as with every other file.
 */
export async function findPlaces(
  start: ProgramStart,
  closed: Closed,
  { scratch, keepsFiles }: JailPower,
): Promise<Places> {
  const { root, access, environment, tools = [] } = start;
  const toolchain = toolchainMounts({
    path: environment['PATH'] ?? '',
    forbidden: closed.folders,
    home: closed.home,
  });
  const git = gitFolders(root);
  const mounts: readonly Mount[] = [
    ...toolchain.mounts,
    ...tools.map((folder) => readOnly(realpathSync(folder))),
    ...(git === null ? [] : (await dependencyMounts(git.common, closed)).map(readOnly)),
    { source: root, target: root, access },
    ...(access === 'write' && keepsFiles ? settingsOf(root).map(readOnly) : []),
    ...(access === 'write' && scratch !== null ? await movedGit(root, git, scratch) : []),
    ...start.scratch.map((each): Mount => ({ source: each, target: each, access: 'write' })),
  ];
  const shown =
    scratch === null ? mounts.filter(({ source, target }) => source === target) : mounts;
  return { mounts: shown, path: toolchain.path };
}

const movedGit = async (
  root: string,
  git: GitFolders | null,
  scratch: string,
): Promise<readonly Mount[]> =>
  git === null || git.own === git.common ? [] : gitMounts(root, git, scratch);

const readOnly = (path: string): Mount => ({ source: path, target: path, access: 'read' });

/** What a worktree has of them at its top: nobody who runs there may change what others then run. */
const settingsOf = (root: string): readonly string[] =>
  readdirSync(root)
    .filter((name) => findSettingsPath(name) !== null)
    .map((name) => join(root, name))
    .filter((path) => !lstatSync(path).isSymbolicLink());

/**
 * Where the person's dependencies are installed: the worktree has links to them. It is asked of the
 * person's own folders, never of the worktree, where a program may have made links to anything.
 */
async function dependencyMounts(common: string, closed: Closed): Promise<readonly string[]> {
  if (basename(common) !== '.git') return [];
  const { reasonFor } = closedFolders(closed.home, closed.folders);
  const folders = (await findDependencyFolders(dirname(common))).map(({ source }) => source);
  const isInside = (path: string): boolean =>
    [...folders, dirname(common)].some((folder) => path.startsWith(`${folder}/`));
  const linked = folders
    .flatMap((folder) => linksIn(folder))
    .filter((path) => !isInside(path) && reasonFor(path) === null);
  return [...new Set([...folders, ...linked])];
}

/** Packages that are linked from elsewhere. */
const linksIn = (folder: string): readonly string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && entry.name.startsWith('@')) return linksIn(path);
    return entry.isSymbolicLink() ? realFolder(resolve(folder, readlinkSync(path))) : [];
  });

function realFolder(path: string): readonly string[] {
  try {
    const real = realpathSync(path);
    return lstatSync(real).isDirectory() ? [real] : [];
  } catch {
    return [];
  }
}
