/**
 * The sandbox: runs a program that nobody trusts behind walls that were tried on this machine.
 *
 * A request names a least strength. When no tier of that strength holds here, the run is refused with
 * the fix (`sandbox-unavailable`): never done behind a weaker wall, never tried again without one.
 * A program that fails, loops, floods or is killed is a result, never an error. All that comes out of
 * it is untrusted: bounded in size, checked in form, and applied by nobody here. Each run has a process
 * of its own, which is dead, with all it started, before its result is answered; nothing of it stays,
 * and nothing of one run is seen by another unless a session was asked for.
 */
import type { Limits } from './limits.ts';

/** What a program is written in. */
export type Language = 'python' | 'javascript' | 'typescript';

/**
 * T0: a QuickJS virtual machine in WebAssembly, counted in fuel, for rules and replay. T1: a Deno process
 * without any permission, Python by Pyodide, files in memory. T2: commands in a jail of the operating
 * system. T1+: T1 within T2's jail. T3: what an operator installed (gVisor, Docker, podman, a microVM).
 */
export type Tier = 'T0' | 'T1' | 'T1+' | 'T2' | 'T3';

/**
 * How much has to break before a program is out, from weak to strong. `runtime`: a language runtime
 * without permissions. `kernel`: the operating system (namespaces, Landlock, seccomp). `double`: both.
 * `machine`: a kernel of its own.
 */
export type Strength = 'runtime' | 'kernel' | 'double' | 'machine';

/** The strengths, weakest first. */
export const STRENGTHS: readonly Strength[] = ['runtime', 'kernel', 'double', 'machine'];

/** Whether `strength` is at least `least`. */
export const isEnough = (strength: Strength, least: Strength): boolean =>
  STRENGTHS.indexOf(strength) >= STRENGTHS.indexOf(least);

/** A file as it goes in: `path` is relative, with `/`, without `..`. Links and devices can't be given. */
export interface InputFile {
  readonly path: string;
  readonly content: Uint8Array;
  readonly executable?: boolean;
}

/** What to run: a program in a language, or a command, whose `argv[0]` is searched in the jail's PATH. */
export type Program =
  | {
      readonly type: 'code';
      readonly language: Language;
      readonly source: string;
      readonly args?: readonly string[];
    }
  | { readonly type: 'command'; readonly argv: readonly string[] };

/** Makes a run exact: the same program and input give the same output and use the same fuel. */
export interface Determinism {
  readonly seed: number;
  /** Milliseconds since 1970; the clock stands still at it. */
  readonly timeMs: number;
}

/** What may be reached, only through the host's proxy; without it there is no network at all. */
export interface NetworkPolicy {
  /** Names such as `api.example.com`, `*.example.com`, with `:port` when it is not 443 or 80. */
  readonly allow: readonly string[];
  /** Secrets by name, and the hosts whose requests get them; values never enter the sandbox. */
  readonly secrets?: readonly {
    readonly name: string;
    readonly host: string;
    readonly header: string;
  }[];
}

/** A call of one of the host's tools from within a program: plain JSON in, plain JSON out. */
export type CallTool = (name: string, args: unknown) => Promise<unknown>;

