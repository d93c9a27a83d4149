/** Finds bubblewrap, tries it once, and makes jails with it: the first choice of T2. */
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { toSkeinError } from '#protocol/errors.ts';
import { COMMAND_LIMITS } from '#sandbox/limits.ts';
import type { Groups } from '../cgroup/cgroup.ts';
import { openGroups } from '../cgroup/open-groups.ts';
import type { JailBackend, JailRequest } from '../jail.ts';
import { isRealRoot } from '../real-root.ts';
import { probeJail } from '../probe/probe-jail.ts';
import { seccompProgram } from '../seccomp/seccomp-program.ts';
import { SYSTEM_PATH, systemMounts } from '../toolchain/system-mounts.ts';
import { readFeatures } from './features.ts';
import type { Features } from './features.ts';
import { startJail } from './start-jail.ts';
import type { JailMaker } from './start-jail.ts';
import { strayDescriptors } from './stray-descriptors.ts';

/** All may be left out. */
export interface BubblewrapOptions {
  /** Where `bwrap` is; searched in the PATH of the system when not said. */
  readonly program?: string;
  /** A classic BPF program for `--seccomp`; Skein's own when not said, null for none. */
  readonly seccomp?: Uint8Array | null;
  /** Control groups; those of this machine when not said, null for none. */
  readonly groups?: Groups | null;
  /** Tests leave root the mode and times of the devices. */
  readonly devices?: 'free';
}

/** Why it can't be used here, and what to do about it. */
export interface Unusable {
  readonly problem: string;
  readonly fix: string;
}

const HELP_LIMIT_MS = 10_000;
const TRIAL_LIMIT_MS = 20_000;
const INSTALL = 'Install bubblewrap 0.6 or later: apt install bubblewrap, dnf install bubblewrap';

const ROOT_UNBOUND: Unusable = {
  problem: 'Skein runs as root, whose processes no limit but that of a control group counts',
  fix: 'Run Skein as an ordinary user, or let it write to a control group with the controller pids',
};

/** A backend whose jails were seen to start on this machine, or why there is none. Never throws. */
export async function openBubblewrap(
  options: BubblewrapOptions = {},
): Promise<JailBackend | Unusable> {
  if (process.platform !== 'linux') {
    return { problem: 'bubblewrap is a program of Linux', fix: 'Use another kind of sandbox here' };
  }
  const program = options.program ?? findProgram();
  if (program === undefined) return { problem: 'There is no program bwrap', fix: INSTALL };
  const features = await askFeatures(program);
  if ('problem' in features) return features;
  const groups = options.groups === undefined ? await openGroups() : options.groups;
  if (isRealRoot() && groups?.limits.processes !== true) return ROOT_UNBOUND;
  const seccomp =
    options.seccomp === undefined
      ? seccompProgram({ arch: process.arch, sockets: 'own-namespace' })
      : options.seccomp;
  const maker: JailMaker = {
    program,
    frame: { features, system: systemMounts(), hasSeccomp: seccomp !== null },
    seccomp,
    stray: strayDescriptors(),
    groups,
    sealsDevices: isRealRoot() && options.devices !== 'free',
  };
  let refused: Unusable | null = null;
  for (const each of variants(maker)) {
    const problem = await tryOnce(each);
    if (problem === null) return backendOf(each);
    refused ??= problem;
  }
  return refused ?? { problem: 'No jail was tried', fix: INSTALL };
}

/**
 * From strong to weak, by walls that others stand behind: a setuid bubblewrap can't forbid namespaces, the
 * filter does; where no process may join a group, each has its limits still. Root has no others. Where root
 * may not mount, the devices are mostly not its own.
 */
function variants(maker: JailMaker): readonly JailMaker[] {
  if (maker.sealsDevices) {
    return [...othersOf(maker), ...othersOf({ ...maker, sealsDevices: false })];
  }
  return othersOf(maker);
}

