/**
 * Makes a worktree a working project: each `node_modules` of the user's tree becomes a real folder
 * of links, entry by entry. A dependency is linked to where it is installed; a link into the
 * repository (a workspace package) is copied as a link, so it leads to the package in the worktree.
 * Limit: an installed package that itself loads a workspace package gets the user's, unedited one.
 */
import type { Dirent } from 'node:fs';
import { lstatSync, readFileSync, readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { SkeinError } from '#protocol/errors.ts';
import { findDependencyFolders } from './dependency-folders.ts';
import { findMissingBuilds } from './missing-builds.ts';

const MAX_ENTRIES = 100_000;
const MAX_SHIM_BYTES = 64 * 1024;
const MAX_STATE_BYTES = 64 * 1024 * 1024;
const YARN_STATE = '.yarn-state.yml';
const YARN_INSTALL_STATE = '.yarn/install-state.gz';

/** One thing to make in the worktree; `path` is relative to it, with `/`. */
export type DependencyEntry =
  | { readonly type: 'folder'; readonly path: string }
  /** A link to where a dependency is installed; `target` is absolute. */
  | { readonly type: 'link'; readonly path: string; readonly target: string }
  /** A link inside the worktree, relative: to a package of it, or to another dependency. */
  | {
      readonly type: 'inner-link';
      readonly path: string;
      readonly target: string;
      readonly leadsTo: 'package' | 'dependency';
    }
  /** A small program of `.bin`. */
  | { readonly type: 'shim'; readonly path: string; readonly text: string; readonly mode: number }
  /** A file of the installation's state that its package manager wants to see; `source` absolute. */
  | { readonly type: 'copy'; readonly path: string; readonly source: string };

/** What was left out, and why. */
export interface SkippedEntry {
  readonly path: string;
  readonly reason: string;
}

/** All that is needed to re-make the dependency folders, or to see that they are there. */
export interface DependencyPlan {
  readonly worktree: string;
  readonly entries: readonly DependencyEntry[];
  readonly skipped: readonly SkippedEntry[];
  readonly warnings: readonly string[];
}

/**
 * Looks at the user's tree at `top` and at the fresh `worktree`, and says what to make. Writes
 * nothing. Throws `workspace-failed` when there are more than 100,000 entries.
 */
export async function planDependencyLinks(top: string, worktree: string): Promise<DependencyPlan> {
  const folders = await findDependencyFolders(top);
  const planner = newPlanner(realpathSync(top), realpathSync(worktree));
  for (const folder of folders) {
    if (isRealFolder(planner.worktree, dirname(folder.path))) {
      planFolder(planner, folder.path, folder.source);
    } else
      planner.skipped.push({ path: folder.path, reason: 'its folder is not in the base commit' });
  }
  planYarnState(planner);
  const { entries, skipped } = planner;
  return {
    worktree: planner.worktree,
    entries,
    skipped,
    warnings: warningsOf(planner, folders.length),
  };
}

interface Planner {
  readonly top: string;
  readonly worktree: string;
  readonly entries: DependencyEntry[];
  readonly skipped: SkippedEntry[];
  /** The paths of `entries`: of two entries for one path the first is the nearer one. */
  readonly planned: Set<string>;
}

const newPlanner = (top: string, worktree: string): Planner => ({
  top,
  worktree,
  entries: [],
  skipped: [],
  planned: new Set(),
});

function planFolder(planner: Planner, path: string, source: string): void {
  add(planner, { type: 'folder', path });
  for (const entry of readdirSync(source, { withFileTypes: true })) {
    planEntry(planner, `${path}/${entry.name}`, join(source, entry.name), entry);
  }
}

/**
 * Yarn from 2 on runs no script without its two state files. With its node-modules linker their
 * paths are relative; with the others they would lead commands to the user's packages, so there
 * nothing is copied and yarn refuses to run.
 */
function planYarnState(planner: Planner): void {
  if (!usesNodeModulesOfYarn(planner.top)) return;
  for (const path of [YARN_INSTALL_STATE, `node_modules/${YARN_STATE}`]) {
    const source = join(planner.top, path);
    const stats = lstatSync(source, { throwIfNoEntry: false });
    if (stats?.isFile() !== true || stats.size > MAX_STATE_BYTES) continue;
    if (path === YARN_INSTALL_STATE) add(planner, { type: 'folder', path: dirname(path) });
    add(planner, { type: 'copy', path, source });
  }
}

function planEntry(planner: Planner, path: string, source: string, entry: Dirent): void {
  const reason = entry.name.startsWith('.') ? hiddenReason(entry) : null;
  if (reason !== null) planner.skipped.push({ path, reason });
  else if (entry.isDirectory() && entry.name === '.bin') planPrograms(planner, path, source);
  else if (entry.isDirectory() && entry.name.startsWith('@')) planFolder(planner, path, source);
  else if (isTaken(planner, path)) planner.skipped.push({ path, reason: 'it is tracked' });
  else if (entry.isSymbolicLink()) planLink(planner, path, source);
  else add(planner, { type: 'link', path, target: source });
}

// what package managers and generators keep there because programs load it; all other hidden
// folders are caches or state of the installation, and sharing those would write to the user's
const LOADED_HIDDEN_FOLDERS = new Set([
  '.bin',
  '.pnpm',
  '.bun',
  '.store',
  '.vlt',
  '.prisma',
  '.zenstack',
]);

function hiddenReason(entry: Dirent): string | null {
  if (LOADED_HIDDEN_FOLDERS.has(entry.name)) return null;
  if (entry.name === YARN_STATE) return 'it is copied';
  return entry.isDirectory() ? 'caches are not shared' : 'it is state of the installation';
}

function planPrograms(planner: Planner, path: string, source: string): void {
  add(planner, { type: 'folder', path });
  for (const entry of readdirSync(source, { withFileTypes: true })) {
    const at = `${path}/${entry.name}`;
    const file = join(source, entry.name);
    if (entry.isSymbolicLink()) planLink(planner, at, file);
    else if (entry.isFile()) planShim(planner, at, file);
  }
}

/** pnpm writes small shell programs; those name folders of the user's tree by absolute path. */
function planShim(planner: Planner, path: string, file: string): void {
  const { size, mode } = lstatSync(file);
  if (size > MAX_SHIM_BYTES) return add(planner, { type: 'link', path, target: file });
  const own = `${planner.top}${sep}node_modules`;
  const ours = `${planner.worktree}${sep}node_modules`;
  const text = readFileSync(file, 'utf8').replaceAll(own, ours);
  add(planner, { type: 'shim', path, text, mode: mode & 0o755 });
}

function planLink(planner: Planner, path: string, source: string): void {
  const target = resolve(dirname(source), readlinkSync(source));
  const real = realOrNull(source);
  if (real === null) {
    planner.skipped.push({ path, reason: 'it leads nowhere' });
    return;
  }
  // by its text first: a link into node_modules/.pnpm stays one; then by where it really leads
  const inner = insideOf(planner.top, target) ?? insideOf(planner.top, real);
  if (inner === null) return add(planner, { type: 'link', path, target });
  const isDependency = inner.split(sep).includes('node_modules');
  if (!isDependency && !existsInWorktree(planner, inner)) {
    planner.skipped.push({ path, reason: `${inner} is not in the base commit: linked as it is` });
    return add(planner, { type: 'link', path, target });
  }
  const from = join(planner.worktree, dirname(path));
  const text = relative(from, join(planner.worktree, inner));
  const leadsTo = isDependency ? 'dependency' : 'package';
  add(planner, { type: 'inner-link', path, target: text, leadsTo });
}

function add(planner: Planner, entry: DependencyEntry): void {
  if (planner.planned.has(entry.path)) return;
  planner.planned.add(entry.path);
  if (planner.entries.length >= MAX_ENTRIES) {
    throw new SkeinError(
      'workspace-failed',
      `Cannot link the dependencies: there are more than ${MAX_ENTRIES} entries`,
      { fix: 'Set workspace.setup in skein.yaml to the command that installs them.' },
    );
  }
  planner.entries.push(entry);
}

function warningsOf(planner: Planner, folderCount: number): readonly string[] {
  const has = (name: string): boolean => existsIn(planner.top, name);
  const warnings: string[] = [];
  if (has(YARN_INSTALL_STATE) && !usesNodeModulesOfYarn(planner.top)) {
    warnings.push(
      'This way of yarn to install (nodeLinker) is not linked: ' +
        'set workspace.setup in skein.yaml to "yarn install".',
    );
  } else if (folderCount === 0 && has('package.json')) {
    warnings.push('No node_modules was found: install the dependencies if the checks need them.');
  }
  const folders = planner.entries.flatMap((entry) =>
    entry.type === 'inner-link' && entry.leadsTo === 'package'
      ? [resolve(planner.worktree, dirname(entry.path), entry.target)]
      : [],
  );
  for (const { name, file } of findMissingBuilds(planner.worktree, folders)) {
    warnings.push(
      `${name} is loaded from ${file}, which git does not hold: ` +
        'set workspace.setup in skein.yaml to the command that builds it.',
    );
  }
  return warnings;
}

/** A link may be ours, of a try before a crash; anything else came with the commit. */
function isTaken(planner: Planner, path: string): boolean {
  const stats = lstatSync(join(planner.worktree, path), { throwIfNoEntry: false });
  return stats !== undefined && !stats.isSymbolicLink();
}

const usesNodeModulesOfYarn = (top: string): boolean => existsIn(top, `node_modules/${YARN_STATE}`);

const existsInWorktree = (planner: Planner, path: string): boolean =>
  existsIn(planner.worktree, path);

const existsIn = (root: string, path: string): boolean =>
  lstatSync(join(root, path), { throwIfNoEntry: false }) !== undefined;

function isRealFolder(root: string, path: string): boolean {
  const folder = join(root, path);
  return realOrNull(folder) === folder && lstatSync(folder).isDirectory();
}

function insideOf(top: string, path: string): string | null {
  return path.startsWith(top + sep) ? relative(top, path) : null;
}

function realOrNull(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}
