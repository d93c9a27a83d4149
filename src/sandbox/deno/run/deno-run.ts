/**
 * One run: gives a program to a runtime, watches it until it ends or meets a limit, and tells what it
 * left. Nothing of what the runtime says is believed beyond its form.
 */
import { toSkeinError } from '#protocol/errors.ts';
import { stateOf } from '#sandbox/files/folder-state.ts';
import type { FolderState } from '#sandbox/files/folder-state.ts';
import { takeOutput } from '#sandbox/files/take-output.ts';
import type { JailEnd } from '#sandbox/jail/jail.ts';
import type { Limits } from '#sandbox/limits.ts';
import type { Enclosure, SandboxRequest, SandboxResult, SandboxRun } from '#sandbox/sandbox.ts';
import type { DenoChild } from '../runtime/deno-child.ts';
import { FRAME, MAX_CHUNK_BYTES } from '../driver/frames.ts';
import { EventStream } from '#sandbox/run/event-stream.ts';
import { countingOf } from './counting.ts';
import { RunFrames } from './run-frames.ts';
import { checkRequest, sendRun } from './send-run.ts';
import type { CodeRequest } from './send-run.ts';
import { ToolCalls } from './tool-calls.ts';
import { fuelOf, judge, stopOf } from './verdict.ts';
import type { Stop } from './verdict.ts';
import { LimitWatch } from './watch-limits.ts';
import type { Measured } from './watch-limits.ts';

/** How to run. */
export interface RunSetting {
  readonly enclosure: Enclosure;
  readonly limits: () => Limits;
  /** Hands over a runtime that waits for a run, and of which nobody else knows. */
  readonly obtain: (request: CodeRequest, limits: Limits) => Promise<DenoChild>;
  /** What is in the working folder already, of earlier runs of a session; null for a run of its own. */
  readonly session: FolderState | null;
}

/** Runs it. */
export function startRun(request: SandboxRequest, setting: RunSetting): SandboxRun {
  const run = new DenoRun(request, setting);
  const result = run.execute();
  result.catch(() => undefined);
  const kill = async (): Promise<void> => {
    run.stop({ type: 'killed' });
    await result.catch(() => undefined);
  };
  return { events: run.events, result, kill };
}

/** What is there after the runtime stopped. */
interface Ended {
  readonly stop: Stop;
  readonly measured: Measured;
  /** Null for a runtime that lives on. */
  readonly death: JailEnd | null;
  readonly durationMs: number;
}

class DenoRun {
  readonly events = new EventStream();
  readonly #request: SandboxRequest;
  readonly #setting: RunSetting;
  readonly #stopped = Promise.withResolvers<Stop>();
  #isStopped = false;

  constructor(request: SandboxRequest, setting: RunSetting) {
    this.#request = request;
    this.#setting = setting;
  }

  /** Only the first reason counts. */
  stop(reason: Stop): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    if (reason.type === 'limit') this.events.emit({ type: 'limit-hit', limit: reason.limit });
    this.#stopped.resolve(reason);
  }

  async execute(): Promise<SandboxResult> {
    // by then whoever wants the events has the run in hand
    await Promise.resolve();
    const abort = (): void => this.stop({ type: 'killed' });
    const { signal } = this.#request;
    try {
      const limits = this.#setting.limits();
      const request = checkRequest(this.#request, limits);
      if (signal?.aborted === true) abort();
      signal?.addEventListener('abort', abort, { once: true });
      return await this.#run(request, limits);
    } catch (error) {
      throw toSkeinError(error);
    } finally {
      signal?.removeEventListener('abort', abort);
      this.events.close();
    }
  }

  async #run(request: CodeRequest, limits: Limits): Promise<SandboxResult> {
    const { enclosure } = this.#setting;
    const child = await this.#setting.obtain(request, limits);
    try {
      if (!this.#isStopped) await request.beforeStart?.(enclosure, limits);
    } catch (error) {
      await child.kill();
      throw error;
    }
    this.events.emit({ type: 'started', enclosure, limits });
    const frames = this.#framesOf(child, request, limits);
    const ended = await this.#watch(child, request, limits, frames);
    return this.#resultOf(frames, ended, child.words, limits);
  }

  #framesOf(child: DenoChild, request: CodeRequest, limits: Limits): RunFrames {
    const given = stateOf(request.files ?? []).files;
    const before = new Map([...(this.#setting.session?.files ?? []), ...given]);
    const toolCalls = new ToolCalls({
      callTool: request.callTool,
      answer: (frame) => child.send(frame),
      told: (name, failed) => this.events.emit({ type: 'tool-called', name, failed }),
    });
    return new RunFrames({
      limits,
      toolCalls,
      isCounted: this.#isCounted(request, limits),
      before: { files: before, others: new Map() },
      emit: (event) => this.events.emit(event),
      flooded: () => this.stop({ type: 'limit', limit: 'outputBytes', status: 'output' }),
      ended: (end) => this.stop(stopOf(end, limits.fuel)),
    });
  }

  #isCounted({ program, deterministic }: CodeRequest, limits: Limits): boolean {
    if (this.#setting.session !== null) return false;
    return countingOf(program.language, limits, deterministic) !== 'none';
  }

  async #watch(
    child: DenoChild,
    request: CodeRequest,
    limits: Limits,
    frames: RunFrames,
  ): Promise<Ended> {
    const startedAt = performance.now();
    child.attach({
      limitOf: frames.limitOf,
      take: (frame) => frames.take(frame),
      broken: () => this.stop({ type: 'broken' }),
    });
    void child.ended.then(
      (end) => this.stop({ type: 'died', end }),
      () => this.stop({ type: 'broken' }),
    );
    const watch = new LimitWatch(child, limits, (limit, status) =>
      this.stop({ type: 'limit', limit, status }),
    );
    const isSession = this.#setting.session !== null;
    if (!this.#isStopped) sendRun(child, request, limits, isSession);
    const stop = await this.#stopped.promise;
    const measured = await watch.stop();
    frames.close();
    const livesOn = isSession && stop.type === 'end' && !child.isDead;
    if (livesOn) child.attach(IDLE);
    else await child.kill();
    const death = livesOn ? null : await child.ended.catch(() => null);
    return { stop, measured, death, durationMs: Math.round(performance.now() - startedAt) };
  }

  async #resultOf(
    frames: RunFrames,
    { stop, measured, death, durationMs }: Ended,
    words: string,
    limits: Limits,
  ): Promise<SandboxResult> {
    const { note, ...verdict } = judge(stop, words);
    if (note !== '') frames.stderr.add(new TextEncoder().encode(note));
    const { files, deleted, before, skipped } = frames;
    const output = await takeOutput({ before, after: { files, deleted }, limits });
    return {
      ...verdict,
      stdout: frames.stdout.keep(),
      stderr: frames.stderr.keep(),
      durationMs,
      cpuMs: measured.cpuMs ?? death?.cpuMs ?? null,
      peakBytes: measured.peakBytes ?? death?.peakBytes ?? null,
      fuel: fuelOf(stop),
      changed: output.changed,
      refused: [...output.refused, ...skipped],
      enclosure: this.#setting.enclosure,
      limits,
    };
  }
}

// Between the runs of a session its timers may print: nobody hears it.
const IDLE = {
  limitOf: (kind: number): number =>
    kind === FRAME.stdout || kind === FRAME.stderr ? MAX_CHUNK_BYTES : -1,
  take: (): boolean => true,
  broken: (): void => undefined,
};
