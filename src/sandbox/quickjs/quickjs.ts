/**
 * T0: JavaScript and TypeScript in QuickJS, a small machine in WebAssembly with no host API at all, its
 * instructions counted. Each run has a process of its own, taken from a few that wait warm, and dead
 * before its result is answered; evaluations share a process, each in a machine of its own.
 *
 * A program is a script with `await`: its value is that of its last expression. It finds the language
 * (ES2023, no `import`), `console`, `print`, `input` (stdin, which has to be JSON), `args` (strings) and
 * `files` (path to text, or to bytes where it is no UTF-8; to be read only). It leaves no files.
 */
import type { ProbeReport, SandboxRequest, SandboxRun } from '#sandbox/sandbox.ts';

/** The tier. */
export interface QuickjsTier {
  /** Languages `javascript` and `typescript`. Throws nothing: what is refused rejects the result. */
  readonly run: (request: SandboxRequest) => SandboxRun;
  readonly evaluate: Evaluate;
  /** Tries to get out; never throws. */
  readonly probe: () => Promise<ProbeReport>;
  /** Kills all its processes, with what runs in them; runs under way end as `killed`. */
  readonly close: () => Promise<void>;
}

/** What makes an evaluation exact. */
export interface EvaluationOptions {
  readonly seed: number;
  /** Milliseconds since 1970; the clock stands still at it. */
  readonly timeMs: number;
  /** Instructions, at least 1: an evaluation has no other limit of time. */
  readonly fuel: number;
  readonly memoryBytes?: number;
}

/** How an evaluation ended: the same for the same arguments, on every machine. */
export interface Evaluation {
  readonly status: 'ok' | 'error' | 'memory' | 'output' | 'fuel';
  /** JSON, or null when the value is none. */
  readonly value: string | null;
  /** What it printed on stderr, its own failure last. */
  readonly error: string;
  readonly fuel: number;
}

/**
 * The value of a script of JavaScript, with `input` as its global of this name. For rules and replay:
 * pure in its arguments. Rejects with `usage` for arguments it can't take, with `sandbox-failed` when
 * the process broke or the machine is far too slow for the fuel.
 */
export type Evaluate = (
  source: string,
  input: unknown,
  options: EvaluationOptions,
) => Promise<Evaluation>;
