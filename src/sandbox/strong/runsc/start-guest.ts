/**
 * One guest of gVisor from its start to its end. All its processes on the host, those of gVisor with
 * those of the program, are in one control group from the start: it has ended when that is empty.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess, StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Duplex, Readable } from 'node:stream';
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import { openLooseFile } from '#sandbox/jail/bubblewrap/loose-file.ts';
import type { Group, Groups } from '#sandbox/jail/cgroup/cgroup.ts';
import { newGroupName } from '#sandbox/jail/cgroup/group-name.ts';
import type { Jailed, JailEnd, JailRequest, Mount } from '#sandbox/jail/jail.ts';
import { jailedChild } from '#sandbox/jail/jailed-child.ts';
import type { Link } from '#sandbox/jail/toolchain/system-mounts.ts';
import { explainFailure } from './explain-failure.ts';
import { guestSpec, hostMounts } from './guest-spec.ts';
import type { GuestUser } from './guest-spec.ts';
import { DESCRIPTOR, launchScript } from './launch-script.ts';

/** What starts guests. */
export interface GuestMaker {
  readonly runsc: string;
  readonly system: { readonly mounts: readonly Mount[]; readonly links: readonly Link[] };
  readonly groups: Groups;
  readonly user: GuestUser;
}

/** gVisor's own threads and processes, at most 101 when measured; the group counts them as well. */
const OWN_TASKS = 128;

/**
 * Threads on the host for one process of a guest, at most 9.3 when measured with 10 to 80. gVisor of 2022
 * counts no processes itself, so a guest can have as many as asked for, and at most ten times as many.
 */
const TASKS_PER_PROCESS = 10;

/** Memory of gVisor itself, at most 28 megabytes when measured; the group counts it as well. */
const OWN_BYTES = 64 * 1024 * 1024;

/** How long the kernel may take to end what was killed; more is told, for it is not dead. */
const DEATH_LIMIT_MS = 60_000;
const POLL_MS = 2;
const QUICK_TURNS = 20;
const WATCH_MS = 200;
const REPORT_LIMIT = 16_384;
const PROGRAMS_PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/** Starts a guest. Throws `usage` for a request that can't be, `sandbox-failed` without a group. */
export function startGuest(maker: GuestMaker, request: JailRequest): Jailed {
  const spec = guestSpec(request, maker.system.mounts, maker.user);
  const group = maker.groups.open({
    memoryBytes: request.limits.memoryBytes + OWN_BYTES,
    processes: request.limits.processes * TASKS_PER_PROCESS + OWN_TASKS,
  });
  // Named as the groups are, so that a later Skein knows whose it was.
  const folder = path.join(os.tmpdir(), newGroupName());
  try {
    fs.mkdirSync(folder, { mode: 0o700 });
    const child = spawnGuest(maker, request, { spec, group, folder });
    return new RunningGuest(child, request, group, folder).jailed;
  } catch (cause) {
    removeFolder(folder);
    group.remove();
    throw cause;
  }
}

/** Removes the folder of a guest, which is empty but where the guest itself sees it. */
export function removeFolder(folder: string): void {
  try {
    fs.rmdirSync(folder);
  } catch {
    // It was not made, or somebody put something there, which is not ours to remove.
  }
}

interface Prepared {
  readonly spec: Readonly<Record<string, unknown>>;
  readonly group: Group;
  readonly folder: string;
}

function spawnGuest(maker: GuestMaker, request: JailRequest, prepared: Prepared): ChildProcess {
  const { spec, group, folder } = prepared;
  const hasProxy = request.proxySocket !== undefined;
  const script = launchScript({
    runsc: maker.runsc,
    options: [
      '--network=none',
      '--ignore-cgroups',
      '--oci-seccomp',
      '--overlay2=none',
      // With it a guest may connect to any socket that lies in one of its mounts.
      `--host-uds=${hasProxy ? 'open' : 'none'}`,
    ],
    folder,
    joinFiles: group.joinFiles,
    mounts: hostMounts(request, maker.system.mounts),
    links: maker.system.links,
    user: maker.user,
  });
  const config = openLooseFile(JSON.stringify(spec));
  try {
    const stdio: StdioOptions & unknown[] = [...request.stdio];
    stdio[DESCRIPTOR.report] = 'pipe';
    stdio[DESCRIPTOR.life] = 'pipe';
    stdio[DESCRIPTOR.config] = config;
    const env = { PATH: PROGRAMS_PATH };
    return spawn('/bin/sh', ['-c', script], { env, cwd: '/', detached: true, stdio });
  } finally {
    fs.closeSync(config);
  }
}

