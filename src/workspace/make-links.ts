/** Makes, recognises and reports the dependency links of a worktree (see dependency-links.ts). */
import {
  constants,
  copyFileSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { SkeinError } from '#protocol/errors.ts';
import type { DependencyEntry, DependencyPlan, SkippedEntry } from './dependency-links.ts';
import type { EffectState } from './workspace.ts';

const MAX_NAMED = 200;

/** What was linked, for the record; the lists hold at most 200 names each. */
export interface DependencyReport {
  /** The folders that were re-made, relative to the worktree. */
  readonly folders: readonly string[];
  /** How many dependencies are linked to where they are installed. */
  readonly linked: number;
  /** How many links lead inside the worktree, and which of them are packages. */
  readonly innerLinks: number;
  readonly packages: readonly { readonly path: string; readonly target: string }[];
  readonly shims: number;
  readonly skipped: readonly SkippedEntry[];
  readonly skippedCount: number;
  readonly warnings: readonly string[];
}

/** Makes what `plan` says; what is already there as planned is left. Throws `workspace-failed`. */
export function makeDependencyLinks(plan: DependencyPlan): DependencyReport {
  for (const entry of plan.entries) {
    try {
      makeEntry(plan.worktree, entry);
    } catch (cause) {
      if (cause instanceof SkeinError) throw cause;
      const message = `Cannot link the dependencies: ${entry.path} could not be made`;
      throw new SkeinError('workspace-failed', message, { cause });
    }
  }
  return reportLinks(plan);
}

/** Whether everything that `plan` says is there. It is never 'unknown': making it again is safe. */
export function probeDependencyLinks(plan: DependencyPlan): EffectState {
  return plan.entries.every((entry) => isMade(plan.worktree, entry)) ? 'done' : 'not-done';
}

/** What the event says about a plan. */
export function reportLinks(plan: DependencyPlan): DependencyReport {
  const of = <T extends DependencyEntry['type']>(
    type: T,
  ): Extract<DependencyEntry, { type: T }>[] =>
    plan.entries.filter((entry) => entry.type === type) as Extract<DependencyEntry, { type: T }>[];
  const inner = of('inner-link');
  const packages = inner.filter(({ leadsTo }) => leadsTo === 'package');
  return {
    folders: of('folder')
      .map(({ path }) => path)
      .filter((path) => path.endsWith('node_modules'))
      .slice(0, MAX_NAMED),
    linked: of('link').length,
    innerLinks: inner.length,
    packages: packages.slice(0, MAX_NAMED).map(({ path, target }) => ({ path, target })),
    shims: of('shim').length,
    skipped: plan.skipped.slice(0, MAX_NAMED),
    skippedCount: plan.skipped.length,
    warnings: plan.warnings,
  };
}

function makeEntry(worktree: string, entry: DependencyEntry): void {
  const path = join(worktree, entry.path);
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) return;
  assertRealParent(worktree, entry.path);
  if (entry.type === 'folder') mkdirSync(path);
  else if (entry.type === 'shim') writeFileSync(path, entry.text, { flag: 'wx', mode: entry.mode });
  else if (entry.type === 'copy') copyFileSync(entry.source, path, constants.COPYFILE_EXCL);
  else symlinkSync(entry.target, path);
}

/** A folder on the way that is a link would put the entry into the user's tree. */
function assertRealParent(worktree: string, path: string): void {
  const parent = dirname(join(worktree, path));
  if (realpathSync(parent) === parent) return;
  throw new SkeinError('workspace-failed', `Cannot link ${path}: its folder is a link itself`);
}

function isMade(worktree: string, entry: DependencyEntry): boolean {
  const path = join(worktree, entry.path);
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return false;
  if (entry.type === 'folder') return stats.isDirectory();
  if (entry.type === 'shim' || entry.type === 'copy') return stats.isFile();
  return stats.isSymbolicLink() && readlinkSync(path) === entry.target;
}
