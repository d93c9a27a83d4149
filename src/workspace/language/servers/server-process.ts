/**
 * Starts a language server in its own process group and ends the whole group for certain: on
 * dispose, on time-out, on abort, and when this process exits. The server sees PATH, LANG and a
 * temporary HOME, nothing else of the environment.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { SkeinError } from '#protocol/errors.ts';
import { createDecoder, encodeMessage } from './message-framing.ts';

const STDERR_LIMIT = 4_096;
const STOP_WAIT_MS = 2_000;

/** How to start a server. `timeoutMs` bounds its whole life. */
export interface ServerCommand {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Memory the server should stay under, in megabytes. */
  readonly memoryMb: number;
}

/** A started server: messages out, messages in, one way to end. */
export interface ServerProcess {
  readonly pid: number;
  send(message: unknown, framed: boolean): void;
  onMessage(listener: (message: unknown) => void): void;
  onEnd(listener: (error: SkeinError) => void): void;
  dispose(): Promise<void>;
}

/** Starts the command and wires its streams. */
export function startServer(command: ServerCommand): ServerProcess {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'skein-language-'));
  const child = spawn(command.command, [...command.args], {
    cwd: command.cwd,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'] ?? '/usr/bin:/bin',
      LANG: process.env['LANG'] ?? 'C.UTF-8',
      HOME: home,
      TMPDIR: home,
      GOMEMLIMIT: `${command.memoryMb}MiB`,
    },
  });
  return superviseServer(child, command, home);
}

function superviseServer(
  child: ChildProcessWithoutNullStreams,
  command: ServerCommand,
  home: string,
): ServerProcess {
  let failure: SkeinError | undefined;
  let stderr = '';
  const endListeners: ((error: SkeinError) => void)[] = [];
  const messageListeners: ((message: unknown) => void)[] = [];
  const killGroup = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // The group is gone already.
    }
  };
  const fail = (state: string, fix: string): void => {
    if (failure) return;
    failure = new SkeinError('language-server-failed', `Cannot ask ${command.name}: ${state}`, {
      fix,
      ...(stderr === '' ? {} : { details: { stderr } }),
    });
    killGroup();
    for (const listener of endListeners) listener(failure);
  };
  const onAbort = (): void => fail('it was cancelled', 'Run it again');
  const timer = setTimeout(
    () => fail(`no answer within ${command.timeoutMs} ms`, 'Allow more time, or rename less'),
    command.timeoutMs,
  );
  timer.unref();
  process.once('exit', killGroup);
  command.signal?.addEventListener('abort', onAbort, { once: true });
  if (command.signal?.aborted) onAbort();
  readMessages(child, messageListeners, fail);
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString('utf8')).slice(-STDERR_LIMIT);
  });
  child.stdin.on('error', () => undefined);
  child.on('error', (error) => fail(error.message, 'Reinstall Skein with `npm ci`'));
  const closed = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', () => resolve());
  });
  child.once('exit', (code, signal) =>
    fail(`it ended (${signal ?? `exit ${code}`})`, 'Run it again; see the details for its output'),
  );
  return {
    pid: child.pid ?? -1,
    send: (message, framed) => {
      if (failure) return;
      child.stdin.write(framed ? encodeMessage(message) : `${JSON.stringify(message)}\n`);
    },
    onMessage: (listener) => messageListeners.push(listener),
    onEnd: (listener) => (failure ? listener(failure) : endListeners.push(listener)),
    dispose: async () => {
      clearTimeout(timer);
      process.removeListener('exit', killGroup);
      command.signal?.removeEventListener('abort', onAbort);
      fail('it was closed', 'Start it again');
      const late = new Promise<void>((resolve) => setTimeout(resolve, STOP_WAIT_MS).unref());
      await Promise.race([closed, late]);
      fs.rmSync(home, { recursive: true, force: true });
    },
  };
}

type Fail = (state: string, fix: string) => void;

function readMessages(
  child: ChildProcessWithoutNullStreams,
  listeners: readonly ((message: unknown) => void)[],
  fail: Fail,
): void {
  const decode = createDecoder();
  child.stdout.on('data', (chunk: Buffer) => {
    try {
      for (const message of decode(chunk)) for (const tell of listeners) tell(message);
    } catch (error) {
      fail(error instanceof Error ? error.message : 'it sent nonsense', 'Run it again');
    }
  });
}
