/**
 * The port to the world over plain maps. Like the real one it is not atomic: worktrees are made and
 * removed in parts, a merge writes files before the branch. Nothing may happen to it whose intent
 * is not open on the record, and no file be written by who has lost the lease: that is asked at
 * every change.
 */
import { OPEN_HOST } from '#workspace/programs/open-host.ts';
import assert from 'node:assert/strict';
import { sha256 } from '#lib/sha256.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { Check, CheckResult } from '#workspace/checks/check.ts';
import type { Repository } from '#workspace/git/open-repository.ts';
import type { ChecksPort, FilesPort, World, WorktreesPort } from '#workspace/world.ts';
import type { SimDisk } from '../node/sim-disk.ts';
import { missionAt, worktreeAt, type Hands } from './hands.ts';
import { makeCopies } from './sim-copies.ts';
import { makeGit, makeMerge } from './sim-git.ts';
import { makeTrees } from './sim-trees.ts';
import { BASE, gitId, TOP, type SimWorktree, type WorldState } from './world-state.ts';

/** What the world is made of in one life. */
export interface SimWorldOptions {
  readonly disk: SimDisk;
  readonly turn: () => Promise<void>;
  readonly hang: (what: string, task?: string) => Promise<void>;
  /** Whether an effect of that key is intended and has no outcome, as a crash would leave it. */
  readonly isOpen: (key: string) => boolean;
  /** Why who is at work now may not write `path`; undefined when they may. */
  readonly writerProblem: (path: string) => string | undefined;
  /** Told of what must never happen: an error here would only fail the mission. */
  readonly violate: (state: string) => void;
}

/** A world whose durable state is that of the disk. */
export function makeSimWorld(options: SimWorldOptions): World {
  const { disk, turn, hang, isOpen, violate } = options;
  const state = disk.world;
  const hands: Hands = {
    state,
    objects: new Map(),
    turn,
    hang,
    violate,
    change: ({ what, effects, make }) => {
      if (effects !== null && !effects.some(isOpen)) {
        violate(`${what} happens, and no intent of ${effects.join()} is open`);
      }
      disk.touch();
      make();
      state.happened[what] = (state.happened[what] ?? 0) + 1;
    },
  };
  return {
    openRepository: async () => {
      await turn();
      return repositoryOf(state);
    },
    readSkeinYaml: async () => ({}),
    programs: { host: async () => OPEN_HOST },
    worktrees: makeWorktrees(hands),
    files: makeFiles(hands, options),
    git: makeGit(hands),
    trees: makeTrees(hands),
    merge: makeMerge(hands),
    checks: makeChecks(hands),
    copies: makeCopies(hands),
    dependencies: {
      plan: async () => ({ worktree: '', entries: [], skipped: [], warnings: [] }),
      probe: () => 'done',
      link: () => noLinks,
    },
  };
}

/** What no honest agent does: writes a file of the worktree that is there, and tells nobody. */
export function writePastDoor(disk: SimDisk, mission: string, path: string): void {
  const { files } = worktreeAt(disk.world, `/worktrees/${mission}`);
  disk.touch();
  files[path] = `${files[path] ?? ''}behind the back\n`;
}

const noLinks = {
  folders: [],
  linked: 0,
  innerLinks: 0,
  packages: [],
  shims: 0,
  skipped: [],
  skippedCount: 0,
  warnings: [],
};

const repositoryOf = (state: WorldState): Repository => ({
  top: TOP,
  gitDir: `${TOP}/.git`,
  commonDir: `${TOP}/.git`,
  head: state.refs['refs/heads/main'] ?? BASE,
  branch: 'main',
  objectFormat: 'sha1',
  dirty: { paths: [], count: 0, trackedCount: 0 },
  shallow: false,
  sparse: false,
  operation: null,
  gitVersion: '2.50.0',
  warnings: [],
});

/** The second worktree of a mission, for planning again: it comes and goes. */
const isSecond = (path: string): boolean => path.endsWith('.plan');

