/** Runtimes of Python that wait for a run, each for one: started ahead, handed out once, never put back. */
import { SkeinError } from '#protocol/errors.ts';
import type { JailBackend } from '#sandbox/jail/jail.ts';
import { CODE_LIMITS } from '#sandbox/limits.ts';
import type { Limits } from '#sandbox/limits.ts';
import type { Language } from '#sandbox/sandbox.ts';
import type { PythonFiles } from '../driver/python.ts';
import type { Counting } from '../run/counting.ts';
import { DenoChild } from './deno-child.ts';
import type { FastStart } from './fast-start.ts';
import type { RuntimeFiles } from './runtime-files.ts';
import { startProcess } from './start-process.ts';

const FILL_DELAY_MS = 500;

/** What a pool needs; `size` 0 for none. */
export interface PoolOptions {
  readonly files: RuntimeFiles;
  readonly fastStart: FastStart;
  readonly jail: JailBackend | undefined;
  readonly size: number;
}

/** Starts runtimes. All it has started and not handed out dies with `close`. */
export class DenoPool {
  readonly #options: PoolOptions;
  readonly #waiting = new Set<DenoChild>();
  readonly #starting = new Set<Promise<unknown>>();
  #isClosed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** How many wait, ready. */
  get pooled(): number {
    return this.#waiting.size;
  }

  /**
   * A runtime that is ready. One of the pool was started with the usual limits and does not count, so it
   * is for such runs only.
   */
  async take(language: Language, limits: Limits, counting: Counting): Promise<DenoChild> {
    if (this.#isClosed) throw new SkeinError('sandbox-unavailable', 'Cannot run: it is closing');
    if (language !== 'python' || counting !== 'none') {
      return this.#start(language, limits, counting);
    }
    const pooled = isUsual(limits) ? this.#takeWaiting() : null;
    const child = pooled ?? (await this.#start(language, limits, 'none'));
    // not at once: the next start would take processor time from this run
    const timer = setTimeout(() => this.fill(), FILL_DELAY_MS).unref();
    void child.ended
      .catch(() => undefined)
      .then(() => {
        clearTimeout(timer);
        this.fill();
      });
    return child;
  }

  /** Starts as many as are missing, in the background. */
  fill(): void {
    const missing = this.#options.size - this.#waiting.size - this.#starting.size;
    for (let index = 0; index < missing && !this.#isClosed; index += 1) {
      const started = this.#start('python', CODE_LIMITS, 'none').then(
        (child) => this.#keep(child),
        () => undefined,
      );
      this.#starting.add(started);
      void started.then(() => this.#starting.delete(started));
    }
  }

  /** When all that are being started are ready. */
  async filled(): Promise<void> {
    await Promise.all(this.#starting);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.filled();
    await Promise.all([...this.#waiting].map((child) => child.kill()));
    this.#waiting.clear();
  }

  #takeWaiting(): DenoChild | null {
    for (const child of this.#waiting) {
      this.#waiting.delete(child);
      if (!child.isDead) return child;
    }
    return null;
  }

  async #keep(child: DenoChild): Promise<void> {
    if (this.#isClosed) return child.kill();
    this.#waiting.add(child);
    const forget = (): void => void this.#waiting.delete(child);
    void child.ended.then(forget, forget);
    return undefined;
  }

  async #start(language: Language, limits: Limits, counting: Counting): Promise<DenoChild> {
    const { files, fastStart, jail } = this.#options;
    const runtime = language === 'python' ? 'python' : 'javascript';
    const { driver, extension, python } = await fastStart.get(runtime, counting);
    const parts = python === null ? [] : [python.pyodide, python.library, python.snapshot];
    const args = python === null ? parts : [...parts, python.counter, counting];
    const launch = {
      script: `${driver}/main.${extension}`,
      runtime: counting === 'none' ? runtime : 'counting-python',
      args: [runtime, ...args],
      read: python === null ? [] : readable(python, files),
      limits,
    } as const;
    const child = new DenoChild(startProcess(files, launch, jail));
    await child.ready;
    return child;
  }
}

// No more than a start reads; given up before a program comes.
function readable({ pyodide, library, snapshot }: PythonFiles, { driver }: RuntimeFiles): string[] {
  const parts = ['pyodide.mjs', 'pyodide.asm.mjs', 'pyodide.asm.wasm', 'pyodide-lock.json'];
  const start = snapshot === '' ? `${driver}/skein_run.py` : snapshot;
  return [...parts.map((name) => `${pyodide}/${name}`), library, start];
}

const isUsual = (limits: Limits): boolean =>
  limits.memoryBytes === CODE_LIMITS.memoryBytes &&
  limits.openFiles === CODE_LIMITS.openFiles &&
  limits.cpuMs <= CODE_LIMITS.cpuMs;
