/** One run: an order in a process of its own, its output and limits watched, and its result. */
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import { OUTPUT_KILL_FACTOR } from '#sandbox/limits.ts';
import type { Limits } from '#sandbox/limits.ts';
import { EventStream } from '#sandbox/run/event-stream.ts';
import { OutputKeeper } from '#sandbox/run/kept-output.ts';
import type {
  Enclosure,
  LimitName,
  RunStatus,
  SandboxRequest,
  SandboxResult,
  SandboxRun,
} from '#sandbox/sandbox.ts';
import { FRAME } from './frames.ts';
import type { End, Frame, Order } from './frames.ts';
import type { MachineProcess } from './start-machine.ts';

/** The process stops a program by itself at its time; this much later it is killed. */
const GRACE_MS = 250;

/** What a run needs. */
export interface RunOptions {
  readonly order: Order;
  readonly limits: Limits;
  readonly enclosure: Enclosure;
  readonly signal: AbortSignal | undefined;
  readonly beforeStart: SandboxRequest['beforeStart'];
  readonly take: () => Promise<MachineProcess>;
}

/** A run that was refused before it began. */
export function refusedRun(error: SkeinError): SandboxRun {
  const events = new EventStream();
  events.close();
  const result = Promise.reject<SandboxResult>(error);
  // A caller may only read the events.
  result.catch(() => undefined);
  return { events, result, kill: async () => undefined };
}

/** Begins a run; its process is taken from the pool in the next turn. */
export function runOrder(options: RunOptions): SandboxRun {
  const run = new OrderRun(options);
  return { events: run.events, result: run.result, kill: () => run.kill() };
}

class OrderRun {
  readonly events = new EventStream();
  readonly result: Promise<SandboxResult>;
  readonly #options: RunOptions;
  readonly #stdout: OutputKeeper;
  readonly #stderr: OutputKeeper;
  readonly #over = Promise.withResolvers<void>();
  #process: MachineProcess | undefined;
  #isKilled = false;
  #limit: LimitName | null = null;
  #end: End | undefined;
  #outputBytes = 0;

  constructor(options: RunOptions) {
    this.#options = options;
    this.#stdout = new OutputKeeper(options.limits.outputBytes);
    this.#stderr = new OutputKeeper(options.limits.outputBytes);
    this.result = this.#run().finally(() => this.events.close());
    // A caller may only read the events.
    this.result.catch(() => undefined);
  }

  async kill(): Promise<void> {
    this.#isKilled = true;
    this.#over.resolve();
    await this.#process?.kill();
    await this.result.catch(() => undefined);
  }

  async #run(): Promise<SandboxResult> {
    const { signal } = this.#options;
    const abort = (): void => void this.kill();
    // Not in the caller's turn: so it can begin to read the events before the first is told.
    await Promise.resolve();
    if (signal?.aborted === true) this.#isKilled = true;
    signal?.addEventListener('abort', abort, { once: true });
    try {
      const process = await this.#options.take();
      this.#process = process;
      await this.#begin(process);
      const startedMs = performance.now();
      if (!this.#isKilled) await this.#watch(process);
      const durationMs = Math.round(performance.now() - startedMs);
      await process.kill();
      return this.#resultOf(durationMs, await process.ended);
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  async #begin(process: MachineProcess): Promise<void> {
    const { beforeStart, enclosure, limits } = this.#options;
    try {
      if (!this.#isKilled) await beforeStart?.(enclosure, limits);
    } catch (error) {
      await process.kill();
      throw toSkeinError(error);
    }
    if (!this.#isKilled) this.events.emit({ type: 'started', enclosure, limits });
  }

  async #watch(process: MachineProcess): Promise<void> {
    const { order } = this.#options;
    const late = setTimeout(() => this.#hit('wallMs'), order.wallMs + GRACE_MS);
    void process.ended.then(() => this.#over.resolve());
    process.give(order, (frame) => this.#take(frame));
    await this.#over.promise;
    clearTimeout(late);
  }

  #hit(limit: LimitName): void {
    this.#limit ??= limit;
    this.#over.resolve();
  }

  /** The first end counts, and nothing after it or after a limit. */
  #take({ kind, payload }: Frame): void {
    if (this.#end !== undefined || this.#limit !== null || this.#isKilled) return;
    if (kind === FRAME.end) {
      this.#end = JSON.parse(payload.toString()) as End;
      this.#over.resolve();
    } else if (kind === FRAME.stdout || kind === FRAME.stderr) this.#print(kind, payload);
  }

  #print(kind: number, chunk: Uint8Array): void {
    const isOut = kind === FRAME.stdout;
    (isOut ? this.#stdout : this.#stderr).add(chunk);
    this.events.emit({ type: isOut ? 'stdout' : 'stderr', chunk: Uint8Array.from(chunk) });
    this.#outputBytes += chunk.length;
    if (this.#outputBytes > this.#options.limits.outputBytes * OUTPUT_KILL_FACTOR) {
      this.#hit('outputBytes');
    }
  }

  #resultOf(durationMs: number, said: string): SandboxResult {
    const end = this.#end;
    const limit = this.#limit ?? end?.limit ?? null;
    if (limit !== null && !this.#isKilled) this.events.emit({ type: 'limit-hit', limit });
    const status = this.#status();
    if (status === null) throw broken(said);
    const hasEnded = status === 'ok' || status === 'error';
    return {
      status,
      exitCode: hasEnded ? (status === 'ok' ? 0 : 1) : null,
      signal: hasEnded ? null : 'SIGKILL',
      value: end?.value ?? null,
      stdout: this.#stdout.keep(),
      stderr: this.#stderr.keep(),
      durationMs,
      cpuMs: end?.cpuMs ?? null,
      peakBytes: end?.peakBytes ?? null,
      fuel: end?.fuel ?? null,
      changed: [],
      refused: [],
      enclosure: this.#options.enclosure,
      limits: this.#options.limits,
    };
  }

  /** Null when the process died by itself, which no program is able to bring about as far as is known. */
  #status(): RunStatus | null {
    if (this.#isKilled && this.#end === undefined) return 'killed';
    if (this.#limit !== null) return this.#limit === 'outputBytes' ? 'output' : 'timeout';
    return this.#end?.status ?? null;
  }
}

const broken = (said: string): SkeinError =>
  new SkeinError(
    'sandbox-failed',
    `Cannot finish the run: QuickJS's process died: ${said.trim()}`,
    {
      fix: 'Run it again; if it happens again, run skein sandbox probe.',
    },
  );
