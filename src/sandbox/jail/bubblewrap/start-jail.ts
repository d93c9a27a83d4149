/**
 * One jail from its start to its end. It begins only when all its walls stand and Skein is there to say
 * go, and it has ended only when the first process of its namespace is gone: then all others are.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess, StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import type { Duplex, Readable } from 'node:stream';
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import type { Group, Groups, GroupUsage } from '../cgroup/cgroup.ts';
import type { Jailed, JailEnd, JailLimits, JailRequest } from '../jail.ts';
import { jailedChild } from '../jailed-child.ts';
import { explainFailure } from './explain-failure.ts';
import { jailOptions, JAIL_FILES } from './jail-options.ts';
import type { JailFrame } from './jail-options.ts';
import {
  behindSealedDevices,
  bubblewrapLine,
  DESCRIPTOR,
  GO,
  innerScript,
  outerScript,
  READY,
} from './launch-script.ts';
import { openLooseFile } from './loose-file.ts';
import { isAlive, isFirst, readProcess } from './process-state.ts';
import type { ProcessIdentity } from './process-state.ts';

/** What starts jails: the program, its frame, the filter, and the groups when there are any. */
export interface JailMaker {
  readonly program: string;
  readonly frame: JailFrame;
  readonly seccomp: Uint8Array | null;
  /** Descriptors of Skein that no jail may have; they become an empty file in it. */
  readonly stray: readonly number[];
  readonly groups: Groups | null;
  /** Mode and times of the devices are kept from a program that owns them: one that root starts. */
  readonly sealsDevices: boolean;
}

/** How long the kernel may take to end what was killed; more is told, for it is not dead. */
const DEATH_LIMIT_MS = 60_000;
const POLL_MS = 2;
const QUICK_TURNS = 20;
const WATCH_MS = 200;
const REPORT_LIMIT = 16_384;

/** Starts a jail. Throws `usage` for a request that can't be, `sandbox-failed` without a group. */
export function startJail(maker: JailMaker, request: JailRequest): Jailed {
  const group = maker.groups?.open(withOwn(request.limits)) ?? null;
  try {
    const child = spawnJail(maker, request, group);
    return new RunningJail(child, request, group).jailed;
  } catch (cause) {
    group?.remove();
    throw cause;
  }
}

/** Not the program's: bubblewrap outside, bubblewrap as the first process inside, the watcher. */
const OWN_PROCESSES = 3;

const withOwn = (limits: JailLimits): JailLimits => ({
  ...limits,
  processes: limits.processes + OWN_PROCESSES,
});

function spawnJail(maker: JailMaker, request: JailRequest, group: Group | null): ChildProcess {
  const files: number[] = [];
  const give = (content: string | Uint8Array): number => {
    const file = openLooseFile(content);
    files.push(file);
    return file;
  };
  try {
    const script = innerScript(request);
    const options = jailOptions(maker.frame, request);
    const stdio: StdioOptions & unknown[] = [...request.stdio, 'pipe', 'pipe'];
    stdio[DESCRIPTOR.launch] = give(script);
    stdio[DESCRIPTOR.savedStderr] = 'ignore';
    stdio[DESCRIPTOR.options] = give(`${options.join('\0')}\0`);
    stdio[DESCRIPTOR.life] = 'pipe';
    for (const name of ['passwd', 'group', 'hosts'] as const) {
      stdio[DESCRIPTOR[name]] = give(JAIL_FILES[name]);
    }
    if (maker.seccomp !== null) stdio[DESCRIPTOR.seccomp] = give(maker.seccomp);
    hideStray(stdio, maker.stray, give);
    const line = bubblewrapLine(maker.program);
    const ignored = ([0, 1, 2] as const).filter((stream) => request.stdio[stream] === 'ignore');
    const last = maker.sealsDevices ? behindSealedDevices(line, ignored) : line;
    const outer = outerScript(group?.joinFiles ?? [], last);
    // An empty environment: bubblewrap is the first process inside, and whoever is there may read its.
    // A session of its own: what it starts before it is bound to Skein's life is killed with it.
    return spawn('/bin/sh', ['-c', outer], { env: {}, cwd: '/', detached: true, stdio });
  } finally {
    for (const file of files) fs.closeSync(file);
  }
}

/** A shell can't close a descriptor of two digits: what must not be seen is replaced by nothing. */
function hideStray(
  stdio: unknown[],
  stray: readonly number[],
  give: (content: string) => number,
): void {
  const beyond = stray.filter((descriptor) => descriptor >= stdio.length);
  if (beyond.length === 0) return;
  const nothing = give('');
  while (stdio.length <= Math.max(...beyond)) {
    stdio.push(beyond.includes(stdio.length) ? nothing : 'ignore');
  }
}

interface Exit {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly failure: SkeinError | null;
}

const UNDYING = (): SkeinError =>
  new SkeinError('sandbox-failed', 'Cannot end a jail: its processes do not die', {
    fix: 'Look for processes in an uninterruptible wait (state D), for example of a network disk',
  });