function makeWorktrees({ state, turn, change }: Hands): WorktreesPort {
  const keyOf = (path: string): string => {
    const key = `${missionAt(path)}/worktree`;
    return isSecond(path) ? `${key}/` : key;
  };
  return {
    prepare: (_repository, plan) => plan,
    add: async (_repository, { path, commit }) => {
      const effects = [keyOf(path)];
      const kind = isSecond(path) ? 'second' : 'worktree';
      await turn();
      const begin = (): void => {
        assert.equal(state.worktrees[path], undefined, `${path} is made over another one`);
        state.worktrees[path] = { commit, complete: false, files: {} };
      };
      change({ what: `half ${path}`, effects, make: begin });
      await turn();
      const files = { ...state.commits[commit]?.tree };
      const end = (): void => void (state.worktrees[path] = { commit, complete: true, files });
      change({ what: `${kind} ${path}`, effects, make: end });
    },
    probe: async (_repository, { path, commit }) => {
      await turn();
      const found = state.worktrees[path];
      if (found === undefined) return 'not-done';
      return found.complete && found.commit === commit ? 'done' : 'unknown';
    },
    remove: async (_repository, path) => {
      await turn();
      if (state.worktrees[path] === undefined) return;
      // A second worktree holds nothing: it may go at any time.
      const effects = isSecond(path) ? null : [keyOf(path), `${missionAt(path)}/cleanup`];
      change({ what: `removal ${path}`, effects, make: () => delete state.worktrees[path] });
    },
    exists: (path) => state.worktrees[path] !== undefined,
    listTracked: async (root) =>
      Object.keys(worktreeAt(state, root).files).map((path) => ({
        path,
        kind: 'file',
        object: gitId(path),
        nameIsUtf8: true,
      })),
    listChanged: async ({ cwd, base }) => {
      await turn();
      const { files } = worktreeAt(state, cwd);
      const before = state.commits[base]?.tree ?? {};
      const changed = Object.keys(files).filter((path) => files[path] !== before[path]);
      return { count: changed.length, files: changed.map((path) => ({ path, status: 'M' })) };
    },
  };
}

function makeFiles(hands: Hands, { writerProblem }: SimWorldOptions): FilesPort {
  const { state, turn, change, violate } = hands;
  const hashOf = (root: string, path: string): string | undefined => {
    const content = state.worktrees[root]?.files[path];
    return content === undefined ? undefined : sha256(content);
  };
  return {
    // At once: between the door's last look at the lease and the write nothing else happens.
    write: async ({ root, path, baseHash, after }) => {
      const problem = writerProblem(path);
      if (problem !== undefined)
        violate(`${path} was written under a lease that is gone: ${problem}`);
      if (hashOf(root, path) !== baseHash) {
        throw new SkeinError('edit-conflict', `Cannot edit ${path}: the file has changed`);
      }
      const mission = missionAt(root);
      change({
        what: `edit ${mission} ${path}`,
        effects: [`${mission}/edit/${path}`],
        make: () => (worktreeAt(state, root).files[path] = Buffer.from(after).toString('utf8')),
      });
      await turn();
    },
    probe: async ({ root, path, baseHash, afterHash }) => {
      await turn();
      const actual = hashOf(root, path);
      if (actual === afterHash) return 'done';
      return actual === baseHash ? 'not-done' : 'unknown';
    },
    assertWritable: async () => undefined,
  };
}

/** A check named `breaks-<path>` passes until somebody has edited that path. */
function exitCodeOf(name: string, { commit, files }: SimWorktree, state: WorldState): number {
  const path = /^breaks-(.*)$/.exec(name)?.[1];
  return path !== undefined && files[path] !== state.commits[commit]?.tree[path] ? 1 : 0;
}

function makeChecks({ state, turn, hang, change }: Hands): ChecksPort {
  return {
    discover: ({ flags }) => flags.map((name): Check => ({ name, command: name, source: 'flag' })),
    mergeHooks: async () => [],
    run: async ({ cwd, check: { name, command }, startedAt, signal }): Promise<CheckResult> => {
      const mission = missionAt(cwd);
      const effects = [`${mission}/check/base/${name}`, `${mission}/check/change/${name}`];
      await turn();
      change({ what: `check ${mission} ${name}`, effects, make: () => undefined });
      const exitCode = exitCodeOf(name, worktreeAt(state, cwd), state);
      await hang('check');
      return {
        name,
        command,
        exitCode,
        signal: null,
        timedOut: false,
        cancelled: signal?.aborted === true,
        startedAt,
        durationMs: 5,
        output: `ran ${name}`,
        outputBytes: 4 + name.length,
      };
    },
  };
}
