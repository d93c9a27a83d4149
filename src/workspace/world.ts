/**
 * The world as a mission can touch it: the person's repository, worktrees, files, programs. Whoever
 * works on a mission is handed it, and reaches the disk, git and programs in no other way; the
 * simulation hands over a world of plain maps instead.
 */
import type { discoverChecks } from './checks/discover-checks.ts';
import type { mergeHooksCheck } from './checks/hooks-check.ts';
import type { runCheck } from './checks/run-check.ts';
import type { runOnCopy } from './copy/run-on-copy.ts';
import type { ProgramHost } from './programs/program-host.ts';
import type { planDependencyLinks } from './dependency-links.ts';
import type { probeFileEdit, writeFileEdit } from './file-edit.ts';
import type { assertBranchFree, probeBranch, updateBranch } from './git/branch-ref.ts';
import type { fastForward, probeFastForward } from './git/fast-forward.ts';
import type { createGitCommit, prepareGitCommit, probeGitCommit } from './git/git-commit.ts';
import type { readGitIdentity } from './git/git-identity.ts';
import type { openRepository } from './git/open-repository.ts';
import type { writeChangeTree } from './git/scratch-tree.ts';
import type { listChangedFiles } from './git/show-diff.ts';
import type { listTrackedFiles } from './git/tracked-files.ts';
import type {
  addWorktree,
  prepareWorktree,
  probeWorktree,
  removeWorktree,
} from './git/worktree.ts';
import type { makeDependencyLinks, probeDependencyLinks } from './make-links.ts';
import type { readSkeinYaml } from './skein-yaml.ts';
import type { listHunks } from './trees/changed-hunks.ts';
import type { findStray } from './trees/stray-changes.ts';
import type {
  keepTaskTree,
  prepareTaskTree,
  probeTaskTree,
  removeTaskTrees,
} from './trees/task-tree.ts';
import type { assertWritable } from './write-rules.ts';

/** Worktrees of missions: what makes, recognises, reads and removes them. */
export interface WorktreesPort {
  readonly prepare: typeof prepareWorktree;
  readonly add: typeof addWorktree;
  readonly probe: typeof probeWorktree;
  readonly remove: typeof removeWorktree;
  readonly exists: (path: string) => boolean;
  readonly listTracked: typeof listTrackedFiles;
  readonly listChanged: typeof listChangedFiles;
}

/** Files in a worktree. */
export interface FilesPort {
  readonly write: typeof writeFileEdit;
  readonly probe: typeof probeFileEdit;
  readonly assertWritable: typeof assertWritable;
}

/** Git commits and their branches. */
export interface GitPort {
  readonly readIdentity: typeof readGitIdentity;
  readonly prepareCommit: typeof prepareGitCommit;
  readonly createCommit: typeof createGitCommit;
  readonly probeCommit: typeof probeGitCommit;
  readonly assertBranchFree: typeof assertBranchFree;
  readonly updateBranch: typeof updateBranch;
  readonly probeBranch: typeof probeBranch;
}

/** The person's own branch: moved only when they ask for it. */
export interface MergePort {
  readonly fastForward: typeof fastForward;
  readonly probe: typeof probeFastForward;
}

/** What tasks left, in git: keeping it, letting go of it, and reading what changed. */
export interface TreesPort {
  readonly prepare: typeof prepareTaskTree;
  readonly keep: typeof keepTaskTree;
  readonly probe: typeof probeTaskTree;
  readonly remove: typeof removeTaskTrees;
  /** The tree that planned contents would give. */
  readonly expected: typeof writeChangeTree;
  readonly hunks: typeof listHunks;
  readonly findStray: typeof findStray;
}

/** Checks: which there are, and running one (as well as the setup of a worktree). */
export interface ChecksPort {
  readonly discover: typeof discoverChecks;
  readonly mergeHooks: typeof mergeHooksCheck;
  readonly run: typeof runCheck;
}

/** What programs of a repository run behind. */
export interface ProgramsPort {
  /** The host of this machine; it is tried when it is first asked for. */
  readonly host: () => Promise<ProgramHost>;
}

/** Links from a worktree to the installed dependencies. */
export interface DependenciesPort {
  readonly plan: typeof planDependencyLinks;
  readonly probe: typeof probeDependencyLinks;
  readonly link: typeof makeDependencyLinks;
}

/** Copies of a worktree, on which commands run that change files. */
export interface CopiesPort {
  readonly run: typeof runOnCopy;
}

/** All of it. Each part is documented where its functions are. */
export interface World {
  readonly openRepository: typeof openRepository;
  readonly readSkeinYaml: typeof readSkeinYaml;
  readonly worktrees: WorktreesPort;
  readonly files: FilesPort;
  readonly git: GitPort;
  readonly trees: TreesPort;
  readonly merge: MergePort;
  readonly programs: ProgramsPort;
  readonly checks: ChecksPort;
  readonly dependencies: DependenciesPort;
  readonly copies: CopiesPort;
}