function othersOf(maker: JailMaker): readonly JailMaker[] {
  const features = { ...maker.frame.features, disableUserns: false };
  const canForbid = maker.frame.features.disableUserns && maker.seccomp !== null;
  const forbidding = canForbid
    ? [maker, { ...maker, frame: { ...maker.frame, features } }]
    : [maker];
  const ungrouped = forbidding.map((each) => ({ ...each, groups: null }));
  return maker.groups === null || isRealRoot() ? forbidding : [...forbidding, ...ungrouped];
}

function findProgram(): string | undefined {
  const folders = [...SYSTEM_PATH.split(':'), ...(process.env['PATH'] ?? '').split(':')];
  return folders
    .filter((folder) => path.isAbsolute(folder))
    .map((folder) => path.join(folder, 'bwrap'))
    .find((file) => fs.statSync(file, { throwIfNoEntry: false })?.isFile());
}

async function askFeatures(program: string): Promise<Features | Unusable> {
  const ask = async (option: string): Promise<string> => {
    const limits = { timeout: HELP_LIMIT_MS, env: {} };
    const { stdout, stderr } = await promisify(execFile)(program, [option], limits);
    return stdout + stderr;
  };
  try {
    const features = readFeatures(await ask('--version'), await ask('--help'));
    if (!('missing' in features)) return features;
    return {
      problem: `${program} is too old: it lacks ${features.missing.join(', ')}`,
      fix: INSTALL,
    };
  } catch (cause) {
    return { problem: `${program} does not start: ${toSkeinError(cause).message}`, fix: INSTALL };
  }
}

/** Nothing is said of a jail that was not seen to start. */
async function tryOnce(maker: JailMaker): Promise<Unusable | null> {
  const trial: JailRequest = {
    argv: ['true'],
    cwd: '/tmp',
    environment: { PATH: SYSTEM_PATH },
    mounts: [],
    limits: COMMAND_LIMITS,
    stdio: ['ignore', 'ignore', 'ignore'],
  };
  try {
    const jailed = startJail(maker, trial);
    const timer = setTimeout(() => void jailed.kill(), TRIAL_LIMIT_MS);
    const end = await jailed.ended.finally(() => clearTimeout(timer));
    if (end.exitCode === 0) return null;
    const how = end.signal ?? `exit code ${end.exitCode}`;
    return { problem: `\`true\` in a jail ended with ${how}`, fix: INSTALL };
  } catch (cause) {
    const error = toSkeinError(cause);
    return { problem: error.message, fix: error.fix ?? INSTALL };
  }
}

const WALLS = (
  'user-namespace pid-namespace no-network ipc-namespace uts-namespace cgroup-namespace ' +
  'no-capabilities new-session files read-only-root sized-temporary process-limits'
).split(' ');

function backendOf(maker: JailMaker): JailBackend {
  const walls = [
    ...WALLS,
    ...(maker.frame.features.disableUserns ? ['no-nested-namespaces'] : []),
    ...(maker.seccomp === null ? [] : ['seccomp']),
    ...(maker.sealsDevices ? ['read-only-devices'] : []),
    ...(maker.groups?.limits.memory === true ? ['memory-cgroup'] : []),
    ...(maker.groups?.limits.processes === true ? ['pids-cgroup'] : []),
  ];
  const start: JailBackend['start'] = (request) => startJail(maker, withDefaults(maker, request));
  const versions = { bubblewrap: maker.frame.features.version };
  const made = { mechanism: 'bubblewrap', walls, versions, start } as const;
  return { ...made, probe: () => probeJail(made) };
}

function withDefaults(maker: JailMaker, request: JailRequest): JailRequest {
  // Without a group the memory of each process is bounded at least, whatever was asked for.
  const grouped = request.memory === 'group-only' && maker.groups?.limits.memory === true;
  return {
    ...request,
    environment: { PATH: SYSTEM_PATH, HOME: '/tmp', TMPDIR: '/tmp', ...request.environment },
    memory: grouped || request.memory === 'address' ? request.memory : 'data',
  };
}
