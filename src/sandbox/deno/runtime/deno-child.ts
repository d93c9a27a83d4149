/** A started runtime and the pipe to it: frames out, and in as long as they are such as may come now. */
import type { JailEnd } from '#sandbox/jail/jail.ts';
import { SkeinError } from '#protocol/errors.ts';
import { FRAME, FrameReader } from '../driver/frames.ts';
import type { Frame } from '../driver/frames.ts';
import { readProc, readUsage } from './process-usage.ts';
import type { Usage } from './process-usage.ts';
import type { DenoProcess } from './start-process.ts';

const READY_LIMIT_MS = 60_000;
const KEPT_WORDS = 16 * 1024;

/** Who listens to a runtime. `broken` is told once, at the first frame that may not come. */
export interface Listener {
  /** How long a frame of this kind may be; below 0 when it may not come. */
  readonly limitOf: (kind: number) => number;
  /** False when the frame makes no sense. */
  readonly take: (frame: Frame) => boolean;
  readonly broken: () => void;
}

/** One runtime. */
export class DenoChild {
  readonly ended: Promise<JailEnd>;
  readonly ready: Promise<void>;
  readonly #process: DenoProcess;
  readonly #reader = new FrameReader((kind) => this.#limitOf(kind));
  #listener: Listener | null = null;
  #isReady = false;
  #isBroken = false;
  #isDead = false;
  #words = Buffer.alloc(0);

  constructor(process: DenoProcess) {
    this.#process = process;
    this.ended = process.ended;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.ready = promise;
    promise.catch(() => undefined);
    const fail = (state: string): void => {
      const message = `Cannot start the runtime of the sandbox: ${state}`;
      const fix = 'See the log for what it said, and try "npm install --include=optional" again.';
      reject(new SkeinError('sandbox-failed', message, { fix, details: { said: this.words } }));
    };
    const timer = setTimeout(() => {
      fail(`it was not ready within ${READY_LIMIT_MS} ms`);
      void this.kill();
    }, READY_LIMIT_MS);
    void promise.then(
      () => clearTimeout(timer),
      () => clearTimeout(timer),
    );
    const died = (): void => {
      this.#isDead = true;
      fail(`it ended at once (${this.words.trim().split('\n')[0] ?? ''})`);
    };
    process.ended.then(died, died);
    this.#listen(resolve);
  }

  /** What the runtime itself said on its standard error: its last words. */
  get words(): string {
    return this.#words.toString('utf8');
  }

  get isDead(): boolean {
    return this.#isDead || this.#isBroken;
  }

  /** From now on frames go there. */
  attach(listener: Listener | null): void {
    this.#listener = listener;
  }

  send(bytes: Uint8Array): void {
    this.#process.stdin?.write(bytes);
  }

  /** What it has used by now; null when that can't be seen. */
  usage(): Promise<Usage | null> {
    const { pid } = this.#process;
    return pid === null ? Promise.resolve(this.usageNow()) : readUsage(pid);
  }

  /** The same at once, where that is possible. */
  usageNow(): Usage | null {
    const { pid, usage } = this.#process;
    return pid === null ? (usage?.() ?? null) : readProc(pid);
  }

  /** Kills it; resolves when it is dead. */
  async kill(): Promise<void> {
    await this.#process.kill();
  }

  #listen(ready: () => void): void {
    const { stdin, stdout, stderr } = this.#process;
    // a runtime that is dead reads nothing: its end says all
    stdin?.on('error', () => undefined);
    stdout?.on('data', (chunk: Uint8Array) => this.#push(chunk, ready));
    stderr?.on('data', (chunk: Buffer) => {
      this.#words = Buffer.concat([this.#words, chunk]).subarray(-KEPT_WORDS);
    });
  }

  #limitOf(kind: number): number {
    if (!this.#isReady) return kind === FRAME.ready ? 0 : -1;
    return this.#listener?.limitOf(kind) ?? -1;
  }

  #push(chunk: Uint8Array, ready: () => void): void {
    if (this.#isBroken) return;
    const frames = this.#reader.push(chunk);
    for (const frame of frames ?? []) {
      if (!this.#isReady) {
        this.#isReady = true;
        ready();
      } else if (this.#listener === null || !this.#listener.take(frame)) {
        this.#break();
        return;
      }
    }
    if (frames === null) this.#break();
  }

  #break(): void {
    this.#isBroken = true;
    this.#listener?.broken();
    void this.kill();
  }
}
