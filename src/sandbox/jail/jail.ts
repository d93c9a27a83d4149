/**
 * A jail: a command behind the walls of the operating system (T2). It sees an empty environment but for
 * what it is given, the system's programs and the named folders, its own processes, no network; it is
 * killed with all it started when it ends, when it is told to, and when Skein dies.
 */
import type { ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { Limits } from '#sandbox/limits.ts';
import type { ProbeReport, Wall } from '#sandbox/sandbox.ts';

/** A folder or file of the host as the jail sees it, at the same or another absolute path. */
export interface Mount {
  readonly source: string;
  readonly target: string;
  readonly access: 'read' | 'write';
}

/** What a jail holds its program to. */
export type JailLimits = Pick<
  Limits,
  | 'cpuMs'
  | 'memoryBytes'
  | 'processes'
  | 'openFiles'
  | 'fileBytes'
  | 'temporaryBytes'
  | 'sharedBytes'
>;

/** A descriptor of a stream: a pipe of its own, nothing, or one that is there (`number`). */
export type JailStream = 'pipe' | 'ignore' | number;

/** What to run in a jail. */
export interface JailRequest {
  readonly argv: readonly string[];
  /** An absolute path, in a mount. */
  readonly cwd: string;
  /** All of it; HOME and TMPDIR are `/tmp`, when not said otherwise, and PATH is the system's. */
  readonly environment: Readonly<Record<string, string>>;
  readonly mounts: readonly Mount[];
  readonly limits: JailLimits;
  /** The Unix socket of the proxy, on the host; in the jail it is at `PROXY_SOCKET`. */
  readonly proxySocket?: string;
  /**
   * How the address space of the program counts: `data` for what reserves more than it uses (V8).
   * Where a cgroup holds all processes together, that holds it as well.
   */
  readonly memory?: 'address' | 'data' | 'group-only';
  readonly stdio: readonly [JailStream, JailStream, JailStream];
}

/** Where a jail finds the proxy of the host. */
export const PROXY_SOCKET = '/run/skein-proxy.sock';

/** How a jailed program ended. `oom`: the group of its processes met its memory limit. */
export interface JailEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly oom: boolean;
  /** Of all processes together; null where nothing measures it. */
  readonly cpuMs: number | null;
  readonly peakBytes: number | null;
}

/** A program in a jail. */
export interface Jailed {
  /** The process on the host that holds the jail; its end is the end of all. */
  readonly child: ChildProcess;
  readonly stdin: Writable | null;
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
  /** When everything in it is dead and cleaned up. Rejects with `sandbox-failed` when it never began. */
  readonly ended: Promise<JailEnd>;
  /** What all of it has used by now; null where nothing measures it. Absent where nothing could. */
  readonly usage?: () => Pick<JailEnd, 'cpuMs' | 'peakBytes'> | null;
  /** SIGKILL to all of it; resolves when all is dead. May be called at any time, again and again. */
  readonly kill: () => Promise<void>;
}

/** One way to make jails. */
export interface JailBackend {
  readonly mechanism: 'bubblewrap' | 'landlock' | 'landlock under unshare' | 'runsc';
  readonly walls: readonly Wall[];
  readonly versions: Readonly<Record<string, string>>;
  readonly start: (request: JailRequest) => Jailed;
  /** Tries to get out; never throws. */
  readonly probe: () => Promise<ProbeReport>;
}

/** Whether a jail can show a folder at another path. */
export const canMove = ({ mechanism }: Pick<JailBackend, 'mechanism'>): boolean =>
  !mechanism.startsWith('landlock');

/** Whether it can keep a file as it is in a folder that may be written: Landlock needs mounts for that. */
export const canKeep = (jail: Pick<JailBackend, 'mechanism' | 'walls'>): boolean =>
  canMove(jail) || jail.walls.includes('read-only-root');
