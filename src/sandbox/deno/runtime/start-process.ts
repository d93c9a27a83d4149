/**
 * Starts one process of Deno: without permissions but to read its own parts, with an empty environment,
 * and under the limits of the operating system; within a jail when there is one.
 */
import { spawn } from 'node:child_process';
import { constants, cpus } from 'node:os';
import path from 'node:path';
import type { JailBackend, JailEnd, Jailed } from '#sandbox/jail/jail.ts';
import type { Limits } from '#sandbox/limits.ts';
import type { RuntimeFiles } from './runtime-files.ts';
import type { Usage } from './process-usage.ts';

/** What to start: the driver's file, its arguments, and what it may read and write meanwhile. */
export interface Launch {
  /** An absolute path. */
  readonly script: string;
  readonly runtime: keyof typeof RESERVED_BYTES;
  readonly args: readonly string[];
  readonly read: readonly string[];
  readonly write?: string;
  readonly limits: Pick<Limits, 'memoryBytes' | 'cpuMs' | 'openFiles' | 'fileBytes' | 'processes'>;
}

/** A started process; `pid` is null when it can't be seen from here (in a jail), which may tell itself. */
export interface DenoProcess extends Jailed {
  readonly pid: number | null;
  readonly usage?: () => Usage | null;
}

// What counts as data before a program has any: V8 reserves 510 MB for machine code that it hardly uses,
// each processor brings threads, and Python its machine code. Measured at the start, rounded up.
const MEGABYTE = 1024 * 1024;
const RESERVED_BYTES = {
  javascript: 560 * MEGABYTE,
  python: 730 * MEGABYTE,
  'counting-python': 760 * MEGABYTE,
} as const;
const RESERVED_EACH_CPU = 9 * MEGABYTE;
// Starting costs processor time, which is not the program's.
const START_CPU_MS = 5_000;

const FLAGS = [
  '--no-remote',
  '--no-npm',
  '--no-config',
  '--no-prompt',
  '--no-lock',
  '--cached-only',
  '--no-code-cache',
  '--quiet',
];

// What Deno keeps (localStorage, caches) would be seen by the next run: there is no such folder, ever.
const ENVIRONMENT = { DENO_DIR: '/dev/null/none', DENO_NO_UPDATE_CHECK: '1', NO_COLOR: '1' };

/** The arguments of Deno. */
export function denoArguments(launch: Launch): string[] {
  const heap = Math.max(64, Math.floor(launch.limits.memoryBytes / 2 ** 20));
  return [
    'run',
    ...FLAGS,
    `--v8-flags=--max-old-space-size=${heap}`,
    // a comma separates paths; in a path it is doubled
    ...(launch.read.length === 0 ? [] : [`--allow-read=${launch.read.map(escape).join(',')}`]),
    ...(launch.write === undefined ? [] : [`--allow-write=${escape(launch.write)}`]),
    launch.script,
    ...launch.args,
  ];
}

const escape = (file: string): string => file.replaceAll(',', ',,');

/** The data that a process may have, so that its program gets `memoryBytes`. */
export const dataLimit = ({ runtime, limits }: Pick<Launch, 'runtime' | 'limits'>): number =>
  limits.memoryBytes + RESERVED_BYTES[runtime] + RESERVED_EACH_CPU * cpus().length;

/** Starts it; when it can't be, `ended` says so. */
export function startProcess(
  files: RuntimeFiles,
  launch: Launch,
  jail: JailBackend | undefined,
): DenoProcess {
  const argv = [files.deno, ...denoArguments(launch)];
  return jail === undefined ? startBare(argv, launch) : startJailed(argv, files, launch, jail);
}

function startJailed(
  argv: readonly string[],
  files: RuntimeFiles,
  launch: Launch,
  jail: JailBackend,
): DenoProcess {
  const { read, limits } = launch;
  const folders = [launch.script, ...read].map((file) => path.dirname(file));
  const sources = new Set([files.deno, ...folders]);
  const jailed = jail.start({
    argv,
    cwd: path.dirname(launch.script),
    environment: ENVIRONMENT,
    mounts: [...sources].map((source) => ({ source, target: source, access: 'read' as const })),
    limits: {
      cpuMs: limits.cpuMs + START_CPU_MS,
      memoryBytes: dataLimit(launch),
      processes: limits.processes,
      openFiles: limits.openFiles,
      fileBytes: limits.fileBytes,
      temporaryBytes: 1024 * 1024,
      sharedBytes: 1024 * 1024,
    },
    memory: 'data',
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  return { ...jailed, pid: null, usage: () => usageOf(jailed) };
}

function startBare(argv: readonly string[], launch: Launch): DenoProcess {
  const [file = '', ...args] = process.platform === 'linux' ? withLimits(argv, launch) : argv;
  const child = spawn(file, args, {
    cwd: '/',
    env: ENVIRONMENT,
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const ended = new Promise<JailEnd>((resolve) => {
    const end = (exitCode: number | null, signal: NodeJS.Signals | null): void =>
      resolve({ exitCode, signal, oom: false, cpuMs: null, peakBytes: null });
    child.once('error', () => end(127, null));
    child.once('close', end);
  });
  const kill = async (): Promise<void> => {
    killGroup(child.pid);
    await ended;
  };
  const { stdin, stdout, stderr } = child;
  return { child, stdin, stdout, stderr, ended, kill, pid: child.pid ?? null };
}

// The shell sets the limits and becomes the program; a shell that can't set them starts nothing.
function withLimits(argv: readonly string[], launch: Launch): string[] {
  const { limits } = launch;
  const kilobytes = Math.ceil(dataLimit(launch) / 1024);
  const seconds = Math.ceil((limits.cpuMs + START_CPU_MS) / 1000);
  const script =
    'ulimit -c 0 && ulimit -n "$1" && ulimit -t "$2" && ulimit -d "$3" && shift 3 && exec "$@"';
  const values = [limits.openFiles, seconds, kilobytes].map(String);
  return ['/bin/sh', '-c', script, 'sh', ...values, ...argv];
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, constants.signals.SIGKILL);
  } catch {
    // it is dead already
  }
}

/** The jail holds the memory of all of it itself: only its time is watched from here. */
function usageOf(jailed: Jailed): Usage | null {
  const used = jailed.usage?.() ?? null;
  if (used === null || used.cpuMs === null) return null;
  return { cpuMs: used.cpuMs, residentBytes: 0, peakBytes: used.peakBytes };
}