/** One run. Paths in `files` are below the program's working folder. */
export interface SandboxRequest {
  readonly program: Program;
  readonly stdin?: Uint8Array;
  readonly files?: readonly InputFile[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Default `runtime` for code, `kernel` for commands. */
  readonly least?: Strength;
  /** Only this tier, when it is strong enough. */
  readonly tier?: Tier;
  /** Downward or upward of the defaults, within the hard limits. */
  readonly limits?: Partial<Limits>;
  readonly deterministic?: Determinism;
  readonly network?: NetworkPolicy;
  /** What `tools.call` reaches; without it a program has no tools. */
  readonly callTool?: CallTool;
  /**
   * Awaited before the program begins, when it is known what will hold it: so its start can be on
   * stable storage. What it throws is the run's error, and nothing runs.
   */
  readonly beforeStart?: (enclosure: Enclosure, limits: Limits) => Promise<void>;
  readonly signal?: AbortSignal;
}

/** A wall that stands around a run, by name: `no-network`, `seccomp`, `pid-namespace`, `memory-cgroup` ... */
export type Wall = string;

/** What holds a run. */
export interface Enclosure {
  readonly tier: Tier;
  /** `quickjs`, `deno`, `bubblewrap`, `landlock`, `deno in bubblewrap`, `runsc` ... */
  readonly mechanism: string;
  readonly strength: Strength;
  readonly walls: readonly Wall[];
  /** Of what it is made of: `{ deno: '2.9.6', pyodide: '314.0.7' }`. */
  readonly versions: Readonly<Record<string, string>>;
}

/** A request through the proxy, as it is told and recorded: never a header, a body or a query. */
export interface NetworkAccess {
  readonly method: string;
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly address: string | null;
  readonly verdict: 'allowed' | 'refused' | 'failed';
  readonly reason?: string;
  readonly status?: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** Which limit a run met. */
export type LimitName = keyof Limits;

/** What happens while it runs, in order. `stdout` and `stderr` are bytes as they came. */
export type SandboxEvent =
  | { readonly type: 'started'; readonly enclosure: Enclosure; readonly limits: Limits }
  | { readonly type: 'stdout' | 'stderr'; readonly chunk: Uint8Array }
  | { readonly type: 'limit-hit'; readonly limit: LimitName }
  | { readonly type: 'network'; readonly access: NetworkAccess }
  | { readonly type: 'tool-called'; readonly name: string; readonly failed: boolean };

/** A file that the run left otherwise than it found it. `content` is null for one that is gone. */
export interface ChangedFile {
  readonly path: string;
  readonly change: 'added' | 'changed' | 'deleted';
  readonly before: string | null;
  readonly after: string | null;
  readonly content: Uint8Array | null;
}

/** Something that was left and may not be taken: a link, a device, a path outside, too much of it. */
export interface RefusedFile {
  readonly path: string;
  readonly reason: string;
}

/**
 * How it ended. `ok`: exit code 0. `error`: the program failed by itself. The others name the limit
 * (`timeout` is wall or processor time) or that somebody ended it.
 */
export type RunStatus = 'ok' | 'error' | 'timeout' | 'memory' | 'output' | 'fuel' | 'killed';

/** Output as it is kept: head and tail, when it was more. */
export interface KeptOutput {
  readonly text: string;
  readonly totalBytes: number;
}

/** What a run gave. Times in milliseconds; what could not be measured is null, never zero. */
export interface SandboxResult {
  readonly status: RunStatus;
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** The value of a program's last expression as JSON, when it has one that JSON can say. */
  readonly value: string | null;
  readonly stdout: KeptOutput;
  readonly stderr: KeptOutput;
  readonly durationMs: number;
  readonly cpuMs: number | null;
  readonly peakBytes: number | null;
  readonly fuel: number | null;
  readonly changed: readonly ChangedFile[];
  readonly refused: readonly RefusedFile[];
  readonly enclosure: Enclosure;
  readonly limits: Limits;
}

/** A run on its way. */
export interface SandboxRun {
  /** To be read once; it may be left unread, then nothing is kept for it. */
  readonly events: AsyncIterable<SandboxEvent>;
  /** Rejects only with a SkeinError: refused, or the sandbox itself failed. */
  readonly result: Promise<SandboxResult>;
  /** Kills it, at once and for certain; resolves when it is dead. */
  readonly kill: () => Promise<void>;
}

/** An interpreter that keeps its globals and files between runs, for one owner, for a while. */
export interface SandboxSession {
  readonly run: (
    request: Pick<SandboxRequest, 'program' | 'stdin' | 'files' | 'limits' | 'signal' | 'callTool'>,
  ) => SandboxRun;
  readonly close: () => Promise<void>;
}

/** What the probe of one mechanism found: it tried to get out, here, now. */
export interface ProbeReport {
  readonly enclosure: Enclosure;
  readonly holds: boolean;
  /** Each attempt that was made. */
  readonly attempts: readonly {
    readonly attack: string;
    readonly held: boolean;
    readonly detail?: string;
  }[];
  /** Why it can't be used, and what to do about it; null when it holds. */
  readonly problem: string | null;
  readonly fix: string | null;
}

/** What is going on, for metrics. */
export interface SandboxStats {
  readonly running: number;
  readonly waiting: number;
  readonly pooled: number;
  readonly runs: Readonly<Record<RunStatus, number>>;
  readonly refused: number;
}

/** The sandbox of a node. */
export interface Sandbox {
  readonly run: (request: SandboxRequest) => SandboxRun;
  readonly session: (
    owner: string,
    request: Pick<SandboxRequest, 'least' | 'limits' | 'network'> & { readonly language: Language },
  ) => Promise<SandboxSession>;
  /** What holds here; the answer is kept until something that it depends on changes. */
  readonly probe: (options?: { readonly again?: boolean }) => Promise<readonly ProbeReport[]>;
  readonly stats: () => SandboxStats;
  readonly close: () => Promise<void>;
}
