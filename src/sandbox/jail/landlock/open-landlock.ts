/** Tries what Landlock can do here, and makes jails with it: where bubblewrap can't. */
import fs from 'node:fs';
import path from 'node:path';
import { toSkeinError } from '#protocol/errors.ts';
import { COMMAND_LIMITS } from '#sandbox/limits.ts';
import type { Groups } from '../cgroup/cgroup.ts';
import { openGroups } from '../cgroup/open-groups.ts';
import type { JailBackend, JailRequest } from '../jail.ts';
import { isRealRoot } from '../real-root.ts';
import { probeJail } from '../probe/probe-jail.ts';
import { seccompProgram } from '../seccomp/seccomp-program.ts';
import { SYSTEM_PATH } from '../toolchain/system-mounts.ts';
import { landlockVersion } from './landlock-version.ts';
import { shapes } from './landlock-ways.ts';
import type { LandlockWays, Shape } from './landlock-ways.ts';
import { startLandlock } from './start-landlock.ts';
import { sweepTemporary } from './temporary-folder.ts';

/** All may be left out. */
export interface LandlockOptions {
  /** `unshare`: only under it; `plain`: only without; else what works here. */
  readonly way?: 'unshare' | 'plain';
  /** Control groups; those of this machine when not said, null for none. */
  readonly groups?: Groups | null;
  /** Walls to leave out, so that tests see what each is good for. */
  readonly without?: readonly ('landlock' | 'seccomp' | 'sweep')[];
}

/** Why it can't be used here, and what to do about it. */
export interface Unusable {
  readonly problem: string;
  readonly fix: string;
}

const INSTALL = 'Install bubblewrap 0.6 or later: apt install bubblewrap, dnf install bubblewrap';

/** Rights on truncation (3) are the least: without them files outside could be emptied. */
const LEAST_VERSION = 3;
/** The scope of signals, by which a keeper finds what it has to kill. */
const SCOPE_VERSION = 6;

/** A backend whose jails were seen to start on this machine, or why there is none. Never throws. */
export async function openLandlock(options: LandlockOptions = {}): Promise<JailBackend | Unusable> {
  if (process.platform !== 'linux') {
    return { problem: 'Landlock is a part of Linux', fix: 'Use another kind of sandbox here' };
  }
  const frozen = filterOf(options, 'frozen');
  if (frozen === undefined) {
    return { problem: `No filter of calls is known for ${process.arch}`, fix: INSTALL };
  }
  const version = landlockVersion();
  if (typeof version !== 'number') return { problem: version.problem, fix: INSTALL };
  if (version < LEAST_VERSION) {
    return { problem: 'The Landlock of this kernel does not forbid to empty files', fix: INSTALL };
  }
  const groups = options.groups === undefined ? await openGroups() : options.groups;
  if (isRealRoot() && groups?.limits.processes !== true) return ROOT_UNBOUND;
  sweepTemporary();
  return await firstThatWorks(options, { version, groups });
}

const ROOT_UNBOUND: Unusable = {
  problem: 'Skein runs as root, whose processes no limit but that of a control group counts',
  fix: 'Run Skein as an ordinary user, or let it write to a control group with the controller pids',
};

function filterOf(
  { without = [] }: LandlockOptions,
  metadata: 'free' | 'frozen',
): Buffer | null | undefined {
  const filter = seccompProgram({ arch: process.arch, sockets: 'none', metadata });
  if (filter === null) return undefined;
  return without.includes('seccomp') ? null : filter;
}

async function firstThatWorks(
  options: LandlockOptions,
  { version, groups }: Pick<LandlockWays, 'version' | 'groups'>,
): Promise<JailBackend | Unusable> {
  let refused: Unusable = { problem: 'There is no program unshare', fix: INSTALL };
  for (const shape of wanted(options)) {
    if (shape.sweep === 'scope' && version < SCOPE_VERSION) {
      refused = {
        problem:
          'Without a process namespace, and without the scope of signals of Landlock, a process that is left behind could not be ended',
        fix: INSTALL,
      };
      continue;
    }
    const without = options.without ?? [];
    const ways: LandlockWays = {
      ...shape,
      sweep: without.includes('sweep') ? 'nothing' : shape.sweep,
      version,
      filter: filterOf(options, shape.ownMounts ? 'free' : 'frozen') ?? null,
      walls: { landlock: !without.includes('landlock') },
      groups,
    };
    const problem = await tryOnce(ways);
    if (problem === null) return backendOf(ways);
    refused = problem;
  }
  return refused;
}

function wanted({ way }: LandlockOptions): Shape[] {
  const all = shapes(findUnshare(), process.getuid?.() === 0);
  if (way === undefined) return all;
  return all.filter(({ mechanism }) => (mechanism === 'landlock') === (way === 'plain'));
}

const findUnshare = (): string | undefined =>
  SYSTEM_PATH.split(':')
    .map((folder) => path.join(folder, 'unshare'))
    .find((file) => fs.statSync(file, { throwIfNoEntry: false })?.isFile());

/** Nothing is said of a jail that was not seen to start. */
async function tryOnce(ways: LandlockWays): Promise<Unusable | null> {
  const trial: JailRequest = {
    argv: ['true'],
    cwd: '/usr',
    environment: {},
    mounts: [],
    limits: COMMAND_LIMITS,
    stdio: ['ignore', 'ignore', 'ignore'],
  };
  try {
    const end = await startLandlock(ways, trial).ended;
    if (end.exitCode === 0) return null;
    const how = end.signal ?? `exit code ${end.exitCode}`;
    return { problem: `\`true\` in a jail ended with ${how}`, fix: INSTALL };
  } catch (cause) {
    const error = toSkeinError(cause);
    return { problem: error.message, fix: error.fix ?? INSTALL };
  }
}

function wallsOf(ways: LandlockWays): string[] {
  const { groups, version } = ways;
  const when = (is: boolean, ...names: readonly string[]): readonly string[] => (is ? names : []);
  return [
    'no-capabilities',
    'new-session',
    'no-new-privileges',
    'process-limits',
    ...when(ways.walls.landlock, 'files', 'landlock'),
    ...when(ways.walls.landlock && version >= SCOPE_VERSION, 'signal-scope'),
    ...when(ways.filter !== null, 'seccomp', 'no-network', 'no-nested-namespaces'),
    ...when(ways.command.length > 0, 'pid-namespace', 'ipc-namespace', 'uts-namespace'),
    ...when(ways.command.includes('--user'), 'user-namespace'),
    ...when(ways.ownMounts, 'read-only-root', 'sized-temporary'),
    ...when(ways.sweep === 'scope', 'reaper'),
    ...when(groups?.limits.memory === true, 'memory-cgroup'),
    ...when(groups?.limits.processes === true, 'pids-cgroup'),
  ];
}

function backendOf(ways: LandlockWays): JailBackend {
  const { mechanism } = ways;
  const walls = wallsOf(ways);
  const versions = { landlock: String(ways.version), node: process.versions.node };
  const start: JailBackend['start'] = (request) => startLandlock(ways, request);
  const made = { mechanism, walls, versions, start } as const;
  return { ...made, probe: () => probeJail(made) };
}
