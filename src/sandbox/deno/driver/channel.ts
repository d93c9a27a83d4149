/**
 * The runtime's end of the pipe. What runs here shares this realm and may forge any frame: the host
 * believes nothing that comes from it.
 */
import { deno, problem } from './deno-global.ts';
import {
  FRAME,
  FrameReader,
  MAX_CHUNK_BYTES,
  MAX_JSON_BYTES,
  decodeFile,
  encodeFile,
  encodeFrame,
  encodeJson,
} from './frames.ts';
import type { End, Frame, Order } from './frames.ts';

/** A run as it came: what to do, with which files and which input. */
export interface Run {
  readonly order: Order;
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly stdin: Uint8Array;
}

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

const write = deno.stdout.writeSync.bind(deno.stdout);
const readSync = deno.stdin.readSync.bind(deno.stdin);
const read = deno.stdin.read.bind(deno.stdin);
const decoder = new TextDecoder();
const reader = new FrameReader(() => Number.MAX_SAFE_INTEGER);
const waiting: Frame[] = [];
const chunk = new Uint8Array(1024 * 1024);
const calls = new Map<number, (answer: Answer) => void>();
let lastCall = 0;
let isReading = false;

/** Sends a frame; waits while the host is slower. */
export function send(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += write(bytes.subarray(at));
}

/** Sends what the program printed. */
export function print(kind: 'stdout' | 'stderr', bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; at += MAX_CHUNK_BYTES) {
    send(encodeFrame(FRAME[kind], bytes.subarray(at, at + MAX_CHUNK_BYTES)));
  }
}

/** Tells the host that a run may come. */
export const sendReady = (): void => send(encodeFrame(FRAME.ready));

/** Sends a file that the program left. */
export const sendFile = (path: string, content: Uint8Array): void =>
  send(encodeFile(FRAME.left, path, content));

/** Tells of a file that is gone. */
export const sendGone = (path: string): void => send(encodeJson(FRAME.gone, path));

/** Tells of something that was left and is not sent. */
export const sendSkipped = (path: string, reason: string): void =>
  send(encodeJson(FRAME.skipped, { path, reason }));

/** The last word of a run. */
export const sendEnd = (end: End): void => send(encodeJson(FRAME.end, end));

function take(count: number | null): void {
  if (count === null) return deno.exit(0);
  waiting.push(...(reader.push(chunk.subarray(0, count)) ?? []));
  return undefined;
}

function nextSync(): Frame {
  while (waiting.length === 0) take(readSync(chunk));
  return waiting.shift() as Frame;
}

async function next(): Promise<Frame> {
  while (waiting.length === 0) take(await read(chunk));
  return waiting.shift() as Frame;
}

const parse = (frame: Frame): unknown => JSON.parse(decoder.decode(frame.payload));

class Gathering {
  order: Order | null = null;
  stdin = new Uint8Array();
  readonly files = new Map<string, Uint8Array>();

  /** The run, when this frame was its last. */
  take(frame: Frame): Run | null {
    if (frame.kind === FRAME.order) this.order = parse(frame) as Order;
    else if (frame.kind === FRAME.stdin) this.stdin = new Uint8Array(frame.payload);
    else if (frame.kind === FRAME.file) {
      const file = decodeFile(frame.payload);
      if (file !== null) this.files.set(file.path, file.content);
    } else if (frame.kind === FRAME.start && this.order !== null) {
      return { order: this.order, files: this.files, stdin: this.stdin };
    }
    return null;
  }
}

/** Waits for a run, and for nothing else. */
export function readRunSync(): Run {
  for (const gathering = new Gathering(); ;) {
    const run = gathering.take(nextSync());
    if (run !== null) return run;
  }
}

/** Waits for a run while timers of an earlier one go on. */
export async function readRun(): Promise<Run> {
  for (const gathering = new Gathering(); ;) {
    const run = gathering.take(await next());
    if (run !== null) return run;
  }
}

function sendCall(name: string, args: unknown): number {
  const id = (lastCall += 1);
  const bytes = encodeJson(FRAME.call, { id, name: String(name), args: args ?? null });
  if (bytes.length > MAX_JSON_BYTES) throw problem(`The arguments of ${name} are too large`);
  send(bytes);
  return id;
}

/** Calls a tool of the host and waits for nothing else; its answer, or its error as an exception. */
export function callSync(name: string, args: unknown): unknown {
  const id = sendCall(name, args);
  for (;;) {
    const frame = nextSync();
    if (frame.kind !== FRAME.answer) continue;
    const answer = parse(frame) as Answer;
    if (answer.id === id) return valueOf(answer);
  }
}

/** Calls a tool of the host. */
export function call(name: string, args: unknown): Promise<unknown> {
  const id = sendCall(name, args);
  const answered = new Promise<Answer>((resolve) => calls.set(id, resolve));
  void readAnswers();
  return answered.then(valueOf);
}

// Only while somebody waits: a read in progress would keep a finished program alive.
async function readAnswers(): Promise<void> {
  if (isReading) return;
  isReading = true;
  while (calls.size > 0) {
    const frame = await next();
    if (frame.kind !== FRAME.answer) continue;
    const answer = parse(frame) as Answer;
    calls.get(answer.id)?.(answer);
    calls.delete(answer.id);
  }
  isReading = false;
}

function valueOf(answer: Answer): unknown {
  if (answer.error !== undefined) throw problem(answer.error);
  return answer.value;
}
