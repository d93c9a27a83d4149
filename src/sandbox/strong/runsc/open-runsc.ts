/**
 * Finds gVisor (`runsc`), tries it once, and makes guests with it. A program's system calls are answered
 * by gVisor's own kernel, a process that is itself locked in by namespaces and a filter: a program has to
 * break that one and then the host's through what is left of its interface. So its strength is `machine`,
 * though no hardware stands between them. It was tried with version 20221219 of Debian 12, as root, whose
 * guests hold, but don't know what `ls` and `stat` of Debian 12 ask for (AT_NO_AUTOMOUNT).
 */
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { toSkeinError } from '#protocol/errors.ts';
import type { Groups } from '#sandbox/jail/cgroup/cgroup.ts';
import { isLeftover } from '#sandbox/jail/cgroup/group-name.ts';
import { openGroups } from '#sandbox/jail/cgroup/open-groups.ts';
import type { JailBackend, JailRequest } from '#sandbox/jail/jail.ts';
import type { Unusable } from '#sandbox/jail/open-jail.ts';
import { probeJail } from '#sandbox/jail/probe/probe-jail.ts';
import { SYSTEM_PATH, systemMounts } from '#sandbox/jail/toolchain/system-mounts.ts';
import { COMMAND_LIMITS } from '#sandbox/limits.ts';
import type { ProbeReport } from '#sandbox/sandbox.ts';
import { findProgram } from '../find-program.ts';
import { readFeatures } from './features.ts';
import type { Features } from './features.ts';
import { reachKernel } from './own-kernel.ts';
import { removeFolder, startGuest } from './start-guest.ts';
import type { GuestMaker } from './start-guest.ts';

/** All may be left out. */
export interface RunscOptions {
  /** Where `runsc` is; searched in the PATH of the system when not said. */
  readonly program?: string;
  /** Control groups; those of this machine when not said, null for none. */
  readonly groups?: Groups | null;
}

const HELP_LIMIT_MS = 10_000;
const INSTALL =
  'Install gVisor: https://gvisor.dev/docs/user_guide/install/, or the package runsc of Debian';

const UNBOUND: Unusable = {
  problem:
    'Guests of gVisor need control groups for memory and processes, which can not be made here',
  fix: 'Let Skein write to control groups with the controllers memory and pids',
};

/** A backend whose guests were seen to start on this machine, or why there is none. Never throws. */
export async function openRunsc(options: RunscOptions = {}): Promise<JailBackend | Unusable> {
  if (process.platform !== 'linux') {
    return { problem: 'gVisor is a program of Linux', fix: 'Use another kind of sandbox here' };
  }
  const runsc = options.program ?? findProgram('runsc');
  if (runsc === undefined) return { problem: 'There is no program runsc', fix: INSTALL };
  if (process.getuid?.() !== 0) {
    return {
      problem: 'Skein starts guests of gVisor only as root',
      fix: 'Use the jails of the operating system, or run this node as root',
    };
  }
  const features = await askFeatures(runsc);
  if ('problem' in features) return features;
  const groups = options.groups === undefined ? await openGroups() : options.groups;
  if (groups?.limits.memory !== true || !groups.limits.processes) return UNBOUND;
  sweepFolders();
  const user = { uid: process.getuid(), gid: process.getgid?.() ?? 0 };
  const maker: GuestMaker = { runsc, system: systemMounts(), groups, user };
  const backend = backendOf(maker, features);
  return (await tryOnce(backend)) ?? backend;
}

async function askFeatures(runsc: string): Promise<Features | Unusable> {
  const ask = async (argument: string): Promise<string> => {
    const limits = { timeout: HELP_LIMIT_MS, env: {} };
    const { stdout, stderr } = await promisify(execFile)(runsc, [argument], limits);
    return stdout + stderr;
  };
  try {
    const features = readFeatures(await ask('--version'), await ask('flags'));
    if (!('missing' in features)) return features;
    const missing = features.missing.join(', ');
    return { problem: `${runsc} can't be used: it lacks ${missing}`, fix: INSTALL };
  } catch (cause) {
    return { problem: `${runsc} does not start: ${toSkeinError(cause).message}`, fix: INSTALL };
  }
}

/** The folders of guests whose Skein was killed; they are empty outside of the guest. */
function sweepFolders(): void {
  for (const name of fs.readdirSync(os.tmpdir())) {
    if (isLeftover(name)) removeFolder(path.join(os.tmpdir(), name));
  }
}

/** Nothing is said of a guest that was not seen to start. */
async function tryOnce(backend: JailBackend): Promise<Unusable | null> {
  try {
    const end = await backend.start({
      argv: ['true'],
      cwd: '/tmp',
      environment: {},
      mounts: [],
      limits: COMMAND_LIMITS,
      stdio: ['ignore', 'ignore', 'ignore'],
    }).ended;
    const how = end.signal ?? `exit code ${end.exitCode}`;
    if (end.exitCode !== 0) return { problem: `\`true\` ended with ${how}`, fix: INSTALL };
    // Nothing else holds a guest to its time.
    return end.cpuMs === null ? UNBOUND : null;
  } catch (cause) {
    const error = toSkeinError(cause);
    return { problem: error.message, fix: error.fix ?? INSTALL };
  }
}

const WALLS = (
  'own-kernel seccomp pid-namespace no-network ipc-namespace uts-namespace no-capabilities files ' +
  'read-only-root sized-temporary process-limits memory-cgroup pids-cgroup'
).split(' ');

function backendOf(maker: GuestMaker, { version }: Features): JailBackend {
  const start: JailBackend['start'] = (request) => startGuest(maker, withDefaults(request));
  const made = { mechanism: 'runsc', walls: WALLS, versions: { runsc: version }, start } as const;
  return { ...made, probe: () => probeGuest(made) };
}

const withDefaults = (request: JailRequest): JailRequest => ({
  ...request,
  environment: { PATH: SYSTEM_PATH, HOME: '/tmp', TMPDIR: '/tmp', ...request.environment },
});

async function probeGuest(made: Omit<JailBackend, 'probe'>): Promise<ProbeReport> {
  const report = await probeJail(made);
  const enclosure = { ...report.enclosure, tier: 'T3', strength: 'machine' } as const;
  if (!report.holds) return { ...report, enclosure };
  try {
    const attempt = await reachKernel(made);
    const attempts = [...report.attempts, attempt];
    if (attempt.held) return { ...report, enclosure, attempts };
    const problem = `A guest of gVisor has no kernel of its own: ${attempt.detail ?? "it sees the host's"}`;
    return { enclosure, attempts, holds: false, problem, fix: INSTALL };
  } catch (cause) {
    const error = toSkeinError(cause);
    const fix = error.fix ?? INSTALL;
    return { ...report, enclosure, holds: false, problem: error.message, fix };
  }
}