class RunningJail {
  readonly jailed: Jailed;
  readonly #child: ChildProcess;
  readonly #group: Group | null;
  readonly #report: Readable;
  readonly #control: Duplex;
  readonly #life: Duplex;
  readonly #cpuLimitMs: number;
  #said = '';
  #first: ProcessIdentity | null = null;
  #began = false;
  #killed = false;
  #exited = false;

  constructor(child: ChildProcess, request: JailRequest, group: Group | null) {
    this.#child = child;
    this.#group = group;
    this.#cpuLimitMs = request.limits.cpuMs;
    this.#report = child.stdio[DESCRIPTOR.report] as Readable;
    this.#control = child.stdio[DESCRIPTOR.control] as Duplex;
    this.#life = (child.stdio as readonly unknown[])[DESCRIPTOR.life] as Duplex;
    this.#listen();
    this.jailed = jailedChild(child, {
      ended: this.#end(),
      usage: () => (this.#exited ? null : (this.#group?.usage() ?? null)),
      kill: () => {
        this.#killed = true;
        this.#killAll();
      },
    });
  }

  #listen(): void {
    this.#report.on('data', (chunk: Buffer) => {
      if (this.#said.length < REPORT_LIMIT) this.#said += chunk.toString('latin1');
      this.#first ??= readFirst(this.#said);
      if (this.#killed) this.#killAll();
    });
    let word = '';
    this.#control.on('data', (chunk: Buffer) => {
      word += chunk.toString('latin1');
      if (!this.#began && word.startsWith(READY)) {
        this.#began = true;
        void this.#go();
      }
    });
    // A jail that was killed closes its ends whenever it wants.
    for (const stream of [this.#report, this.#control, this.#life]) stream.on('error', () => {});
  }

  /** The first process waits for its children: only then is it bound to the life of Skein. */
  async #go(): Promise<void> {
    for (let turn = 0; !this.#exited && !this.#killed; turn += 1) {
      this.#first ??= readFirst(this.#said);
      if (this.#first !== null && readProcess(this.#first.pid)?.state === 'S') break;
      await (turn < QUICK_TURNS ? nextTurn() : wait(POLL_MS));
    }
    this.#control.end(GO);
  }

  async #end(): Promise<JailEnd> {
    const watch = setInterval(() => this.#watch(), WATCH_MS);
    watch.unref();
    try {
      const { exitCode, signal, failure } = await this.#exit();
      const usage = await this.#clear();
      if (failure !== null) throw failure;
      if (!this.#began && !this.#killed) throw explainFailure(this.#said, exitCode, signal);
      return {
        exitCode,
        signal,
        oom: usage?.oom ?? false,
        cpuMs: usage?.cpuMs ?? null,
        peakBytes: usage?.peakBytes ?? null,
      };
    } finally {
      clearInterval(watch);
    }
  }

  async #exit(): Promise<Exit> {
    try {
      const [exitCode, signal] = (await once(this.#child, 'exit')) as [
        Exit['exitCode'],
        Exit['signal'],
      ];
      return { exitCode, signal, failure: null };
    } catch (cause) {
      const message = `Cannot start a jail: ${toSkeinError(cause).message}`;
      const failure = new SkeinError('sandbox-failed', message, { cause });
      return { exitCode: null, signal: null, failure };
    } finally {
      this.#exited = true;
    }
  }

  /** Waits until all is dead, and takes the group away. */
  async #clear(): Promise<GroupUsage | null> {
    this.#control.destroy();
    this.#life.destroy();
    await this.#until(() => this.#report.closed);
    await this.#until(() => this.#first === null || !isAlive(this.#first));
    const usage = this.#group?.usage() ?? null;
    await this.#until(() => this.#group?.remove() !== false);
    return usage;
  }

  /** Kills again and again, until it is so. */
  async #until(holds: () => boolean): Promise<void> {
    const deadline = Date.now() + DEATH_LIMIT_MS;
    for (let turn = 0; !holds(); turn += 1) {
      this.#killAll();
      if (Date.now() > deadline) throw UNDYING();
      // Mostly it is so at once.
      await (turn < QUICK_TURNS ? nextTurn() : wait(POLL_MS));
    }
  }

  #killAll(): void {
    // Its id is its own until Node has told of its end.
    if (!this.#exited && this.#child.pid !== undefined) kill(-this.#child.pid);
    if (this.#first !== null && isAlive(this.#first)) kill(this.#first.pid);
    this.#group?.kill();
  }

  /** The kernel counts the time of one process; that of all together is counted here. */
  #watch(): void {
    const used = this.#group?.usage().cpuMs ?? 0;
    if (used > this.#cpuLimitMs) this.#killAll();
  }
}

function readFirst(said: string): ProcessIdentity | null {
  const pid = /"child-pid":\s*(\d+)\D/.exec(said)?.[1];
  return pid === undefined || !isFirst(Number(pid)) ? null : readProcess(Number(pid));
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is dead already.
  }
}
