/** The world of this machine: its files, its git, its programs. */
import { existsSync } from 'node:fs';
import { discoverChecks } from './checks/discover-checks.ts';
import { mergeHooksCheck } from './checks/hooks-check.ts';
import { runCheck } from './checks/run-check.ts';
import { runOnCopy } from './copy/run-on-copy.ts';
import { planDependencyLinks } from './dependency-links.ts';
import { probeFileEdit, writeFileEdit } from './file-edit.ts';
import { assertBranchFree, probeBranch, updateBranch } from './git/branch-ref.ts';
import { fastForward, probeFastForward } from './git/fast-forward.ts';
import { createGitCommit, prepareGitCommit, probeGitCommit } from './git/git-commit.ts';
import { readGitIdentity } from './git/git-identity.ts';
import { openRepository } from './git/open-repository.ts';
import { writeChangeTree } from './git/scratch-tree.ts';
import { listChangedFiles } from './git/show-diff.ts';
import { listTrackedFiles } from './git/tracked-files.ts';
import { addWorktree, prepareWorktree, probeWorktree, removeWorktree } from './git/worktree.ts';
import { makeDependencyLinks, probeDependencyLinks } from './make-links.ts';
import { readSkeinYaml } from './skein-yaml.ts';
import { listHunks } from './trees/changed-hunks.ts';
import { findStray } from './trees/stray-changes.ts';
import {
  keepTaskTree,
  prepareTaskTree,
  probeTaskTree,
  removeTaskTrees,
} from './trees/task-tree.ts';
import { OPEN_HOST } from './programs/open-host.ts';
import type { ProgramsPort, World } from './world.ts';
import { assertWritable } from './write-rules.ts';

/** What a node hands to its supervisor; `host` is what the repository's programs run behind. */
export const makeLocalWorld = (host: ProgramsPort['host']): World => ({
  programs: { host },
  openRepository,
  readSkeinYaml,
  worktrees: {
    prepare: prepareWorktree,
    add: addWorktree,
    probe: probeWorktree,
    remove: removeWorktree,
    exists: existsSync,
    listTracked: listTrackedFiles,
    listChanged: listChangedFiles,
  },
  files: { write: writeFileEdit, probe: probeFileEdit, assertWritable },
  git: {
    readIdentity: readGitIdentity,
    prepareCommit: prepareGitCommit,
    createCommit: createGitCommit,
    probeCommit: probeGitCommit,
    assertBranchFree,
    updateBranch,
    probeBranch,
  },
  trees: {
    prepare: prepareTaskTree,
    keep: keepTaskTree,
    probe: probeTaskTree,
    remove: removeTaskTrees,
    expected: writeChangeTree,
    hunks: listHunks,
    findStray,
  },
  merge: { fastForward, probe: probeFastForward },
  checks: { discover: discoverChecks, mergeHooks: mergeHooksCheck, run: runCheck },
  dependencies: {
    plan: planDependencyLinks,
    probe: probeDependencyLinks,
    link: makeDependencyLinks,
  },
  copies: { run: runOnCopy },
});

/** The same without walls. */
export const localWorld: World = makeLocalWorld(async () => OPEN_HOST);
