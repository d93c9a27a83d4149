/** Which program runs a project's scripts: what package.json says, else the lockfile, else npm. */
import { existsSync, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

/** A program that can run the scripts of a package.json. */
export type PackageManager = 'npm' | 'pnpm' | 'yarn' | 'bun';

const LOCKFILES: readonly (readonly [string, PackageManager])[] = [
  ['pnpm-lock.yaml', 'pnpm'],
  ['bun.lock', 'bun'],
  ['bun.lockb', 'bun'],
  ['yarn.lock', 'yarn'],
  ['package-lock.json', 'npm'],
  ['npm-shrinkwrap.json', 'npm'],
];

/** The package manager of the project at `root`, whose package.json says `packageManager`. */
export function findPackageManager(root: string, packageManager: unknown): PackageManager {
  const named = typeof packageManager === 'string' ? packageManager.split('@')[0] : undefined;
  if (named === 'npm' || named === 'pnpm' || named === 'yarn' || named === 'bun') return named;
  return LOCKFILES.find(([file]) => existsSync(join(root, file)))?.[1] ?? 'npm';
}

/**
 * The command line that runs `script` there. Any of them runs a script the same way, so when the
 * project's own is not on `path`, npm does it.
 */
export function scriptCommand(manager: PackageManager, script: string, path: string): string {
  const program = manager !== 'npm' && isOnPath(manager, path) ? manager : 'npm';
  return `${program} run ${script}`;
}

/** Whether `path` (as in PATH) has a program of this name. */
export function isOnPath(program: string, path: string): boolean {
  return path.split(delimiter).some((folder) => {
    if (!isAbsolute(folder)) return false;
    const stats = statSync(join(folder, program), { throwIfNoEntry: false });
    return stats?.isFile() === true && (stats.mode & 0o111) !== 0;
  });
}