interface Exit {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

class RunningGuest {
  readonly jailed: Jailed;
  readonly #child: ChildProcess;
  readonly #group: Group;
  readonly #folder: string;
  readonly #report: Readable;
  readonly #life: Duplex;
  readonly #cpuLimitMs: number;
  #said = '';
  #killed = false;
  #exited = false;

  constructor(child: ChildProcess, request: JailRequest, group: Group, folder: string) {
    this.#child = child;
    this.#group = group;
    this.#folder = folder;
    this.#cpuLimitMs = request.limits.cpuMs;
    this.#report = child.stdio[DESCRIPTOR.report] as Readable;
    this.#life = child.stdio[DESCRIPTOR.life] as Duplex;
    this.#report.on('data', (chunk: Buffer) => {
      if (this.#said.length < REPORT_LIMIT) this.#said += chunk.toString('utf8');
    });
    for (const stream of [this.#report, this.#life]) stream.on('error', () => {});
    this.jailed = jailedChild(child, { ended: this.#end(), kill: () => this.#killAll() });
  }

  async #end(): Promise<JailEnd> {
    const watch = setInterval(() => this.#watch(), WATCH_MS);
    watch.unref();
    try {
      const exit = await this.#exit();
      this.#life.destroy();
      await this.#until(() => this.#report.closed);
      const { oom, cpuMs, peakBytes } = this.#group.usage();
      await this.#until(() => this.#group.remove());
      const failure = this.#killed || oom ? null : explainFailure(this.#said, exit.exitCode);
      if (failure !== null) throw failure;
      return { ...exit, oom, cpuMs, peakBytes };
    } finally {
      clearInterval(watch);
      removeFolder(this.#folder);
    }
  }

  async #exit(): Promise<Exit> {
    try {
      const [exitCode, signal] = (await once(this.#child, 'exit')) as [
        Exit['exitCode'],
        Exit['signal'],
      ];
      return { exitCode, signal };
    } catch (cause) {
      const message = `Cannot start a guest of gVisor: ${toSkeinError(cause).message}`;
      throw new SkeinError('sandbox-failed', message, { cause });
    } finally {
      this.#exited = true;
    }
  }

  /** Kills again and again, until it is so. */
  async #until(holds: () => boolean): Promise<void> {
    const deadline = Date.now() + DEATH_LIMIT_MS;
    for (let turn = 0; !holds(); turn += 1) {
      this.#killProcesses();
      if (Date.now() > deadline) throw UNDYING();
      await (turn < QUICK_TURNS ? nextTurn() : wait(POLL_MS));
    }
  }

  #killAll(): void {
    this.#killed = true;
    this.#killProcesses();
  }

  #killProcesses(): void {
    // Its id is its own until Node has told of its end.
    if (!this.#exited && this.#child.pid !== undefined) {
      try {
        process.kill(-this.#child.pid, 'SIGKILL');
      } catch {
        // It is dead already.
      }
    }
    this.#group.kill();
  }

  /** gVisor does not count the time of all its processes together; the group does. */
  #watch(): void {
    if ((this.#group.usage().cpuMs ?? 0) > this.#cpuLimitMs) this.#killAll();
  }
}

const UNDYING = (): SkeinError =>
  new SkeinError('sandbox-failed', 'Cannot end a guest of gVisor: its processes do not die', {
    fix: 'Look for processes in an uninterruptible wait (state D), for example of a network disk',
  });
