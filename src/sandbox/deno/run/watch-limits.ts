/** Holds a run to its time and memory from outside, and notes how much it had at most. */
import type { LimitName, RunStatus } from '#sandbox/sandbox.ts';
import type { Limits } from '#sandbox/limits.ts';
import type { DenoChild } from '../runtime/deno-child.ts';
import type { Usage } from '../runtime/process-usage.ts';

// A runtime's own memory comes on top of a program's: interpreter, machine code, threads.
const RUNTIME_BYTES = 320 * 1024 * 1024;
const POLL_MS = 50;

/** What was measured; null for what can't be. */
export interface Measured {
  readonly cpuMs: number | null;
  readonly peakBytes: number | null;
}

/** The watch over one run, from when the program is sent until it is stopped. */
export class LimitWatch {
  readonly #child: DenoChild;
  readonly #limits: Limits;
  readonly #over: (limit: LimitName, status: RunStatus) => void;
  readonly #timers: NodeJS.Timeout[];
  #baseline: number | null;
  #isAsking = false;
  #peakBytes: number | null = null;

  constructor(
    child: DenoChild,
    limits: Limits,
    over: (limit: LimitName, status: RunStatus) => void,
  ) {
    this.#child = child;
    this.#limits = limits;
    this.#over = over;
    this.#baseline = child.usageNow()?.cpuMs ?? null;
    this.#timers = [
      setTimeout(() => over('wallMs', 'timeout'), limits.wallMs),
      setInterval(() => void this.#poll(), POLL_MS),
    ];
  }

  /** Ends the watch, and says what the program has used since it began. */
  async stop(): Promise<Measured> {
    for (const timer of this.#timers) clearTimeout(timer);
    const usage = this.#child.usageNow() ?? (await this.#child.usage());
    if (usage === null || this.#baseline === null)
      return { cpuMs: null, peakBytes: this.#peakBytes };
    this.#note(usage);
    return { cpuMs: Math.max(0, usage.cpuMs - this.#baseline), peakBytes: this.#peakBytes };
  }

  async #poll(): Promise<void> {
    // ps may be slower than the polls
    if (this.#isAsking) return;
    this.#isAsking = true;
    const usage = await this.#child.usage();
    this.#isAsking = false;
    if (usage === null) return;
    this.#note(usage);
    this.#baseline ??= usage.cpuMs;
    const { cpuMs, memoryBytes } = this.#limits;
    if (usage.cpuMs - this.#baseline > cpuMs) this.#over('cpuMs', 'timeout');
    if (usage.residentBytes > memoryBytes + RUNTIME_BYTES) this.#over('memoryBytes', 'memory');
  }

  #note({ peakBytes, residentBytes }: Usage): void {
    this.#peakBytes = Math.max(peakBytes ?? residentBytes, this.#peakBytes ?? 0);
  }
}
