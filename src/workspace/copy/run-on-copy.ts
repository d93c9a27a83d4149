/**
 * Runs a command that changes files on a copy of a mission's worktree, and answers what it changed as
 * edits that can go through the door. Nothing it does to the copy stays: the copy is removed whatever
 * happens, and what is no change of an allowed file is only named.
 */
import { writeFile } from 'node:fs/promises';
import { SkeinError } from '#protocol/errors.ts';
import { checkPassed, type CheckResult } from '#workspace/checks/check.ts';
import { type CheckRun, runCheck } from '#workspace/checks/run-check.ts';
import { planDependencyLinks } from '#workspace/dependency-links.ts';
import { findFile } from '#workspace/edit-path.ts';
import { readEditFile } from '#workspace/file-edit.ts';
import type { Repository } from '#workspace/git/open-repository.ts';
import { addWorktree, prepareWorktree, removeWorktree } from '#workspace/git/worktree.ts';
import { makeDependencyLinks } from '#workspace/make-links.ts';
import { compareCopy, type CopyEdit, type OutsideChange, snapshotCopy } from './compare-copy.ts';

/** A command to run, and on what. */
export interface CopyRequest {
  readonly repository: Repository;
  /** The commit that the mission's worktree was made from. */
  readonly base: string;
  /** The mission's worktree: it is read, never written. */
  readonly worktree: string;
  /** Files that the mission has written there so far; the copy has them as they are now. */
  readonly written: readonly string[];
  /** Where the copy is made: an absolute path beside the worktree. What lies there is removed. */
  readonly copy: string;
  /** `workspace.setup` of skein.yaml; without it the installed dependencies are linked. */
  readonly setup: string | undefined;
  readonly command: { readonly name: string; readonly command: string };
  /** The files that the command may change. */
  readonly paths: readonly string[];
  /** Environment, limits and clock, for the command and the set-up. */
  readonly run: Omit<CheckRun, 'cwd' | 'check'>;
}

/**
 * What became of it. `edits` (by path) and `outside` are empty unless the command passed; `outside`
 * holds what may not be taken, the first 200.
 */
export interface CopyOutcome {
  readonly result: CheckResult;
  readonly edits: readonly CopyEdit[];
  readonly outside: readonly OutsideChange[];
}

/**
 * Runs it. A failing command is an outcome, not an error. Throws `workspace-failed` when the copy
 * can't be made or set up, `limit-reached` for more changes than a mission may make, `git-failed`.
 */
export async function runOnCopy(request: CopyRequest): Promise<CopyOutcome> {
  const { repository, base, command, run } = request;
  const reason = `copy for ${command.name}`;
  const plan = prepareWorktree(repository, { path: request.copy, commit: base, reason });
  try {
    // one that a crash has left
    await removeWorktree(repository, plan.path);
    await addWorktree(repository, plan);
    await setUp(request, plan.path);
    await copyWritten(request, plan.path);
    const before = await snapshotCopy(plan.path, base, request.paths);
    const result = await runCheck({ ...run, cwd: plan.path, check: command });
    if (!checkPassed(result)) return { result, edits: [], outside: [] };
    const { worktree, written, paths } = request;
    const compared = { copy: plan.path, base, worktree, written, paths, before };
    return { result, ...(await compareCopy(compared)) };
  } finally {
    await removeWorktree(repository, plan.path);
  }
}

/**
 * Throws unless the command passed (`check-failed`) and changed nothing but what it may
 * (`path-refused`, naming the rest).
 */
export function assertCopyOutcome({ name }: CopyRequest['command'], outcome: CopyOutcome): void {
  const { result, outside } = outcome;
  if (!checkPassed(result)) {
    const { exitCode, signal, timedOut, output } = result;
    const how = timedOut ? 'it took too long' : `it ended with ${exitCode ?? signal}`;
    throw new SkeinError('check-failed', `Cannot run the command ${name}: ${how}`, {
      fix: 'Run it by hand in a clone, and correct the recipe.',
      details: { exitCode, signal, output: output.slice(-MAX_TOLD) },
    });
  }
  if (outside.length === 0) return;
  const named = outside.map(({ path, what }) => `${path} (${what})`);
  const shown = named.slice(0, NAMED).join(', ') + (named.length > NAMED ? ' and more' : '');
  throw new SkeinError('path-refused', `Cannot take what the command ${name} changed: ${shown}`, {
    fix: 'A command may change the contents of files that its "writes" names, and nothing else.',
    details: { outside },
  });
}

const NAMED = 5;
const MAX_TOLD = 2_000;

async function setUp({ repository, setup, run }: CopyRequest, copy: string): Promise<void> {
  if (setup === undefined) {
    makeDependencyLinks(await planDependencyLinks(repository.top, copy));
    return;
  }
  const check = { name: 'setup', command: setup };
  const result = await runCheck({ ...run, cwd: copy, check });
  if (checkPassed(result)) return;
  run.signal?.throwIfAborted();
  throw new SkeinError(
    'workspace-failed',
    `Cannot set up the copy: "${setup}" ended with ${result.exitCode ?? result.signal}`,
    {
      fix: 'Run the command by hand in a fresh clone, and correct workspace.setup in skein.yaml.',
      details: { output: result.output.slice(-MAX_TOLD) },
    },
  );
}

/** The copy is of the worktree as it is now, not as it was at its base. */
async function copyWritten({ worktree, written }: CopyRequest, copy: string): Promise<void> {
  for (const path of written) {
    const bytes = await readEditFile(worktree, path);
    const file = findFile(copy, path);
    if (bytes === null || file === null) {
      const message = `Cannot copy ${path}: it is not in the worktree any more`;
      throw new SkeinError('workspace-failed', message);
    }
    await writeFile(file.path, bytes);
  }
}
