/** What a runtime may say during a run: each frame is checked here, and what it brings is kept. */
import type { Limits } from '#sandbox/limits.ts';
import { OUTPUT_KILL_FACTOR } from '#sandbox/limits.ts';
import { MAX_PATH_BYTES } from '#sandbox/files/file-path.ts';
import type { FolderState } from '#sandbox/files/folder-state.ts';
import type { InputFile, RefusedFile, SandboxEvent } from '#sandbox/sandbox.ts';
import {
  FRAME,
  MAX_CHUNK_BYTES,
  MAX_JSON_BYTES,
  MAX_SKIPPED,
  decodeFile,
} from '../driver/frames.ts';
import type { End, Frame } from '../driver/frames.ts';
import { OutputKeeper } from '#sandbox/run/kept-output.ts';
import type { ToolCalls } from './tool-calls.ts';

// JSON writes a control character in six bytes
const MAX_PATH_JSON = 6 * MAX_PATH_BYTES + 2;
const MAX_REASON = 300;

/** What the frames of a run go to. */
export interface Sinks {
  readonly limits: Limits;
  readonly toolCalls: ToolCalls;
  /** Whether its end has to tell its fuel. */
  readonly isCounted: boolean;
  /** What was in the working folder before. */
  readonly before: FolderState;
  readonly emit: (event: SandboxEvent) => void;
  /** More was printed than anybody may. */
  readonly flooded: () => void;
  /** The first end; nothing is taken after it. */
  readonly ended: (end: End) => void;
}

/** Takes the frames of one run, until its end. */
export class RunFrames {
  readonly stdout: OutputKeeper;
  readonly stderr: OutputKeeper;
  readonly before: FolderState;
  readonly files: InputFile[] = [];
  readonly deleted: string[] = [];
  readonly skipped: RefusedFile[] = [];
  readonly #sinks: Sinks;
  #fileBytes = 0;
  #isOver = false;

  constructor(sinks: Sinks) {
    this.#sinks = sinks;
    this.before = sinks.before;
    this.stdout = new OutputKeeper(sinks.limits.outputBytes);
    this.stderr = new OutputKeeper(sinks.limits.outputBytes);
  }

  /** How long a frame may be by now; below 0 for one that may not come. */
  readonly limitOf = (kind: number): number => {
    const { fileBytes, outBytes } = this.#sinks.limits;
    if (kind === FRAME.stdout || kind === FRAME.stderr) return MAX_CHUNK_BYTES;
    if (kind === FRAME.call) return MAX_JSON_BYTES;
    if (kind === FRAME.gone) return MAX_PATH_JSON;
    if (kind === FRAME.skipped) return MAX_PATH_JSON + MAX_REASON;
    // the value is JSON, written as a string of JSON
    if (kind === FRAME.end) return 2 * MAX_JSON_BYTES + 100;
    if (kind !== FRAME.left) return -1;
    return Math.min(fileBytes, outBytes - this.#fileBytes) + MAX_PATH_BYTES + 2;
  };

  /** False for a frame that makes no sense; what comes after the end is not looked at. */
  take({ kind, payload }: Frame): boolean {
    if (this.#isOver) return true;
    if (kind === FRAME.stdout) return this.#print('stdout', payload);
    if (kind === FRAME.stderr) return this.#print('stderr', payload);
    if (kind === FRAME.call) return this.#sinks.toolCalls.take(payload);
    if (kind === FRAME.left) return this.#takeFile(payload);
    if (kind === FRAME.end) return this.#takeEnd(payload);
    return kind === FRAME.gone ? this.#takeGone(payload) : this.#takeSkipped(payload);
  }

  /** Takes nothing any more. */
  close(): void {
    this.#isOver = true;
    this.#sinks.toolCalls.close();
  }

  #print(stream: 'stdout' | 'stderr', chunk: Uint8Array): boolean {
    this[stream].add(chunk);
    this.#sinks.emit({ type: stream, chunk });
    const total = this.stdout.totalBytes + this.stderr.totalBytes;
    if (total > OUTPUT_KILL_FACTOR * this.#sinks.limits.outputBytes) {
      this.#isOver = true;
      this.#sinks.flooded();
    }
    return true;
  }

  #takeFile(payload: Uint8Array): boolean {
    const file = decodeFile(payload);
    if (file === null || this.files.length >= this.#sinks.limits.outFiles) return false;
    this.#fileBytes += file.content.length;
    this.files.push(file);
    return true;
  }

  #takeGone(payload: Uint8Array): boolean {
    const path = parseJson(payload);
    if (typeof path !== 'string' || this.deleted.length >= this.before.files.size) return false;
    this.deleted.push(path);
    return true;
  }

  #takeSkipped(payload: Uint8Array): boolean {
    const { path, reason } = recordOf(parseJson(payload));
    const isFull = this.skipped.length > MAX_SKIPPED;
    if (isFull || typeof path !== 'string' || typeof reason !== 'string') return false;
    this.skipped.push({ path, reason: reason.slice(0, MAX_REASON) });
    return true;
  }

  #takeEnd(payload: Uint8Array): boolean {
    const { exitCode, value, isMemory, fuel } = recordOf(parseJson(payload));
    const isCode = Number.isInteger(exitCode) && Number(exitCode) >= 0 && Number(exitCode) <= 255;
    const isValue = value === null || (typeof value === 'string' && isJson(value));
    const isFuel = this.#sinks.isCounted ? Number.isSafeInteger(fuel) && Number(fuel) >= 0 : true;
    if (!isCode || !isValue || !isFuel || typeof isMemory !== 'boolean') return false;
    this.#isOver = true;
    this.#sinks.ended({
      exitCode: Number(exitCode),
      value: value as string | null,
      isMemory,
      fuel: this.#sinks.isCounted ? Number(fuel) : null,
    });
    return true;
  }
}

function parseJson(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload)) as unknown;
  } catch {
    return undefined;
  }
}

const isJson = (text: string): boolean => parseJson(new TextEncoder().encode(text)) !== undefined;

const recordOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
