/** What the API and the command line say of programs that run in the sandbox. */
import type { ErrorBody } from '#protocol/errors.ts';
import type { Speaker } from '#protocol/command.ts';
import type { Limits } from '#sandbox/limits.ts';
import type {
  ChangedFile,
  Enclosure,
  KeptOutput,
  NetworkAccess,
  ProbeReport,
  SandboxEvent,
  SandboxRequest,
  SandboxResult,
} from '#sandbox/sandbox.ts';

/** A run as it is asked for. With `tools` the program may call Skein's tools, in this repository. */
export interface AskedRun {
  readonly request: Omit<SandboxRequest, 'signal' | 'beforeStart' | 'callTool'>;
  readonly space?: string | undefined;
  readonly tools?: { readonly repository?: string | undefined } | undefined;
}

/** What a run gave; the contents of its files are blobs of the space, by `after`. */
export type ToldResult = Omit<SandboxResult, 'changed'> & {
  readonly changed: readonly Omit<ChangedFile, 'content'>[];
};

/** A line of the answer. `chunk` is base64; `finished` or `failed` is the last one. */
export type RunLine =
  | {
      readonly type: 'started';
      readonly run: string;
      readonly space: string;
      readonly enclosure: Enclosure;
      readonly limits: Limits;
    }
  | { readonly type: 'stdout' | 'stderr'; readonly chunk: string }
  | Extract<SandboxEvent, { readonly type: 'limit-hit' | 'network' | 'tool-called' }>
  | {
      readonly type: 'finished';
      readonly run: string;
      readonly space: string;
      readonly result: ToldResult;
      /** The unified diff of what it changed. */
      readonly diff: string;
    }
  | { readonly type: 'failed'; readonly error: ErrorBody };

/** How a run ended, as its record has it: outputs as far as they were kept. */
export interface RecordedEnd {
  readonly status: SandboxResult['status'] | 'failed';
  readonly exitCode: number | null;
  readonly durationMs: number;
  readonly cpuMs: number | null;
  readonly peakBytes: number | null;
  readonly fuel: number | null;
  readonly stdout: KeptOutput;
  readonly stderr: KeptOutput;
  readonly changed: readonly Omit<ChangedFile, 'content'>[];
  readonly refused: SandboxResult['refused'];
  readonly diff: string;
  readonly error: string | null;
  readonly at: string;
}

/** A run by its record. `end` is null while it runs. */
export interface RunReport {
  readonly run: string;
  readonly space: string;
  readonly by: string;
  readonly at: string;
  readonly kind: string;
  /** The program, and the SHA-256 it is known by. */
  readonly source: string | null;
  readonly sourceHash: string;
  readonly files: number;
  readonly enclosure: Omit<Enclosure, 'versions'> & { readonly versions: readonly string[] };
  readonly limits: Readonly<Record<string, number>>;
  readonly network: readonly string[];
  readonly deterministic: boolean;
  readonly asked: readonly NetworkAccess[];
  readonly tools: readonly {
    readonly tool: string;
    readonly failed: boolean;
    readonly error?: string;
  }[];
  readonly end: RecordedEnd | null;
}

/** Which run; without `space` that of the home is meant. */
export interface RunQuery {
  readonly run: string;
  readonly space?: string | undefined;
}

/** The sandbox, seen from the API. */
export interface SandboxDoor {
  /** Resolves when it has begun, throws when it never does; the lines end with what came of it. */
  readonly run: (
    asked: AskedRun,
    speaker: Speaker,
    signal: AbortSignal,
  ) => Promise<AsyncIterable<RunLine>>;
  readonly report: (query: RunQuery, speaker: Speaker) => Promise<RunReport>;
  readonly probe: (again: boolean) => Promise<readonly ProbeReport[]>;
}
