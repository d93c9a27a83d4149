/** Starts the process that runs QuickJS, and speaks with it: an order in, frames out, dead on demand. */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serialize } from 'node:v8';
import { SkeinError } from '#protocol/errors.ts';
import { encodeFrame, FRAME, frameReader } from './frames.ts';
import type { Frame, Order } from './frames.ts';
import { STACK_KILOBYTES } from './virtual-machine-limits.ts';

const PROJECT = fileURLToPath(new URL('../../..', import.meta.url));
const PROGRAM = fileURLToPath(new URL('machine-process.ts', import.meta.url));
const QUICKJS = dirname(createRequire(import.meta.url).resolve('quickjs-wasi/package.json'));
const PAGE_BYTES = 65_536;
/** The binary's own stack and data need this many; the program's memory comes after them. */
const BASE_PAGES = 32;
/** A 32 bit memory has no more. */
const MOST_PAGES = 65_536;
/** An end holds a value of the most output bytes that anybody gets, each up to six as JSON. */
const MOST_FRAME_BYTES = 128 * 1024 * 1024;
const READY_MS = 60_000;
const ERROR_TEXT = 4_096;

/** A process with a machine. */
export interface MachineProcess {
  readonly maxMemoryPages: number;
  /** When it can take an order at once; rejects with `sandbox-failed` when it never will. */
  readonly ready: Promise<void>;
  /** One order at a time; `onFrame` hears all that comes until the next. */
  readonly give: (order: Order, onFrame: (frame: Frame) => void) => void;
  /** SIGKILL; resolves when it is dead. */
  readonly kill: () => Promise<void>;
  /** When it is dead; answers what it said on stderr, which is of Node and never of a program. */
  readonly ended: Promise<string>;
}

/** The memory that a limit of so many bytes may use, in pages of 64 KiB. */
export const pagesFor = (memoryBytes: number): number =>
  Math.min(MOST_PAGES, BASE_PAGES + Math.ceil(memoryBytes / PAGE_BYTES));

/**
 * Starts a process: an empty environment, `/` as its folder, and of Node's own permissions only to read
 * the files it is made of. `binary` is QuickJS with fuel.
 */
export function startMachine(binary: string, maxMemoryPages: number): MachineProcess {
  const readable = [join(PROJECT, 'src'), join(PROJECT, 'package.json'), QUICKJS, binary];
  const flags = [
    '--permission',
    ...readable.map((path) => `--allow-fs-read=${path}`),
    '--no-warnings',
    '--disallow-code-generation-from-strings',
    `--stack-size=${STACK_KILOBYTES}`,
  ];
  const child = spawn(process.execPath, [...flags, PROGRAM, binary, String(maxMemoryPages)], {
    cwd: '/',
    env: {},
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const ready = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<string>();
  const read = frameReader(MOST_FRAME_BYTES);
  let said = '';
  let listener: (frame: Frame) => void = () => undefined;
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended.promise;
  };
  const late = setTimeout(() => void kill(), READY_MS);
  late.unref();
  child.stderr.on('data', (chunk: Buffer) => {
    said = `${said}${chunk.toString()}`.slice(-ERROR_TEXT);
  });
  child.stdout.on('data', (chunk: Buffer) => {
    const frames = read(chunk);
    if (frames === null) void kill();
    for (const frame of frames ?? []) {
      if (frame.kind !== FRAME.ready) listener(frame);
      else {
        clearTimeout(late);
        ready.resolve();
      }
    }
  });
  // It may be dead while an order is on its way; `ended` says so.
  child.stdin.on('error', () => undefined);
  child.on('error', (error) => ended.resolve(error.message));
  child.on('close', () => ended.resolve(said));
  void ended.promise.then((text) => ready.reject(neverBegan(text)));
  ready.promise.catch(() => undefined);
  return {
    maxMemoryPages,
    ready: ready.promise,
    give: (order, onFrame) => {
      listener = onFrame;
      child.stdin.write(encodeFrame(FRAME.order, serialize(order)));
    },
    kill,
    ended: ended.promise,
  };
}

const neverBegan = (text: string): SkeinError =>
  new SkeinError('sandbox-failed', `Cannot start QuickJS: its process ended: ${text.trim()}`, {
    fix: 'Run npm ci, then skein sandbox probe.',
  });
